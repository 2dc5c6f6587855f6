// How the engine compares with code written by hand, and what it costs idle.
#pragma once

#include <string>
#include <vector>

#include "bench/measurement.hpp"

namespace braid {

/// What the engine's benchmarks need. Medians of `runs` runs each.
struct bench_setup {
  std::string program; ///< this executable, for worker processes
  unsigned runs = 5;
  bool quick = false; ///< a tenth of the work: to see that it runs
};

/// Counts by key: one partition against a loop, and over a two-way exchange.
std::vector<measurement> measure_keyed_count(const bench_setup& setup);

/// 64-byte tuples from one process to another, against a raw TCP connection,
/// and control round trips meanwhile.
std::vector<measurement> measure_links(const bench_setup& setup);

/// The age of results behind three hops, at half of what they can carry.
std::vector<measurement> measure_latency(const bench_setup& setup);

/// What a cluster of three processes with a waiting topology uses.
std::vector<measurement> measure_idle(const bench_setup& setup);

} // namespace braid
