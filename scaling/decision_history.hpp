// The record of what was scaled, when and why.
#pragma once

#include "scaling/scaling_decision.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace braid {

/// The newest decisions of a topology.
class decision_history {
public:
  /// Keeps `most` decisions; at least 1.
  explicit decision_history(std::size_t most = 100);

  /// Goes on with what an earlier one kept. Whatever was under way then has
  /// failed for `problem`.
  void restore(const std::vector<scaling_decision>& decisions,
               const std::string& problem);

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
