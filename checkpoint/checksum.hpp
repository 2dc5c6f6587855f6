// The checksum of everything that checkpoints keep, in memory and on disk, and
// of what goes from node to node.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace braid {

/// Tells damaged bytes from whole ones. Guards against accidents, not against
/// anybody who wants to deceive. The same on every machine, for ever.
std::uint64_t checksum(std::span<const std::byte> bytes);

/// The same of bytes that come in pieces.
class running_checksum {
public:
  running_checksum();

  void add(std::span<const std::byte> piece);

  std::uint64_t value() const;

private:
  // The library's own state: no allocation, and nobody else sees its header.
  static constexpr std::size_t state_size = 576;
  alignas(64) std::array<std::byte, state_size> state_;
};

} // namespace braid
