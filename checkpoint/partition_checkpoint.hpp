// What a checkpoint of one partition holds.
#pragma once

#include "operators/byte_buffer.hpp"
#include "operators/epoch.hpp"
#include "operators/slice.hpp"

#include <map>
#include <optional>
#include <vector>

namespace braid {

/// A consistent copy of a partition's processing state at the end of an epoch:
/// a partition made from it goes on as if it were that one. On its way to those
/// who keep it, it may be what changed since an earlier one.
struct partition_checkpoint {
  epoch_number epoch = 0;
  /// The partition had come to its end by then: the copy holds for all later
  /// epochs as well.
  bool ended = false;
  /// It is only slices, which the next checkpoint builds on.
  bool ahead = false;
  byte_buffer progress; ///< how far its inputs have come
  byte_buffer shared;   ///< what belongs to no slice
  std::map<slice_id, byte_buffer> slices;
  /// Of these slices, and of `shared`, there is what changed since the end of
  /// an epoch; if it has no bytes, nothing did.
  std::map<slice_id, epoch_number> bases;
  std::optional<epoch_number> shared_base;
};

/// Slices of which some holder may not have what was sent last.
struct lost_copies {
  std::vector<slice_id> slices;
  bool shared = false; ///< nor what belongs to no slice
};

} // namespace braid
