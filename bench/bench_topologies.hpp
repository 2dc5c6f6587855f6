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

/// How old results were when they reached a sink, to 10 microseconds and up to
/// ten seconds. Adding allocates nothing, or it would be what is measured.
class age_histogram {
public:
  age_histogram() : counts_(1'000'000) {}

  void add(std::int64_t microseconds);

  /// The age that a share of the results, 0 to 1, did not exceed, in
  /// microseconds; 0 if there are none.
  std::int64_t percentile(double share) const;

private:
  static constexpr std::int64_t width = 10;

  std::vector<std::uint64_t> counts_;
  std::uint64_t total_ = 0;
};

/// The ages of the results of the last `three_hops` run in this process.
/// Forgets them.
age_histogram take_ages();

} // namespace braid
