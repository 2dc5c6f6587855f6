// What nodes have counted of a run's partitions, and what the topology
// supervisor makes of it.
#pragma once

#include "actors/protocol.hpp"

#include "scaling/assignment.hpp"
#include "scaling/hot_key.hpp"
#include "scaling/load_report.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// One partition, since its instance was made.
struct partition_counts {
  struct edge {
    operator_id to = 0;
    std::uint64_t tuples = 0;

    template <class Archive>
    void serialize(Archive& archive, unsigned) {
      archive& to& tuples;
    }
  };

  partition_place place;
  generation_number generation = 0;
  std::uint64_t busy_ns = 0;
  /// Of that, for an epoch whose tuples do not count yet.
  std::uint64_t unfinished_ns = 0;
  std::uint64_t blocked_ns = 0;
  std::uint64_t tuples_in = 0; ///< a source: read
  std::uint64_t tuples_out = 0;
  std::uint64_t queued_tuples = 0;
  bool knows_arrivals = false;
  std::int64_t counted_at_us = 0; ///< a source: when `queued_tuples` was so
  /// What was sent along each edge, but for broadcast ones. Counted here so
  /// that it can be compared with what was taken in: what lies between two
  /// partitions makes their counts differ.
  std::vector<edge> edges;
  /// Of a sample of epochs.
  std::vector<std::pair<slice_id, std::uint64_t>> slices;
  std::optional<hot_key> hot; ///< since it was asked last

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& place& generation& busy_ns& unfinished_ns& blocked_ns& tuples_in&
      tuples_out& queued_tuples& knows_arrivals& counted_at_us& edges& slices&
        hot;
  }
};

/// The partitions of a run on one node, at one moment of the node's clock.
struct load_counts {
  std::int64_t at_ns = 0;
  std::vector<partition_counts> partitions;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& at_ns& partitions;
  }
};

/// Makes reports of counts: the figures of an interval are what has been
/// counted since the one before.
class load_meter {
public:
  struct metered_operator {
    std::string name;
    bool fixed = false; ///< its parallelism does not change
  };

  load_meter() = default;

  explicit load_meter(std::vector<metered_operator> operators)
    : operators_(std::move(operators)) {}

  /// What all nodes have counted at `now`. Nothing for the first time, and if
  /// there is no such figure for a partition that hosts slices: because it is
  /// new, or began anew meanwhile.
  std::optional<load_report> add(std::chrono::microseconds now,
                                 const std::vector<load_counts>& counts,
                                 const assignment& owners);

  /// A report that says nothing but how many partitions there are.
  load_report blank(std::chrono::microseconds now,
                    const assignment& owners) const;

private:
  struct known {
    std::int64_t at_ns = 0;
    partition_counts counts;
  };
  using all_known = std::map<partition_place, known>;

  bool is_comparable(const all_known& now, const assignment& owners) const;
  void add_figures(load_report& report, operator_id id, const known& before,
                   const known& after) const;

  std::vector<metered_operator> operators_;
  std::chrono::microseconds before_at_{0};
  all_known before_;
};

} // namespace braid
