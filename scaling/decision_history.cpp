#include "scaling/decision_history.hpp"

#include <algorithm>
#include <cassert>

namespace braid {

decision_history::decision_history(std::size_t most) : most_(most) {
  assert(most > 0);
}

void decision_history::restore(const std::vector<scaling_decision>& decisions,
                               const std::string& problem) {
  for (auto decision : decisions) {
    if (decision.state == decision_state::under_way) {
      decision.state = decision_state::failed;
      decision.problem = problem;
    }
    last_number_ = std::max(last_number_, decision.number);
    decisions_.push_back(std::move(decision));
  }
}

const scaling_decision& decision_history::add(scaling_decision decision) {
  decision.number = ++last_number_;
  if (decisions_.size() == most_)
    decisions_.pop_front();
  return decisions_.emplace_back(std::move(decision));
}

void decision_history::on_carried_out(std::uint64_t number,
                                      std::chrono::microseconds pause) {
  if (auto* found = find(number)) {
    found->state = decision_state::carried_out;
    found->pause = pause;
  }
}

void decision_history::on_failure(std::uint64_t number, std::string problem) {
  if (auto* found = find(number)) {
    found->state = decision_state::failed;
    found->problem = std::move(problem);
  }
}

void decision_history::on_measured(std::uint64_t number,
                                   const load_report& report) {
  auto* found = find(number);
  if (found == nullptr)
    return;
  for (auto& change : found->changes)
    if (change.id < report.operators.size())
      change.after = summary_of(report.operators[change.id], report.seconds());
}

scaling_decision* decision_history::find(std::uint64_t number) {
  auto found =
    std::find_if(decisions_.begin(), decisions_.end(),
                 [=](const auto& one) { return one.number == number; });
  return found == decisions_.end() ? nullptr : &*found;
}

} // namespace braid
