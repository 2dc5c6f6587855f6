// Partitions crash at any moment and are restored from checkpoints: results
// stay what they would have been.
#include "tests/simulator/build_topology.hpp"
#include "tests/simulator/naive_model.hpp"
#include "tests/simulator/random_topology.hpp"
#include "tests/simulator/seeds.hpp"
#include "tests/simulator/simulator.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::simulator;

TEST_CASE("random topologies give what the naive model says though partitions "
          "crash") {
  std::uint64_t crashes = 0;
  std::uint64_t restored_late = 0;
  for_each_seed(2'000, [&](std::uint64_t seed) {
    random_generator random{seed};
    auto description = random_topology(random);
    partition_settings settings;
    settings.flow.in_flight = 1 + random.below(4);
    settings.flow.batch_bytes = random.below(2) == 0 ? 100 : 64 * 1024;
    settings.cuts.count = 1 + random.below(15);
    settings.checkpoints.every = 1 + random.below(6);
    simulation_options options;
    options.turn_length = std::array{1, 20, 200}[random.below(3)];
    options.crash_odds = std::array{100, 1'000, 5'000}[random.below(3)];
    auto found = std::make_shared<recording>();
    auto graph = build_topology(description, found);
    simulation run{*graph, scattered(*graph, 4, random), settings, random(),
                   options};
    auto report = run.run();
    auto expected =
      interpret(description, cuts_by_count(description, *settings.cuts.count,
                                           settings.cuts.length.count()));
    if (auto what = difference(expected, *found); !what.empty())
      throw simulation_failure{"not the same as the naive model: " + what};
    crashes += report.crashes;
    restored_late += report.crashes > 0 && report.stable > 0;
  });
  CHECK(crashes > 1'000);
  CHECK(restored_late > 100);
}
