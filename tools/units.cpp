#include "tools/units.hpp"

#include <array>
#include <cassert>
#include <charconv>
#include <limits>
#include <span>
#include <stdexcept>

namespace braid {

namespace {

struct unit {
  std::string_view name;
  std::uint64_t factor;
};

/// What is measured: its units in order of preference when printing, the
/// largest count of the smallest unit, and the words for errors.
struct measure {
  std::span<const unit> units;
  std::uint64_t limit;
  std::string_view unit_names;
  std::string_view example_unit;
};

constexpr auto time_units = std::to_array<unit>({
  {"h", 3'600'000'000},
  {"m", 60'000'000},
  {"s", 1'000'000},
  {"ms", 1'000},
  {"us", 1},
});

constexpr auto size_units = std::to_array<unit>({
  {"TiB", std::uint64_t{1} << 40},
  {"GiB", std::uint64_t{1} << 30},
  {"MiB", std::uint64_t{1} << 20},
  {"KiB", std::uint64_t{1} << 10},
  {"TB", 1'000'000'000'000},
  {"GB", 1'000'000'000},
  {"MB", 1'000'000},
  {"KB", 1'000},
  {"B", 1},
});

constexpr measure time_measure{
  time_units, std::numeric_limits<std::chrono::microseconds::rep>::max(),
  "us, ms, s, m or h", "ms"};

constexpr measure size_measure{
  size_units, std::numeric_limits<std::uint64_t>::max(),
  "B, KiB, MiB, GiB, TiB, KB, MB, GB or TB", "KiB"};

[[noreturn]] void refuse(std::string_view text, const std::string& problem) {
  throw std::invalid_argument('"' + std::string{text} + "\" " + problem);
}

std::uint64_t factor_of(std::string_view text, std::string_view name,
                        const measure& what) {
  for (const auto& unit : what.units)
    if (unit.name == name)
      return unit.factor;
  if (name.front() == '.' || name.front() == ',')
    refuse(text, "is not a whole number; use a smaller unit");
  refuse(text, "has the unknown unit \"" + std::string{name} + "\"; use "
                 + std::string{what.unit_names});
}

std::uint64_t parse(std::string_view text, const measure& what) {
  std::string example = "5" + std::string{what.example_unit};
  std::uint64_t count = 0;
  const auto* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, count);
  if (text.starts_with('-'))
    refuse(text, "is negative; use a number from 0 upwards");
  if (error == std::errc::invalid_argument)
    refuse(text, "does not start with a number; write a number and a unit, "
                 "such as \""
                   + example + '"');
  if (error == std::errc::result_out_of_range)
    refuse(text, "is too large; use a smaller number");
  std::string_view name{rest, static_cast<std::size_t>(end - rest)};
  if (name.empty())
    refuse(text, "has no unit; write a number and a unit, such as \""
                   + std::string{text} + std::string{what.example_unit} + '"');
  auto factor = factor_of(text, name, what);
  if (count > what.limit / factor)
    refuse(text, "is too large; use a smaller number");
  return count * factor;
}

std::string print(std::uint64_t value, const measure& what) {
  for (const auto& unit : what.units)
    if (value != 0 && value % unit.factor == 0)
      return std::to_string(value / unit.factor) + std::string{unit.name};
  return "0" + std::string{what.units.back().name};
}

} // namespace

std::chrono::microseconds parse_duration(std::string_view text) {
  return std::chrono::microseconds{
    static_cast<std::chrono::microseconds::rep>(parse(text, time_measure))};
}

std::string print_duration(std::chrono::microseconds value) {
  assert(value.count() >= 0);
  return print(static_cast<std::uint64_t>(value.count()), time_measure);
}

std::uint64_t parse_size(std::string_view text) {
  return parse(text, size_measure);
}

std::string print_size(std::uint64_t bytes) {
  return print(bytes, size_measure);
}

} // namespace braid
