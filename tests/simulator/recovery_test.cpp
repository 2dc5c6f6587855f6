// Nodes and partitions are lost at any moment, and recovered from what other
// nodes hold: results stay what they would have been.
#include "tests/simulator/build_topology.hpp"
#include "tests/simulator/naive_model.hpp"
#include "tests/simulator/random_topology.hpp"
#include "tests/simulator/seeds.hpp"
#include "tests/simulator/simulator.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::simulator;

namespace {

struct crash_trial {
  topology_description description;
  partition_settings settings;
  simulation_options options;
};

crash_trial random_trial(random_generator& random,
                         const random_topology_options& options = {}) {
  crash_trial result;
  result.description = random_topology(random, options);
  auto& settings = result.settings;
  settings.flow.in_flight = 1 + random.below(4);
  settings.flow.batch_bytes = random.below(2) == 0 ? 100 : 64 * 1024;
  settings.checkpoints.taken = true;
  settings.checkpoints.every = 1 + random.below(6);
  auto& how = result.options;
  how.turn_length = std::array{1, 20, 200}[random.below(3)];
  how.crash_odds = std::array{100, 1'000, 5'000}[random.below(3)];
  how.replicas = static_cast<std::uint32_t>(1 + random.below(2));
  how.nodes = static_cast<std::uint32_t>(3 + random.below(3));
  how.small_parts = random.below(2) == 0;
  if (random.below(4) == 0) {
    settings.checkpoints.every = 0;
    how.naming_odds = 200;
  }
  return result;
}

/// Throws if the run differs from what the naive model makes of `cuts()`,
/// which is called after it.
template <class Cuts>
simulation_report try_crashes(const crash_trial& trial,
                              random_generator& random, Cuts cuts) {
  auto found = std::make_shared<recording>();
  auto graph = build_topology(trial.description, found);
  simulation run{*graph, scattered(*graph, 4, random, trial.options.nodes),
                 trial.settings, random(), trial.options};
  auto report = run.run();
  auto expected = interpret(trial.description, cuts());
  if (auto what = difference(expected, *found); !what.empty())
    throw simulation_failure{"not the same as the naive model: " + what};
  return report;
}

/// That crashes happened, and not only before the first checkpoint.
class crash_counter {
public:
  void add(const simulation_report& report) {
    crashes_ += report.crashes;
    late_ += report.crashes > 0 && report.stable > 0;
  }

  ~crash_counter() {
    CHECK(crashes_ > 1'000);
    CHECK(late_ > 100);
  }

private:
  std::uint64_t crashes_ = 0;
  std::uint64_t late_ = 0;
};

} // namespace

TEST_CASE("random topologies give what the naive model says though partitions "
          "crash") {
  crash_counter counter;
  for_each_seed(2'000, [&](std::uint64_t seed) {
    random_generator random{seed};
    auto trial = random_trial(random);
    auto& cuts = trial.settings.cuts;
    cuts.count = 1 + random.below(15);
    counter.add(try_crashes(trial, random, [&] {
      return cuts_by_count(trial.description, *cuts.count, cuts.length.count());
    }));
  });
}

TEST_CASE("sources that cut by the clock repeat the cuts of lost ones") {
  crash_counter counter;
  for_each_seed(1'000, [&](std::uint64_t seed) {
    random_generator random{seed};
    auto trial = random_trial(random, {.paced = true});
    auto& cuts = trial.settings.cuts;
    cuts.max_tuples = 1 + random.below(40);
    trial.settings.checkpoints.hold_cuts = true;
    counter.add(try_crashes(trial, random, [&] {
      return cuts_of(trial.description, *trial.options.held_cuts);
    }));
  });
}
