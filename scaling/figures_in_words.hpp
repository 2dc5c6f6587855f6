// Figures as reasons and tables write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace braid {

/// "0 things", "1 thing", "2 things".
std::string count_of(std::uint64_t count, std::string_view thing);

/// A share as whole per cents: "70 %".
std::string per_cent(double share);

/// "1.5"
std::string one_decimal(double x);

/// A rate, in three digits or whole numbers: "1380 tuples/s".
std::string tuples_per_second(double rate);

/// The least whole number of partitions that is at least `x`, and at least 1.
/// What exceeds a number by less than a thousandth does not count.
std::uint32_t at_least(double x);

} // namespace braid
