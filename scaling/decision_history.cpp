#include "scaling/decision_history.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace braid {

namespace {

std::uint64_t rounded(double x) {
  return static_cast<std::uint64_t>(std::llround(x));
}

} // namespace

std::string to_string(decision_state x) {
  switch (x) {
    case decision_state::under_way:
      return "under way";
    case decision_state::carried_out:
      return "carried out";
    case decision_state::failed:
      return "failed";
    case decision_state::dry_run:
      return "dry run";
  }
  return "unknown";
}

operator_summary summary_of(const operator_figures& figures, double seconds) {
  operator_summary result;
  result.parallelism = figures.parallelism();
  result.busy_permille = rounded(figures.most_busy() * 1000);
  if (seconds > 0)
    result.tuples_in_per_second =
      rounded(static_cast<double>(figures.tuples_in()) / seconds);
  result.backlog = figures.backlog();
  return result;
}

decision_history::decision_history(std::size_t most) : most_(most) {
  assert(most > 0);
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
