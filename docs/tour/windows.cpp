// The code of docs/windows.md; compiled and run with the tests.
#include "actors/run_to_end.hpp"

#include "operators/braid.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace std::chrono_literals;

struct trade {
  std::uint32_t share = 0;
  std::int64_t price = 0;
  braid::event_time at = 0;
};

// [aggregator]
/// The mean price.
struct mean_price {
  struct accumulator {
    std::int64_t sum = 0;
    std::int64_t count = 0;
  };

  void add(accumulator& into, const trade& x) const {
    into.sum += x.price;
    ++into.count;
  }

  void merge(accumulator& into, const accumulator& other) const {
    into.sum += other.sum;
    into.count += other.count;
  }

  std::int64_t result(const accumulator& x) const {
    return x.sum / x.count;
  }
};
// [aggregator]

std::uint32_t share_of(const trade& x) {
  return x.share;
}

/// A trade a second, of two shares in turn, at prices 0, 1, 2 ...
auto some_trades(std::uint64_t count) {
  auto make = [](std::uint64_t i) {
    return trade{static_cast<std::uint32_t>(i % 2),
                 static_cast<std::int64_t>(i),
                 static_cast<braid::event_time>(i) * 1'000'000};
  };
  return braid::generate<trade>(make, {.count = count});
}

} // namespace

TEST_CASE("mean prices in tumbling windows") {
  using mean = braid::windowed_value<std::uint32_t, std::int64_t>;
  auto results = std::make_shared<braid::collected<mean>>();
  auto late = std::make_shared<braid::collected<trade>>();
  braid::topology topology{"prices", {}};
  // [tumbling]
  auto trades = topology.source("trades", some_trades(20))
                  .assign_times(
                    "times", [](const trade& x) { return x.at; }, 2s);
  auto means = trades.key_by(share_of)
                 .window(braid::tumbling(10s))
                 .allowed_lateness(5s)
                 .aggregate("means", mean_price{});
  means.sink("result", braid::collect(results));
  means.side<trade>("late").sink("late", braid::collect(late));
  // [tumbling]
  braid::run_to_end(topology);
  CHECK(late->size() == 0);
  auto found = results->values();
  std::sort(found.begin(), found.end(), [](auto& a, auto& b) {
    return std::tie(a.window, a.key) < std::tie(b.window, b.key);
  });
  CHECK(found
        == std::vector<mean>{{0, {0, 10'000'000}, 4},
                             {1, {0, 10'000'000}, 5},
                             {0, {10'000'000, 20'000'000}, 14},
                             {1, {10'000'000, 20'000'000}, 15}});
}

TEST_CASE("pairs of trades close to each other") {
  auto results = std::make_shared<braid::collected<std::int64_t>>();
  braid::topology topology{"pairs", {}};
  auto time_of = [](const trade& x) { return x.at; };
  auto left =
    topology.source("left", some_trades(10)).assign_times("lt", time_of);
  auto right =
    topology.source("right", some_trades(10)).assign_times("rt", time_of);
  // [join]
  join(left.key_by(share_of), right.key_by(share_of))
    .between(-2s, 2s)
    .apply("gaps",
           [](const trade& a, const trade& b) { return b.price - a.price; })
    .sink("result", braid::collect(results));
  // [join]
  braid::run_to_end(topology);
  // Each with itself, and with the one of its share before and after.
  CHECK(results->size() == 10 + 2 * 8);
}
