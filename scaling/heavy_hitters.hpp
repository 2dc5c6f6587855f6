// The most frequent items of a stream, in a bounded space.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace braid {

/// SpaceSaving, of Metwally, Agrawal, El Abbadi: Efficient Computation of
/// Frequent and Top-k Elements in Data Streams (ICDT 2005): a fixed number of
/// counters; an item that has none takes over the smallest one, with its count
/// as the error.
///
/// With m counters and n items, no count is too small, none is too large by
/// more than its error, and no error exceeds n / m. So whatever makes up more
/// than 1/m of the items has a counter. Adding looks at all counters; they are
/// few, and lie side by side.
class heavy_hitters {
public:
  struct counter {
    std::uint64_t item = 0;
    std::uint64_t count = 0; ///< at least as often as it was there
    std::uint64_t error = 0; ///< by which `count` may be too large

    /// How often it was there for certain.
    std::uint64_t certain() const {
      return count - error;
    }
  };

  /// `size` counters; at least 1.
  explicit heavy_hitters(std::size_t size);

  /// Counts an item. Returns its counter, valid until the next call.
  const counter& add(std::uint64_t item);

  /// In no order.
  const std::vector<counter>& counters() const {
    return counters_;
  }

  /// The counter with the most certain count; null: nothing was added.
  const counter* heaviest() const;

  /// Items added.
  std::uint64_t total() const {
    return total_;
  }

  void clear();

private:
  std::size_t size_;
  std::uint64_t total_ = 0;
  std::vector<counter> counters_;
};

} // namespace braid
