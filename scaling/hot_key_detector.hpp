// Finds the key that is more work than a partition can do.
#pragma once

#include "scaling/heavy_hitters.hpp"
#include "scaling/hot_key.hpp"

#include "operators/random.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace braid {

/// Watches the keys that one partition takes in, by a sample of its tuples.
///
/// One in `stride` tuples is looked at, at random distances, so that input that
/// repeats itself is no trap; of a batch that has none of them, nothing is. A
/// key's share of the sample, less what the sketch may be wrong by, and the
/// time for which the partition was busy say how busy the key alone keeps it.
/// That its tuples cost what others do is taken for granted.
///
/// The randomness never enters a result: the sample is for warnings only.
class hot_key_detector {
public:
  /// Counters of the sketch: a key that matters has far more than 1/64.
  static constexpr std::size_t counters = 64;

  /// Fewer samples in an interval than this say nothing.
  static constexpr std::uint64_t least_samples = 200;

  /// A key is hot that keeps its partition busy for `threshold` per cent of
  /// the time. `stride`: at least 1.
  explicit hot_key_detector(std::uint64_t threshold = 70,
                            std::uint64_t stride = 64);

  /// Takes a batch of `size` tuples. `hash_of(i)` and `name_of(i)` tell of the
  /// key of the i-th; names are asked for few of the sample.
  template <class HashOf, class NameOf>
  void on_batch(std::size_t size, HashOf hash_of, NameOf name_of) {
    for (; skip_ < size; skip_ += next_distance())
      if (add(hash_of(skip_)))
        name_ = name_of(skip_);
    skip_ -= size;
  }

  /// The end of an interval, for `busy` of which the partition was busy: 0 to
  /// 1, or more if more came in than it could process. Returns a key that has
  /// become hot; it is not told again until an interval in which it was not.
  std::optional<hot_key> on_interval(double busy);

private:
  /// Whether the name of the key should be kept: it leads, and is not known.
  bool add(std::uint64_t hash);
  std::uint64_t next_distance();

  std::uint64_t threshold_;
  std::uint64_t stride_;
  random_generator random_;
  std::uint64_t skip_; ///< tuples before the next one of the sample
  heavy_hitters sketch_{counters};
  std::optional<std::uint64_t> named_; ///< hash of the key that `name_` is of
  std::string name_;
  std::optional<std::uint64_t> told_;
};

} // namespace braid
