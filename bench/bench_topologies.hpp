// What the benchmarks' topologies have in common with their hand-written
// rivals.
#pragma once

#include "operators/epoch.hpp"
#include "operators/random.hpp"

#include <cstdint>
#include <vector>

namespace braid {

/// A 16-byte tuple.
struct small_tuple {
  std::uint64_t key;
  std::uint64_t value;
};

/// A 64-byte tuple.
struct wide_tuple {
  std::uint64_t key;
  std::uint64_t values[7];
};

/// The `index`-th key, evenly among `keys` of them.
inline std::uint64_t bench_key(std::uint64_t index, std::uint64_t keys) {
  return random_generator{index}.below(keys);
}

/// The ages that results had when they reached the sink of the last `latency`
/// run in this process, in microseconds, and forgets them.
std::vector<std::int64_t> take_latencies();

} // namespace braid
