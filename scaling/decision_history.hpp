// The record of what was scaled, when and why.
#pragma once

#include "scaling/load_report.hpp"
#include "scaling/scaling_settings.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace braid {

/// An operator's figures in a decision: whole numbers, to be sent and shown.
struct operator_summary {
  std::uint32_t parallelism = 0;
  std::uint64_t busy_permille = 0; ///< of its busiest partition's time
  std::uint64_t tuples_in_per_second = 0;
  std::uint64_t backlog = 0; ///< tuples

  friend bool operator==(const operator_summary&,
                         const operator_summary&) = default;
};

/// `figures` of an interval of `seconds`.
operator_summary summary_of(const operator_figures& figures, double seconds);

/// What is to become of one operator.
struct operator_change {
  operator_id id = 0;
  std::string name{};
  std::uint32_t from = 0; ///< partitions
  std::uint32_t to = 0;
  std::string reason{};
  operator_summary before{};
  std::optional<operator_summary> after{};
};

enum class decision_state : std::uint8_t {
  under_way,
  carried_out,
  failed,
  dry_run, ///< recorded only
};

std::string to_string(decision_state x);

/// A decision: changes that belong together.
struct scaling_decision {
  std::uint64_t number = 0; ///< counted from 1
  policy_kind by = policy_kind::manual;
  decision_state state = decision_state::under_way;
  std::chrono::microseconds at{0}; ///< on the clock of the load reports
  std::vector<operator_change> changes{};
  /// The longest time that any slice stood still for it.
  std::optional<std::chrono::microseconds> pause{};
  std::string problem{}; ///< why it failed
};

/// The newest decisions of a topology.
class decision_history {
public:
  /// Keeps `most` decisions; at least 1.
  explicit decision_history(std::size_t most = 500);

  /// Numbers the decision and keeps it, in the place of the oldest one if need
  /// be. Returns it as it is kept.
  const scaling_decision& add(scaling_decision decision);

  /// The following pass over what is no longer kept.
  void on_carried_out(std::uint64_t number, std::chrono::microseconds pause);
  void on_failure(std::uint64_t number, std::string problem);

  /// The figures of an interval that lies after the decision as a whole.
  void on_measured(std::uint64_t number, const load_report& report);

  /// Oldest first.
  const std::deque<scaling_decision>& decisions() const {
    return decisions_;
  }

private:
  scaling_decision* find(std::uint64_t number);

  std::size_t most_;
  std::uint64_t last_number_ = 0;
  std::deque<scaling_decision> decisions_;
};

} // namespace braid
