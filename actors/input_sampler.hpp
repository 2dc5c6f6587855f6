// What of a partition's input is counted for scaling, by slice and by key: a
// sample. Never enters a result.
#pragma once

#include "actors/alignment.hpp"

#include "scaling/hot_key_detector.hpp"
#include "scaling/load.hpp"

#include "operators/operator_instance.hpp"
#include "operators/topology.hpp"

#include <cstdint>
#include <vector>

namespace braid {

/// Counts into a partition's load. Only one epoch in `stride` is looked at
/// tuple by tuple.
class input_sampler {
public:
  static constexpr epoch_number stride = 16;

  /// A key is looked for in intervals of this many microseconds.
  static constexpr event_time interval = 5'000'000;

  /// All must outlive this.
  input_sampler(const std::vector<edge_node>& inputs,
                const hosted_slices& slices, partition_load& load);

  /// Before the epoch is processed. `wall` is the clock, in microseconds.
  void on_epoch(const operator_instance& instance, epoch_number epoch,
                const std::vector<input_run>& runs, event_time wall);

private:
  void count_slices(const input_run& run);
  void look_for_keys(const operator_instance& instance, const input_run& run);
  void end_interval(event_time wall);
  const edge_node& edge_of(const input_run& run) const;

  const std::vector<edge_node>* inputs_;
  const hosted_slices* slices_;
  partition_load* load_;
  hot_key_detector keys_{70, 8};
  event_time interval_began_ = 0;
  std::uint64_t busy_before_ = 0;
};

} // namespace braid
