// What a checkpoint of one partition holds.
#pragma once

#include "operators/byte_buffer.hpp"
#include "operators/epoch.hpp"
#include "operators/slice.hpp"

#include <map>

namespace braid {

/// A consistent copy of a partition's processing state at the end of an epoch:
/// a partition made from it goes on as if it were that one.
struct partition_checkpoint {
  epoch_number epoch = 0;
  /// The partition had come to its end by then: the copy holds for all later
  /// epochs as well.
  bool ended = false;
  byte_buffer progress; ///< how far its inputs have come
  byte_buffer shared;   ///< what belongs to no slice
  std::map<slice_id, byte_buffer> slices;
};

} // namespace braid
