#include "actors/run_scaling.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace braid {

run_scaling::run_scaling(const scaling_settings& settings,
                         std::vector<load_meter::metered_operator> operators,
                         const std::vector<scaling_decision>& earlier)
  : decider_(settings), meter_(operators), operators_(std::move(operators)) {
  decider_.restore(earlier, "the supervising node was started again meanwhile");
}

std::optional<scaling_decision>
run_scaling::on_counts(time now, const std::vector<load_counts>& all,
                       const run_logic& logic) {
  auto& owners = logic.plan().owners;
  for (auto& node : all)
    for (auto& each : node.partitions)
      if (each.hot)
        warnings_.push_back(
          each.hot->warning(operators_.at(each.place.id).name));
  auto report = meter_.add(now, all, owners);
  if (!report)
    return std::nullopt;
  newest_ = *report;
  if (logic.is_recovering()
      || logic.phase() != run_logic::hand_over_phase::none)
    return std::nullopt;
  auto decided = decider_.on_report(newest_);
  if (decided)
    under_way_ = decided;
  return decided;
}

std::optional<scaling_decision>
run_scaling::on_request(time now, const std::string& operator_name,
                        std::uint32_t partitions, const run_logic& logic) {
  auto& newest = newest_or_blank(now, logic.plan().owners);
  if (auto made = decider_.on_request(operator_name, partitions, newest))
    return under_way_ = std::move(made);
  return std::nullopt;
}

scaling_decision run_scaling::on_request_to_move(
  time now, const std::vector<operator_id>& operators,
  const std::string& reason, const run_logic& logic) {
  auto& newest = newest_or_blank(now, logic.plan().owners);
  under_way_ = decider_.on_request_to_move(operators, reason, newest);
  return *under_way_;
}

/// What was measured before the latest change says nothing any more.
const load_report& run_scaling::newest_or_blank(time now,
                                                const assignment& owners) {
  auto is_current = newest_.operators.size() == owners.size();
  for (operator_id id = 0; is_current && id < owners.size(); ++id)
    is_current =
      newest_.operators[id].parallelism() == owners[id].hosts().size();
  if (!is_current)
    newest_ = meter_.blank(now, owners);
  newest_.until = now;
  return newest_;
}

void run_scaling::on_refusal(time now, const std::string& problem) {
  if (under_way_)
    decider_.on_failure(std::exchange(under_way_, std::nullopt)->number, now,
                        problem);
}

void run_scaling::on_progress(time now, const run_logic& logic) {
  note_pause(now, logic.phase());
  auto over = is_over(logic.state());
  auto at_rest = logic.phase() == run_logic::hand_over_phase::none
                 && logic.hand_overs_waiting() == 0 && !logic.is_recovering();
  if (!under_way_ || (!over && !at_rest))
    return;
  auto number = std::exchange(under_way_, std::nullopt)->number;
  if (is_as_decided(logic))
    return decider_.on_carried_out(number, now,
                                   std::exchange(longest_pause_, time{0}));
  longest_pause_ = time{0};
  auto& problem = logic.hand_over_problem();
  decider_.on_failure(number, now,
                      !problem.empty() ? problem
                      : over ? "the run is " + to_string(logic.state())
                             : "it was taken back");
}

bool run_scaling::is_as_decided(const run_logic& logic) const {
  auto& decision = history().decisions().back();
  return logic.hand_over_problem().empty()
         && std::all_of(decision.changes.begin(), decision.changes.end(),
                        [&](auto& change) {
                          return logic.count_hosts(change.id) == change.to;
                        });
}

/// From the moment at which origins are told to stop to that at which all have,
/// so that nothing keeps anybody from asking their successors.
void run_scaling::note_pause(time now, run_logic::hand_over_phase phase) {
  if (phase == run_logic::hand_over_phase::stopping) {
    if (!stopped_at_)
      stopped_at_ = now;
  } else if (auto began = std::exchange(stopped_at_, std::nullopt)) {
    longest_pause_ = std::max(longest_pause_, now - *began);
  }
}

std::map<operator_id, slice_loads>
run_scaling::slice_costs(const assignment& owners) const {
  auto in_millionths = [](double busy) {
    return 1 + static_cast<std::uint64_t>(std::llround(busy * 1e6));
  };
  std::map<operator_id, slice_loads> result;
  for (operator_id id = 0; id < owners.size(); ++id) {
    auto& costs = result[id];
    auto* figures =
      id < newest_.operators.size() ? &newest_.operators[id] : nullptr;
    for (slice_id slice = 0; slice < owners[id].slices(); ++slice) {
      costs[slice] = 1;
      if (!figures)
        continue;
      auto busy = slice < figures->slice_busy.size()
                    ? figures->slice_busy[slice]
                    : figures->busy() / owners[id].slices();
      costs[slice] = in_millionths(busy);
    }
  }
  return result;
}

std::vector<std::string> run_scaling::take_warnings() {
  return std::exchange(warnings_, {});
}

} // namespace braid
