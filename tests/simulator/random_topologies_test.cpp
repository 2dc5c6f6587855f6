// Random topologies under random schedules and parallelism give what the
// naive model says.
#include "tests/simulator/build_topology.hpp"
#include "tests/simulator/cut_file.hpp"
#include "tests/simulator/naive_model.hpp"
#include "tests/simulator/random_topology.hpp"
#include "tests/simulator/seeds.hpp"
#include "tests/simulator/simulator.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::simulator;

namespace {

partition_settings random_settings(random_generator& random) {
  partition_settings result;
  result.flow.in_flight = 1 + random.below(4);
  result.flow.batch_bytes = random.below(2) == 0 ? 100 : 64 * 1024;
  result.round_trip_state = random.below(4) == 0;
  return result;
}

/// Runs `description` under an assignment and a schedule made from `seed`.
recording run_once(const topology_description& description,
                   const partition_settings& settings, std::uint64_t seed) {
  random_generator random{seed};
  auto found = std::make_shared<recording>();
  auto graph = build_topology(description, found);
  simulation_options options;
  options.turn_length = std::array{1, 20, 200}[random.below(3)];
  simulation run{*graph, scattered(*graph, 4, random), settings, random(),
                 options};
  run.run();
  return *found;
}

void require_same(const std::string& as, const recording& expected,
                  const recording& found) {
  if (auto what = difference(expected, found); !what.empty())
    throw simulation_failure{"not the same as " + as + ": " + what};
}

} // namespace

TEST_CASE("random topologies in count mode give what the naive model says") {
  std::uint64_t tuples = 0;
  for_each_seed(4'000, [&](std::uint64_t seed) {
    random_generator random{seed};
    auto description = random_topology(random);
    auto settings = random_settings(random);
    settings.cuts.count = 1 + random.below(15);
    auto found = run_once(description, settings, random());
    require_same(
      "the naive model",
      interpret(description, cuts_by_count(description, *settings.cuts.count,
                                           settings.cuts.length.count())),
      found);
    tuples += count_tuples(found);
  });
  CHECK(tuples > 0);
}

TEST_CASE("random topologies with recorded cuts give the same again, and what "
          "the naive model says") {
  std::uint64_t tuples = 0;
  for_each_seed(200, [&](std::uint64_t seed) {
    random_generator random{seed};
    auto description = random_topology(random, {.paced = true});
    auto settings = random_settings(random);
    settings.cuts.max_tuples = 1 + random.below(40);
    cut_file file;
    settings.cuts.record = file.begin();
    auto first = run_once(description, settings, random());
    settings.cuts.record.reset();
    settings.cuts.repeat = file.load();
    auto again = run_once(description, settings, random());
    require_same("the first run", first, again);
    require_same(
      "the naive model",
      interpret(description, cuts_of(description, *settings.cuts.repeat)),
      first);
    tuples += count_tuples(first);
  });
  CHECK(tuples > 0);
}
