#include "checkpoint/checksum.hpp"

// Its functions inlined here, so that no symbol of another version gets in.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace braid {

std::uint64_t checksum(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

} // namespace braid
