// What the benchmarks' topologies have in common with their hand-written
// rivals.
#pragma once

#include "operators/epoch.hpp"
#include "operators/generator.hpp"
#include "operators/random.hpp"
#include "operators/settings.hpp"
#include "operators/sink.hpp"

#include <chrono>
#include <cstdint>
#include <span>
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

/// Of the settings `tuples`, `rate` and `splits`.
generator_options options_from(const settings& settings);

/// Keeps the age of results that have reached a sink in this process. Any
/// thread may call it.
void add_ages(std::span<const event_time> due);

template <class T>
void add_ages(std::span<const tuple_view<T>> tuples) {
  static thread_local std::vector<event_time> due;
  due.clear();
  for (auto& tuple : tuples)
    due.push_back(tuple.time);
  add_ages(std::span<const event_time>{due});
}

/// The ages of all results since the last call.
age_histogram take_ages();

} // namespace braid
