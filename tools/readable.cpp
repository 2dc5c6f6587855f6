#include "tools/readable.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace braid {

namespace {

/// `x` with `decimals` digits behind the point.
std::string fixed(double x, int decimals) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, x);
  return text.data();
}

/// Three digits of a number below 1000 and its unit.
std::string three_digits(double x, const std::string& unit) {
  auto decimals = x < 9.995 ? 2 : x < 99.95 ? 1 : 0;
  return fixed(x, decimals) + ' ' + unit;
}

template <std::size_t Count>
std::string scaled(std::uint64_t x, double step,
                   const std::array<const char*, Count>& units) {
  auto value = static_cast<double>(x) / step;
  std::size_t unit = 0;
  // What would be rounded to a fourth digit belongs to the next unit.
  while (value >= 999.5 && unit + 1 < Count) {
    value /= step;
    ++unit;
  }
  return three_digits(value, units[unit]);
}

} // namespace

std::string readable_count(std::uint64_t count) {
  if (count < 1000)
    return std::to_string(count);
  return scaled<4>(count, 1000, {"k", "M", "G", "T"});
}

std::string readable_rate(std::uint64_t per_second) {
  return readable_count(per_second) + (per_second < 1000 ? " /s" : "/s");
}

std::string readable_bytes(std::uint64_t bytes) {
  if (bytes < 1000)
    return std::to_string(bytes) + " B";
  return scaled<4>(bytes, 1024, {"KiB", "MiB", "GiB", "TiB"});
}

std::string readable_span(std::int64_t microseconds) {
  auto us = std::max<std::int64_t>(microseconds, 0);
  if (us < 1'000)
    return std::to_string(us) + " us";
  if (us < 1'000'000)
    return std::to_string(us / 1'000) + " ms";
  auto seconds = us / 1'000'000;
  if (seconds < 60)
    return std::to_string(seconds) + '.' + std::to_string(us / 100'000 % 10)
           + " s";
  if (seconds < 3600)
    return std::to_string(seconds / 60) + " m " + std::to_string(seconds % 60)
           + " s";
  return std::to_string(seconds / 3600) + " h "
         + std::to_string(seconds / 60 % 60) + " m";
}

std::string readable_time(std::int64_t microseconds_since_1970) {
  std::time_t seconds = microseconds_since_1970 / 1'000'000;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return text.data();
}

} // namespace braid
