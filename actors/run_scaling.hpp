// How one run is scaled: what is measured of it, what is decided, and what came
// of that.
#pragma once

#include "actors/load_counts.hpp"
#include "actors/run_logic.hpp"

#include "scaling/autoscaler.hpp"

#include "checkpoint/slice_groups.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace braid {

/// Pure: counts, requests and the life of the run in, decisions out. `now` is a
/// clock in microseconds that never goes back.
class run_scaling {
public:
  using time = std::chrono::microseconds;

  /// `earlier`: decisions of an earlier life of the supervisor.
  run_scaling(const scaling_settings& settings,
              std::vector<load_meter::metered_operator> operators,
              const std::vector<scaling_decision>& earlier);

  /// What all nodes have counted. Returns what is to be carried out, if
  /// anything. Nothing is decided while `logic` has the run placed anew.
  std::optional<scaling_decision> on_counts(time now,
                                            const std::vector<load_counts>& all,
                                            const run_logic& logic);

  /// A person asks for other partitions: as `autoscaler`.
  std::optional<scaling_decision> on_request(time now,
                                             const std::string& operator_name,
                                             std::uint32_t partitions,
                                             const run_logic& logic);

  /// A person asks for slices of these operators to lie elsewhere.
  scaling_decision on_request_to_move(time now,
                                      const std::vector<operator_id>& operators,
                                      const std::string& reason,
                                      const run_logic& logic);

  /// It cannot be carried out.
  void on_refusal(time now, const std::string& problem);

  /// What cannot be carried out now may soon be.
  void on_more_room() {
    decider_.forget_failures();
  }

  /// To be called when the run has come further.
  void on_progress(time now, const run_logic& logic);

  /// What slices cost, in millionths of a core; 1 each where nothing is known.
  std::map<operator_id, slice_loads>
  slice_costs(const assignment& owners) const;

  /// What has become hot since this was called last, as warnings.
  std::vector<std::string> take_warnings();

  const decision_history& history() const {
    return decider_.history();
  }

private:
  const load_report& newest_or_blank(time now, const assignment& owners);
  void note_pause(time now, run_logic::hand_over_phase phase);
  bool is_as_decided(const run_logic& logic) const;

  autoscaler decider_;
  load_meter meter_;
  std::vector<load_meter::metered_operator> operators_;
  load_report newest_;
  std::optional<scaling_decision> under_way_;
  std::optional<time> stopped_at_; ///< of origins, in a hand-over
  time longest_pause_{0};
  std::vector<std::string> warnings_;
};

} // namespace braid
