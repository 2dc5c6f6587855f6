// Durations and sizes as people write them: "5ms", "64KiB". One spelling each,
// the unit always said, so that no number is ever read in the wrong unit.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace braid {

/// Reads a whole number followed by us, ms, s, m or h, such as "5ms".
///
/// @throws std::invalid_argument whose what() is "problem; remedy": no number,
/// a sign, a fraction, no unit or an unknown one, more than 2^63 microseconds.
std::chrono::microseconds parse_duration(std::string_view text);

/// Writes `value`, which must not be negative, in the largest unit that needs
/// no fraction. `parse_duration` gives the same value back.
std::string print_duration(std::chrono::microseconds value);

/// Reads a number of bytes: a whole number followed by B, KB, MB, GB, TB
/// (powers of 1000) or KiB, MiB, GiB, TiB (powers of 1024), such as "64KiB".
///
/// @throws std::invalid_argument as `parse_duration` does; the limit is 2^64
/// bytes.
std::uint64_t parse_size(std::string_view text);

/// Writes `bytes` in the largest unit that needs no fraction, powers of 1024
/// first. `parse_size` gives the same value back.
std::string print_size(std::uint64_t bytes);

} // namespace braid
