// What was measured of a topology in one interval: what scaling decides from.
#pragma once

#include "operators/slice.hpp"
#include "operators/topology.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace braid {

/// What one partition did in an interval.
struct partition_figures {
  /// The share of its time that it spent processing, 0 to 1. Waiting for input
  /// or for somebody downstream is not processing.
  double busy = 0;
  /// The share of its time that it had work and waited for somebody downstream.
  double blocked = 0;
  /// A source: tuples read.
  std::uint64_t tuples_in = 0;
  std::uint64_t tuples_out = 0;
  /// Tuples that waited for it when the interval ended; a source: outside.
  std::uint64_t backlog = 0;
  /// The time that went into just the tuples that were taken in, as a share of
  /// the interval: more than 1 if they took longer. Nothing: `busy`.
  std::optional<double> worked{};
};

/// What one operator did in an interval.
struct operator_figures {
  std::string name{};
  std::vector<partition_figures> partitions{};
  /// It cannot have more partitions than slices.
  std::uint32_t slices = 1;
  /// By slice: for how much of the interval it kept its partition busy, 0 to 1.
  /// Empty: not measured.
  std::vector<double> slice_busy{};
  /// Its parallelism is not to be changed, as that of most sources.
  bool fixed = false;
  /// Sources that know it: tuples that came in from outside, read or not.
  std::optional<std::uint64_t> arrived{};

  std::uint32_t parallelism() const {
    return static_cast<std::uint32_t>(partitions.size());
  }

  /// Partitions' worth of processing: 1.5 is one and a half busy all the time.
  double busy() const;
  double worked() const;
  double most_busy() const;
  double most_blocked() const;
  std::uint64_t tuples_in() const;
  std::uint64_t tuples_out() const;
  std::uint64_t backlog() const;
};

/// Tuples that went along an edge in an interval. Broadcast edges are left out:
/// more partitions make their work more, not less.
struct edge_figures {
  operator_id from = 0;
  operator_id to = 0;
  std::uint64_t tuples = 0;
};

/// All figures of one interval of one topology.
struct load_report {
  /// When the interval began and ended, on a clock of the reporter's.
  std::chrono::microseconds from{0};
  std::chrono::microseconds until{0};
  /// By `operator_id`.
  std::vector<operator_figures> operators{};
  std::vector<edge_figures> edges{};

  /// The length of the interval, in seconds.
  double seconds() const;

  /// Tuples that wait anywhere, outside of sources as well.
  std::uint64_t backlog() const;
};

} // namespace braid
