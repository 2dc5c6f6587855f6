#include "tools/spelling.hpp"

#include <algorithm>
#include <numeric>

namespace braid {

namespace {

/// Levenshtein's distance, one row of its table at a time.
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    auto diagonal = row[0]++;
    for (std::size_t j = 0; j < to.size(); ++j) {
      auto replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

} // namespace

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
  std::optional<std::string> best;
  std::size_t best_distance = 0;
  for (const auto& candidate : candidates) {
    auto letters = distance(word, candidate);
    bool abbreviated = word.size() >= 3 && candidate.starts_with(word);
    if (!abbreviated
        && letters > std::max<std::size_t>(2, candidate.size() / 3))
      continue;
    if (!best || letters < best_distance) {
      best = candidate;
      best_distance = letters;
    }
  }
  return best;
}

} // namespace braid
