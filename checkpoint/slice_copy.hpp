// A slice's state on its way from who kept it to who goes on with it.
#pragma once

#include "checkpoint/backup_store.hpp"

#include "operators/byte_buffer.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace braid {

/// Bytes that several may share, and nobody changes, and their checksum.
struct checked_bytes {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner; ///< keeps them alive
  std::uint64_t sum = 0;
};

/// A full copy, and what changed since, to be made to it in this order. Whoever
/// loads it makes the changes: that costs less than to fold them first.
struct slice_copy {
  checked_bytes full;
  std::vector<checked_bytes> changes;

  /// Of all of it.
  std::uint64_t size() const;
};

/// A full copy.
slice_copy copy_of(byte_buffer full);

/// What was found, which is not copied for it.
slice_copy copy_of(const restored_slice& found);

/// In one piece. Throws what `fold` throws.
byte_buffer whole_of(const slice_copy& copy, const fold_function& fold);

} // namespace braid
