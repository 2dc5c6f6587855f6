// Slices: the virtual partitions that order, state and placement act on.
#pragma once

#include <cassert>
#include <cstdint>
#include <vector>

namespace braid {

/// A virtual partition of an operator: 0 .. slices-1.
using slice_id = std::uint32_t;

/// One instance of an operator: 0 .. parallelism-1.
using partition_index = std::uint32_t;

/// More slices than this per operator are refused.
inline constexpr std::uint32_t max_slices = 1u << 16;

/// Which partition hosts each slice of an operator, indexed by slice.
using slice_table = std::vector<partition_index>;

/// The slices that one partition hosts, ascending, with a dense local index
/// for arrays of per-slice state.
class hosted_slices {
public:
  static constexpr std::uint32_t not_here = ~0u;

  hosted_slices() = default;

  /// The slices that `table` gives to `partition`.
  hosted_slices(const slice_table& table, partition_index partition)
    : local_(table.size(), not_here) {
    for (slice_id slice = 0; slice < table.size(); ++slice) {
      if (table[slice] != partition)
        continue;
      local_[slice] = static_cast<std::uint32_t>(ids_.size());
      ids_.push_back(slice);
    }
  }

  /// How many slices are hosted here.
  std::uint32_t size() const {
    return static_cast<std::uint32_t>(ids_.size());
  }

  /// How many slices the operator has in all.
  std::uint32_t total() const {
    return static_cast<std::uint32_t>(local_.size());
  }

  slice_id id(std::uint32_t local) const {
    assert(local < ids_.size());
    return ids_[local];
  }

  /// The dense index of `slice`, or `not_here`.
  std::uint32_t local(slice_id slice) const {
    assert(slice < local_.size());
    return local_[slice];
  }

  const std::vector<slice_id>& ids() const {
    return ids_;
  }

private:
  std::vector<slice_id> ids_;
  std::vector<std::uint32_t> local_;
};

} // namespace braid
