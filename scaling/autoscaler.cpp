#include "scaling/autoscaler.hpp"

#include "scaling/figures_in_words.hpp"

#include <algorithm>
#include <cassert>

namespace braid {

namespace {

/// Of the cool-down, by failures in a row: from seconds to some minutes.
constexpr std::uint32_t most_doublings = 6;

operator_change change_of(const load_report& report, operator_id id,
                          std::uint32_t to, std::string reason) {
  const auto& figures = report.operators[id];
  operator_change result;
  result.id = id;
  result.name = figures.name;
  result.from = figures.parallelism();
  result.to = to;
  result.reason = std::move(reason);
  result.before = summary_of(figures, report.seconds());
  return result;
}

double heaviest_slice(const operator_figures& figures) {
  double result = 0;
  for (auto busy : figures.slice_busy)
    result = std::max(result, busy);
  return result;
}

/// With more partitions, the one with the heaviest slice is as busy as before.
std::uint32_t most_useful(const operator_figures& figures) {
  auto heaviest = heaviest_slice(figures);
  if (heaviest <= 0)
    return max_slices;
  double all = 0;
  for (auto busy : figures.slice_busy)
    all += busy;
  return at_least(all / heaviest);
}

std::string in_words_of(std::uint64_t under_way) {
  return "decision " + std::to_string(under_way)
         + " is under way; ask again when it is over";
}

[[noreturn]] void refuse_for(const std::string& operator_name,
                             const std::string& problem) {
  throw scaling_error{"operator '" + operator_name + "': " + problem};
}

} // namespace

autoscaler::autoscaler(const scaling_settings& settings)
  : settings_(settings), policy_(make_policy(settings)) {
  // nop
}

std::optional<scaling_decision>
autoscaler::on_report(const load_report& report) {
  if (!is_usable(report))
    return std::nullopt;
  if (unmeasured_) {
    history_.on_measured(*unmeasured_, report);
    unmeasured_.reset();
  }
  if (settings_.policy == policy_kind::manual)
    return std::nullopt;
  auto proposals = policy_->judge(report);
  assert(proposals.size() == report.operators.size());
  remember(report, proposals);
  if (changed_at_ && report.until - *changed_at_ < cool_down())
    return std::nullopt;
  auto changes = scale_out(report, proposals);
  if (changes.empty() && !has_backlog(report))
    changes = scale_in(report, proposals);
  if (changes.empty())
    return std::nullopt;
  return decide(settings_.policy, report, std::move(changes));
}

std::optional<scaling_decision>
autoscaler::on_request(const std::string& operator_name,
                       std::uint64_t parallelism, const load_report& newest) {
  auto found =
    std::find_if(newest.operators.begin(), newest.operators.end(),
                 [&](const auto& one) { return one.name == operator_name; });
  if (found == newest.operators.end())
    refuse_for(operator_name,
               "there is none of this name; braidctl status lists "
               "the operators of a topology");
  if (found->fixed)
    refuse_for(operator_name,
               "cannot be scaled while it runs; start the topology "
               "from a savepoint with another parallelism");
  if (parallelism == 0 || parallelism > found->slices)
    refuse_for(operator_name, std::to_string(parallelism)
                                + " partitions are impossible; ask for 1 to "
                                + std::to_string(found->slices)
                                + ", its number of slices");
  if (under_way_)
    refuse_for(operator_name, in_words_of(*under_way_));
  if (parallelism == found->parallelism())
    return std::nullopt;
  auto id = static_cast<operator_id>(found - newest.operators.begin());
  auto change =
    change_of(newest, id, static_cast<std::uint32_t>(parallelism), "asked for");
  return decide(policy_kind::manual, newest, {std::move(change)});
}

scaling_decision
autoscaler::on_request_to_move(const std::vector<operator_id>& operators,
                               const std::string& reason,
                               const load_report& newest) {
  std::vector<operator_change> changes;
  changes.reserve(operators.size());
  for (auto id : operators)
    changes.push_back(
      change_of(newest, id, newest.operators.at(id).parallelism(), reason));
  if (under_way_)
    refuse_for(changes.front().name, in_words_of(*under_way_));
  return *decide(policy_kind::manual, newest, std::move(changes));
}

void autoscaler::on_carried_out(std::uint64_t number,
                                std::chrono::microseconds at,
                                std::chrono::microseconds pause) {
  if (under_way_ != number)
    return;
  history_.on_carried_out(number, pause);
  unmeasured_ = number;
  failures_ = 0;
  end_of_change(at);
}

void autoscaler::on_failure(std::uint64_t number, std::chrono::microseconds at,
                            std::string problem) {
  if (under_way_ != number)
    return;
  history_.on_failure(number, std::move(problem));
  failures_ = std::min(failures_ + 1, most_doublings);
  end_of_change(at);
}

void autoscaler::end_of_change(std::chrono::microseconds at) {
  under_way_.reset();
  changed_at_ = at;
  window_.clear();
  policy_->on_change();
}

std::chrono::microseconds autoscaler::cool_down() const {
  auto each = std::max(settings_.cool_down, settings_.interval);
  return failures_ == 0 ? settings_.cool_down : each * (1u << failures_);
}

bool autoscaler::is_usable(const load_report& report) const {
  return !under_way_ && report.until > report.from
         && (!changed_at_ || report.from >= *changed_at_);
}

void autoscaler::remember(const load_report& report,
                          const std::vector<proposal>& proposals) {
  sufficient newest;
  newest.from = report.from;
  for (const auto& one : proposals)
    newest.partitions.push_back(one.enough);
  window_.push_back(std::move(newest));
  // The oldest one that is kept covers the beginning of the window.
  while (window_.size() > 1
         && window_[1].from <= report.until - settings_.scale_in_after)
    window_.pop_front();
}

std::vector<operator_change>
autoscaler::scale_out(const load_report& report,
                      const std::vector<proposal>& proposals) const {
  std::vector<operator_change> result;
  for (operator_id id = 0; id < proposals.size(); ++id)
    if (auto change = scale_out(report, id, proposals[id]))
      result.push_back(std::move(*change));
  return result;
}

std::optional<operator_change>
autoscaler::scale_out(const load_report& report, operator_id id,
                      const proposal& proposed) const {
  const auto& figures = report.operators[id];
  auto wanted = std::max(proposed.wanted, limited(figures, 1));
  if (figures.fixed || wanted <= figures.parallelism())
    return std::nullopt;
  auto to = limited(figures, wanted);
  auto reason = proposed.reason;
  if (to < wanted)
    reason += "; limited to " + std::to_string(to) + ", "
              + std::to_string(wanted) + " would be right";
  if (auto most = most_useful(figures); most < to) {
    to = std::max(most, limited(figures, 1));
    reason += "; more than " + std::to_string(to)
              + " do not help, since one slice keeps a partition busy for "
              + per_cent(heaviest_slice(figures));
  }
  if (to <= figures.parallelism())
    return std::nullopt;
  return change_of(report, id, to, std::move(reason));
}

std::vector<operator_change>
autoscaler::scale_in(const load_report& report,
                     const std::vector<proposal>& proposals) const {
  std::vector<operator_change> result;
  if (report.until - window_.front().from < settings_.scale_in_after)
    return result;
  for (operator_id id = 0; id < proposals.size(); ++id) {
    const auto& figures = report.operators[id];
    std::uint32_t most = 0;
    for (const auto& one : window_)
      most = std::max(most, one.partitions[id]);
    auto to = limited(figures, most);
    if (figures.fixed || to >= figures.parallelism())
      continue;
    auto lasting = std::chrono::duration_cast<std::chrono::seconds>(
      settings_.scale_in_after);
    auto reason =
      count_of(most, "partition") + " would have been enough for "
      + count_of(static_cast<std::uint64_t>(lasting.count()), "second")
      + "; newest: " + proposals[id].reason;
    result.push_back(change_of(report, id, to, std::move(reason)));
  }
  return result;
}

bool autoscaler::has_backlog(const load_report& report) const {
  std::chrono::duration<double> most = settings_.max_backlog;
  return std::any_of(
    report.operators.begin(), report.operators.end(), [&](const auto& one) {
      // As quick as it was; if it stood still, any backlog is too much.
      auto per_second = static_cast<double>(one.tuples_in()) / report.seconds();
      return static_cast<double>(one.backlog()) > per_second * most.count();
    });
}

std::uint32_t autoscaler::limited(const operator_figures& figures,
                                  std::uint32_t partitions) const {
  auto most =
    std::min<std::uint64_t>(settings_.max_parallelism, figures.slices);
  auto least = std::min(settings_.min_parallelism, most);
  return static_cast<std::uint32_t>(
    std::clamp<std::uint64_t>(partitions, least, most));
}

std::optional<scaling_decision>
autoscaler::decide(policy_kind by, const load_report& report,
                   std::vector<operator_change> changes) {
  auto is_asked_for = by == policy_kind::manual;
  auto dry_run = settings_.dry_run && !is_asked_for;
  if (dry_run && repeats_dry_run(changes))
    return std::nullopt;
  scaling_decision decision;
  decision.by = by;
  decision.at = report.until;
  decision.changes = std::move(changes);
  decision.state =
    dry_run ? decision_state::dry_run : decision_state::under_way;
  const auto& kept = history_.add(std::move(decision));
  if (dry_run)
    return std::nullopt;
  under_way_ = kept.number;
  return kept;
}

bool autoscaler::repeats_dry_run(
  const std::vector<operator_change>& changes) const {
  if (history_.decisions().empty())
    return false;
  const auto& last = history_.decisions().back();
  return last.state == decision_state::dry_run
         && std::equal(changes.begin(), changes.end(), last.changes.begin(),
                       last.changes.end(), [](const auto& a, const auto& b) {
                         return a.id == b.id && a.from == b.from
                                && a.to == b.to;
                       });
}

} // namespace braid
