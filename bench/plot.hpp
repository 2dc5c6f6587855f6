// Plots as SVG files, for those who read benchmarks.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// A line of a plot, from point to point.
struct plotted_line {
  std::string name;
  std::string colour; ///< as CSS writes it
  std::vector<std::pair<double, double>> points;
  bool steps = false; ///< each value holds until the next one
};

/// A moment that a plot names.
struct plotted_moment {
  double at = 0;
  std::string name;
};

struct plot {
  std::string title;
  std::string across; ///< what runs from left to right, with its unit
  std::string upward;
  std::vector<plotted_line> lines;
  std::vector<plotted_moment> moments{};
  /// The values are spread by their logarithms; those below are drawn there.
  double least = 0; ///< 0: they are not

  /// Throws `std::runtime_error` if the file cannot be written.
  void write(const std::filesystem::path& file) const;
};

} // namespace braid
