// Numbers in as few bytes as they need: seven bits a byte, the low ones first;
// the high bit says that more follow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace braid {

/// Reads one; `take_byte()` gives the next byte, or throws. Nothing if it has
/// more than 64 bits.
template <class TakeByte>
std::optional<std::uint64_t> decode_varying(const TakeByte& take_byte) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    auto byte = std::to_integer<std::uint64_t>(take_byte());
    auto bits = byte & 0x7f;
    if (bits << shift >> shift != bits)
      break;
    number |= bits << shift;
    if (byte < 0x80)
      return number;
  }
  return std::nullopt;
}

/// How many bytes a number takes.
constexpr std::size_t varying_size(std::uint64_t number) {
  std::size_t result = 1;
  for (; number >= 0x80; number >>= 7)
    ++result;
  return result;
}

} // namespace braid
