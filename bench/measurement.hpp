// What every benchmark hands back.
#pragma once

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// One figure and whether it is good enough.
struct measurement {
  std::string name;
  double value = 0;
  std::string unit;
  double target = 0;
  bool met = false;
  /// What others published for the same, if they did; see docs/benchmarks.md.
  std::optional<double> published{};
};

/// A figure that is good if it is `target` or more.
inline measurement at_least(double target, std::string name, double value,
                            std::string unit) {
  return {std::move(name), value, std::move(unit), target, value >= target, {}};
}

/// A figure that is good if it is `target` or less.
inline measurement at_most(double target, std::string name, double value,
                           std::string unit) {
  return {std::move(name), value, std::move(unit), target, value <= target, {}};
}

/// Returns the middle one of `values`, of which there must be some.
inline double median(std::vector<double> values) {
  assert(!values.empty());
  auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Returns how many seconds `work` takes.
template <class Work>
double seconds_of(Work&& work) {
  auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
    .count();
}

} // namespace braid
