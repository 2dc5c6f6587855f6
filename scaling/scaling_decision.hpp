// What was decided about the parallelism of a topology, why, and what came of
// it.
#pragma once

#include "scaling/load_report.hpp"
#include "scaling/scaling_settings.hpp"

#include <chrono>
#include <cstdint>
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

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& parallelism& busy_permille& tuples_in_per_second& backlog;
  }
};

/// `figures` of an interval of `seconds`.
operator_summary summary_of(const operator_figures& figures, double seconds);

/// What is to become of one operator; of one whose slices are only to lie
/// elsewhere, `to` is `from`.
struct operator_change {
  operator_id id = 0;
  std::string name{};
  std::uint32_t from = 0; ///< partitions
  std::uint32_t to = 0;
  std::string reason{};
  operator_summary before{};
  std::optional<operator_summary> after{};

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& id& name& from& to& reason& before& after;
  }
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

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& number& by& state& at& changes& pause& problem;
  }
};

} // namespace braid
