// Slices change hands again and again: results stay what they would have been.
#include "tests/simulator/build_topology.hpp"
#include "tests/simulator/hand_over_run.hpp"
#include "tests/simulator/naive_model.hpp"
#include "tests/simulator/random_topology.hpp"
#include "tests/simulator/seeds.hpp"
#include "tests/simulator/simulator.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::simulator;

namespace {

struct disturbance {
  std::uint32_t abort_odds = 0;
  std::uint32_t loss_odds = 0;
};

hand_over_run::report hand_over_at_random(std::uint64_t seed,
                                          const disturbance& by) {
  random_generator random{seed};
  auto description = random_topology(random, {.paced = false});
  hand_over_run::settings how;
  auto& settings = how.partitions;
  settings.flow.in_flight = 1 + random.below(4);
  settings.flow.batch_bytes = random.below(2) == 0 ? 100 : 64 * 1024;
  settings.checkpoints.taken = true;
  settings.checkpoints.every = 1 + random.below(6);
  settings.cuts.count = 1 + random.below(8);
  settings.round_trip_state = random.below(8) == 0;
  how.hand_over_odds = static_cast<std::uint32_t>(20 + random.below(300));
  how.abort_odds = by.abort_odds;
  how.loss_odds = by.loss_odds;
  auto found = std::make_shared<recording>();
  auto graph = build_topology(description, found);
  hand_over_run run{*graph, scattered(*graph, 3, random, 3), how, random()};
  auto report = run.run();
  auto expected =
    interpret(description, cuts_by_count(description, *settings.cuts.count,
                                         settings.cuts.length.count()));
  if (auto what = difference(expected, *found); !what.empty())
    throw simulation_failure{"not the same as the naive model: " + what};
  return report;
}

/// What happened in all runs together.
hand_over_run::report hand_over_again_and_again(seed_range seeds,
                                                const disturbance& by) {
  hand_over_run::report all;
  auto whole = for_each_seed(seeds, [&](std::uint64_t seed) {
    auto one = hand_over_at_random(seed, by);
    all.committed += one.committed;
    all.joined += one.joined;
    all.aborted += one.aborted;
    all.losses += one.losses;
    all.amid += one.amid;
    all.drains += one.drains;
  });
  CAPTURE(all.committed, all.joined, all.aborted, all.losses, all.amid,
          to_string(all.drains));
  if (whole) {
    CHECK(all.committed > seeds.count / 4);
    CHECK(all.joined > seeds.count / 8);
    CHECK((by.abort_odds == 0 || all.aborted > seeds.count / 8));
    CHECK((by.loss_odds == 0 || all.losses > seeds.count));
    CHECK((by.loss_odds == 0 || all.amid > seeds.count / 2));
    CHECK(all.drains.carried_out > seeds.count / 400);
    CHECK(all.drains.sources > seeds.count / 400);
    CHECK(all.drains.sinks > seeds.count / 400);
  }
  return all;
}

} // namespace

TEST_CASE("slices change hands without changing a result") {
  hand_over_again_and_again(seed_range{1'000}, {});
}

TEST_CASE("hand-overs that are aborted anywhere change no result") {
  hand_over_again_and_again(seed_range{1'000}, {.abort_odds = 1'000});
}

// In parts, which run side by side.
TEMPLATE_TEST_CASE_SIG("nodes, connections and supervisors that are lost while "
                       "slices change hands change no result",
                       "", ((int part), part), 0, 1, 2, 3) {
  hand_over_again_and_again(seed_range::share(part, 2'000),
                            {.abort_odds = 5'000, .loss_odds = 1'000});
}
