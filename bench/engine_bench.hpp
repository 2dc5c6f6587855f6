// How the engine compares with code written by hand, and what it costs idle.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench/measurement.hpp"

namespace braid {

/// What the engine's benchmarks need. Medians of `runs` runs each.
struct bench_setup {
  std::string program; ///< this executable, for worker processes
  unsigned runs = 5;
  bool quick = false; ///< a tenth of the work: to see that it runs
  /// Of the large states that are restored, these only; empty: all.
  std::vector<unsigned> gigabytes;
  std::filesystem::path plots; ///< a folder for SVG files; empty: none
};

/// Counts by key: one partition against a loop, and over a two-way exchange.
std::vector<measurement> measure_keyed_count(const bench_setup& setup);

/// 64-byte tuples from one process to another, against a raw TCP connection,
/// and control round trips meanwhile.
std::vector<measurement> measure_links(const bench_setup& setup);

/// The age of results behind three hops, at half of what they can carry.
std::vector<measurement> measure_latency(const bench_setup& setup);

/// How long a partition with 1 GB of state, a tenth of which changes, stands
/// still for checkpoints; and how long batches wait while such state is sent.
std::vector<measurement> measure_checkpoints(const bench_setup& setup);

/// What a cluster of three processes with a waiting topology uses.
std::vector<measurement> measure_idle(const bench_setup& setup);

/// From the kill of a process to the first new result of what it had, beside
/// what SEEP and SDG published. Windowed word count, by rates and by intervals
/// between checkpoints.
std::vector<measurement> measure_word_count_recovery(const bench_setup& setup);

/// The same on one other node and on two.
std::vector<measurement> measure_parallel_recovery(const bench_setup& setup);

/// Large states.
std::vector<measurement> measure_state_recovery(const bench_setup& setup);

/// Throughput and latency with checkpoints, as shares of those without: of a
/// small state, and of a large one of which a tenth changes each second.
std::vector<measurement> measure_small_overhead(const bench_setup& setup);
std::vector<measurement> measure_large_overhead(const bench_setup& setup);

/// The age of results while an operator with 100 MB, then 1 GB of state goes
/// from one partition to four and back, beside a stop and a restart.
std::vector<measurement> measure_hand_over(const bench_setup& setup);

/// How policies follow an input that rises to eight times what one partition
/// carries and falls again, and whether they keep still under noise.
std::vector<measurement> measure_elasticity(const bench_setup& setup);

} // namespace braid
