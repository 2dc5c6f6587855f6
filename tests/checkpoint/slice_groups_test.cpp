// Slices in groups of even load.
#include "checkpoint/slice_groups.hpp"

#include "operators/random.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <numeric>
#include <set>
#include <stdexcept>

using namespace braid;

namespace {

using groups = std::vector<std::vector<slice_id>>;

std::uint64_t load_of(const std::vector<slice_id>& group,
                      const slice_loads& loads) {
  std::uint64_t result = 0;
  for (auto slice : group)
    result += loads.at(slice);
  return result;
}

std::uint64_t largest(const groups& found, const slice_loads& loads) {
  std::uint64_t result = 0;
  for (auto& group : found)
    result = std::max(result, load_of(group, loads));
  return result;
}

/// The least that the largest of `count` groups can carry, found by trying all.
std::uint64_t least_possible(const slice_loads& loads, std::size_t count) {
  std::vector<std::uint64_t> carried(count);
  auto best = ~std::uint64_t{0};
  std::function<void(slice_loads::const_iterator)> place = [&](auto at) {
    if (at == loads.end()) {
      best = std::min(best, *std::max_element(carried.begin(), carried.end()));
      return;
    }
    for (auto& group : carried) {
      group += at->second;
      place(std::next(at));
      group -= at->second;
    }
  };
  place(loads.begin());
  return best;
}

slice_loads random_loads(random_generator& random, std::size_t slices,
                         std::uint64_t most) {
  slice_loads result;
  while (result.size() < slices)
    result[static_cast<slice_id>(random.below(1'000))] = random.below(most);
  return result;
}

} // namespace

TEST_CASE("slices of even load are halved") {
  slice_loads loads;
  for (slice_id slice = 0; slice < 8; ++slice)
    loads[slice] = 5;
  CHECK(partition_slices(loads, 2) == groups{{0, 2, 4, 6}, {1, 3, 5, 7}});
}

TEST_CASE("a hot slice is left alone") {
  CHECK(partition_slices({{3, 1}, {4, 100}, {7, 2}, {9, 3}}, 2)
        == groups{{4}, {3, 7, 9}});
}

TEST_CASE("slices that cost nothing are shared by number") {
  CHECK(partition_slices({{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}}, 2)
        == groups{{1, 3, 5}, {2, 4}});
}

TEST_CASE("no group is empty, even if there are fewer slices than groups") {
  CHECK(partition_slices({{6, 0}, {2, 9}}, 5) == groups{{2}, {6}});
  CHECK(partition_slices({}, 3).empty());
  CHECK(partition_slices({{6, 1}}, 1) == groups{{6}});
  CHECK_THROWS_AS(partition_slices({{6, 1}}, 0), std::invalid_argument);
}

TEST_CASE("every slice is in one group, and the same one each time") {
  random_generator random{11};
  for (int i = 0; i < 200; ++i) {
    auto loads = random_loads(random, 1 + random.below(300), 1'000'000);
    auto count = static_cast<std::uint32_t>(1 + random.below(12));
    auto found = partition_slices(loads, count);
    CHECK(found == partition_slices(loads, count));
    std::set<slice_id> all;
    std::size_t slices = 0;
    for (auto& group : found) {
      CHECK_FALSE(group.empty());
      CHECK(std::is_sorted(group.begin(), group.end()));
      all.insert(group.begin(), group.end());
      slices += group.size();
    }
    CHECK(all.size() == slices);
    CHECK(slices == loads.size());
  }
}

TEST_CASE("no group carries more than 4/3 of the least that is possible") {
  random_generator random{12};
  for (int i = 0; i < 300; ++i) {
    auto count = static_cast<std::uint32_t>(2 + random.below(2));
    auto loads = random_loads(random, count + random.below(6), 30);
    auto found = largest(partition_slices(loads, count), loads);
    CHECK(3 * found <= 4 * least_possible(loads, count));
  }
  // The rule's worst case: 11 for 9.
  slice_loads worst{{0, 5}, {1, 5}, {2, 4}, {3, 4}, {4, 3}, {5, 3}, {6, 3}};
  CHECK(largest(partition_slices(worst, 3), worst) == 11);
  CHECK(least_possible(worst, 3) == 9);
}

TEST_CASE("what groups carry already counts") {
  std::vector<std::uint64_t> loads{4, 6, 1};
  CHECK(spread_evenly(loads, {{7, 1}, {0, 0}, {5, 2}})
        == std::vector<std::uint32_t>{2, 1, 1});
  // Of equal load, the one with the fewest members.
  CHECK(spread_evenly(std::vector<std::uint64_t>{0, 0}, {{0, 2}, {0, 1}})
        == std::vector<std::uint32_t>{1, 0});
}
