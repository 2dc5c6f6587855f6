#include "scaling/scaling_settings.hpp"

#include "operators/slice.hpp"

#include <array>

namespace braid {

namespace {

constexpr std::array policy_names{
  std::pair{policy_kind::manual, std::string_view{"manual"}},
  std::pair{policy_kind::threshold, std::string_view{"threshold"}},
  std::pair{policy_kind::rate, std::string_view{"rate"}},
};

[[noreturn]] void refuse(const std::string& key, const std::string& problem) {
  throw scaling_error{"scaling." + key + ": " + problem};
}

void check_range(const std::string& key, std::uint64_t value,
                 std::uint64_t least, std::uint64_t most) {
  if (value < least || value > most)
    refuse(key, std::to_string(value) + " is out of range; give it a number of "
                  + std::to_string(least) + " to " + std::to_string(most));
}

void check_positive(const std::string& key, std::chrono::microseconds value) {
  if (value <= std::chrono::microseconds::zero())
    refuse(key, "no time at all; give it a duration above 0, such as \"5s\"");
}

void check_not_negative(const std::string& key,
                        std::chrono::microseconds value) {
  if (value < std::chrono::microseconds::zero())
    refuse(key, "a duration below 0; give it 0 or more, such as \"5s\"");
}

} // namespace

std::string to_string(policy_kind x) {
  for (const auto& [kind, name] : policy_names)
    if (kind == x)
      return std::string{name};
  return "unknown";
}

std::optional<policy_kind> to_policy_kind(std::string_view name) {
  for (const auto& [kind, known] : policy_names)
    if (known == name)
      return kind;
  return std::nullopt;
}

void check(const scaling_settings& settings) {
  check_positive("interval", settings.interval);
  check_range("consecutive", settings.consecutive, 1, 1000);
  check_range("threshold", settings.threshold, 1, 99);
  check_range("lower_bound", settings.lower_bound, 1, 99);
  check_range("target", settings.target, 1, 99);
  if (settings.lower_bound >= settings.threshold)
    refuse("lower_bound",
           std::to_string(settings.lower_bound)
             + " is not below scaling.threshold ("
             + std::to_string(settings.threshold)
             + "), so what is scaled in would be scaled out again; lower "
               "lower_bound or raise threshold");
  check_not_negative("cool_down", settings.cool_down);
  check_positive("catch_up", settings.catch_up);
  check_positive("max_backlog", settings.max_backlog);
  if (settings.scale_in_after < settings.interval)
    refuse("scale_in_after",
           "is shorter than scaling.interval, so a single report would decide; "
           "raise scale_in_after or lower interval");
  check_range("min_parallelism", settings.min_parallelism, 1, max_slices);
  check_range("max_parallelism", settings.max_parallelism, 1, max_slices);
  if (settings.min_parallelism > settings.max_parallelism)
    refuse("min_parallelism",
           std::to_string(settings.min_parallelism)
             + " is above scaling.max_parallelism ("
             + std::to_string(settings.max_parallelism)
             + "); lower min_parallelism or raise max_parallelism");
}

} // namespace braid
