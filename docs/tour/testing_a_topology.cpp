// The code of docs/testing_a_topology.md; compiled and run with the tests.
#include "actors/run_to_end.hpp"

#include "operators/braid.hpp"

#include <catch2/catch.hpp>

namespace {

struct payment {
  std::uint32_t account = 0;
  std::int64_t cents = 0;
};

using balance = braid::keyed_value<std::uint32_t, std::int64_t>;

template <class Sink>
void balances(braid::topology& topology, Sink sink) {
  auto make = [](std::uint64_t i) {
    return payment{static_cast<std::uint32_t>(i % 7),
                   static_cast<std::int64_t>(i) - 500};
  };
  topology
    .source("payments",
            braid::generate<payment>(make, {.count = 1000, .splits = 5}))
    .key_by([](const payment& x) { return x.account; })
    .reduce(
      "balances", std::int64_t{0},
      [](std::int64_t& sum, const payment& x) { sum += x.cents; },
      braid::emit::at_end)
    .sink("result", sink);
}

} // namespace

// [model]
TEST_CASE("balances are what a plain loop computes") {
  std::map<std::uint32_t, std::int64_t> expected;
  for (std::int64_t i = 0; i < 1000; ++i)
    expected[static_cast<std::uint32_t>(i % 7)] += i - 500;

  auto results = std::make_shared<braid::collected<balance>>();
  braid::topology topology{"balances", {}};
  balances(topology, braid::collect(results));
  braid::run_to_end(topology);

  std::map<std::uint32_t, std::int64_t> found;
  for (auto& x : results->values())
    found[x.key] = x.value;
  CHECK(found == expected);
}
// [model]

// [parallelism]
TEST_CASE("balances do not depend on parallelism") {
  auto run = [](std::uint32_t parallelism) {
    auto results = std::make_shared<braid::collected<balance>>();
    braid::topology topology{"balances", {}};
    balances(topology, braid::collect(results));
    braid::run_to_end(topology, {.parallelism = parallelism});
    return results->values();
  };
  CHECK(run(1) == run(4));
}
// [parallelism]
