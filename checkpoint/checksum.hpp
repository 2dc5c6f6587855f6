// The checksum of everything that checkpoints keep, in memory and on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace braid {

/// Tells damaged bytes from whole ones. Guards against accidents, not against
/// anybody who wants to deceive. The same on every machine, for ever.
std::uint64_t checksum(std::span<const std::byte> bytes);

} // namespace braid
