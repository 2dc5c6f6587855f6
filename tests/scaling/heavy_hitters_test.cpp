#include "scaling/heavy_hitters.hpp"

#include "operators/random.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace braid;

TEST_CASE("few items are counted exactly") {
  heavy_hitters sketch{3};
  CHECK(sketch.heaviest() == nullptr);
  for (auto item : {7, 8, 7, 9, 7})
    sketch.add(static_cast<std::uint64_t>(item));
  REQUIRE(sketch.heaviest() != nullptr);
  CHECK(sketch.heaviest()->item == 7);
  CHECK(sketch.heaviest()->certain() == 3);
  CHECK(sketch.total() == 5);
  sketch.clear();
  CHECK(sketch.heaviest() == nullptr);
  CHECK(sketch.total() == 0);
}

TEST_CASE("counts are off by their error at most, and that is bounded") {
  auto seed = GENERATE(range<std::uint64_t>(1, 21));
  random_generator random{seed};
  heavy_hitters sketch{20};
  std::map<std::uint64_t, std::uint64_t> exact;
  for (auto i = 0; i < 20'000; ++i) {
    // Squares crowd together near 0.
    auto x = random.uniform();
    auto item = static_cast<std::uint64_t>(x * x * x * x * 1000);
    ++exact[item];
    sketch.add(item);
  }
  CAPTURE(seed);
  for (auto& one : sketch.counters()) {
    CHECK(one.count >= exact[one.item]);
    CHECK(one.certain() <= exact[one.item]);
    CHECK(one.error <= sketch.total() / 20);
  }
  for (auto& [item, count] : exact) {
    auto kept =
      std::any_of(sketch.counters().begin(), sketch.counters().end(),
                  [wanted = item](auto& one) { return one.item == wanted; });
    CHECK((kept || count <= sketch.total() / 20));
  }
}
