// Numbers as people like to read them: rounded, with a unit. For exact ones
// that can be read back see tools/units.hpp.
#pragma once

#include <cstdint>
#include <string>

namespace braid {

/// Three digits, then k, M, G or T: "12.3 k". Below 1000 all digits: "87".
std::string readable_count(std::uint64_t count);

/// "12.3 k/s"
std::string readable_rate(std::uint64_t per_second);

/// Three digits and B, KiB, MiB, GiB or TiB: "1.25 MiB".
std::string readable_bytes(std::uint64_t bytes);

/// "350 us", "12 ms", "4.2 s", "5 m 10 s", "2 h 5 m". Negative ones are 0.
std::string readable_span(std::int64_t microseconds);

/// In local time: "2024-05-01 12:00:00".
std::string readable_time(std::int64_t microseconds_since_1970);

} // namespace braid
