#include "scaling/figures_in_words.hpp"

#include "operators/slice.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace braid {

namespace {

std::string printed(const char* format, double x) {
  char text[64];
  std::snprintf(text, sizeof(text), format, x);
  return text;
}

} // namespace

std::string count_of(std::uint64_t count, std::string_view thing) {
  auto result = std::to_string(count) + ' ' + std::string{thing};
  return count == 1 ? result : result + 's';
}

std::string per_cent(double share) {
  return printed("%.0f %%", share * 100);
}

std::string one_decimal(double x) {
  return printed("%.1f", x);
}

std::string tuples_per_second(double rate) {
  return printed(rate < 10 ? "%.1f" : "%.0f", rate) + " tuples/s";
}

std::uint32_t at_least(double x) {
  auto whole = std::ceil(x - 1e-3);
  return static_cast<std::uint32_t>(
    std::clamp(whole, 1.0, static_cast<double>(max_slices)));
}

} // namespace braid
