// Replay buffers are bounded: as they fill, a checkpoint is taken early; when
// they are full, sources wait for it, and nobody for ever. The simulator itself
// watches that no source begins what it should not.
#include "tests/simulator/crash_trials.hpp"
#include "tests/simulator/seeds.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::simulator;

namespace {

void run_within_limits(cutting how, std::uint64_t runs) {
  std::uint64_t full = 0;
  auto all = for_each_seed(runs, [&](std::uint64_t seed) {
    random_generator random{seed};
    auto trial = random_limit_trial(how, random);
    trial.options.crash_odds = 0;
    auto report = run_trial(trial);
    full += report.times_full;
    // Data stops at the limit. What is under way then is no more than the
    // epochs in flight on the way from the sources, and those up to the
    // checkpoint.
    auto operators = trial.description.nodes.size();
    auto under_way = 2 + operators * trial.settings.flow.in_flight;
    auto most = trial.options.replay_limit
                + (under_way + 64) * report.largest_epoch_bytes;
    INFO(report.most_replay_bytes << " bytes, allowed " << most);
    if (report.most_replay_bytes > most)
      throw simulation_failure{"replay buffers hold too much"};
  });
  if (all)
    CHECK(full > runs);
}

} // namespace

TEST_CASE("at the limit of replay buffers sources hold data back until a "
          "checkpoint frees them [counterexample 33]") {
  run_within_limits(cutting::by_count, 1'000);
}

TEST_CASE("at the limit of replay buffers sources that cut by the clock close "
          "empty epochs [counterexample 33]") {
  run_within_limits(cutting::by_clock, 1'000);
}

TEMPLATE_TEST_CASE_SIG("results stay the same, and nobody waits for ever, "
                       "though replay buffers are full and nodes are lost",
                       "", ((int part), part), 0, 1) {
  std::uint64_t losses = 0;
  std::uint64_t late = 0;
  auto seeds = seed_range::share(part, 1'000);
  auto all = for_each_seed(seeds, [&](std::uint64_t seed) {
    random_generator random{seed};
    auto how = seed % 2 == 0 ? cutting::by_count : cutting::by_clock;
    auto report = run_trial(random_limit_trial(how, random));
    losses += report.crashes;
    late += report.restored_at > 0;
  });
  if (!all)
    return;
  CHECK(losses > seeds.count);
  CHECK(late > seeds.count / 8);
}

TEST_CASE("what a loss would cost stays below the replay budget "
          "[counterexample 44]") {
  std::uint64_t wishes = 0;
  auto all = for_each_seed(200, [&](std::uint64_t seed) {
    random_generator random{seed};
    auto trial = random_limit_trial(cutting::by_count, random);
    trial.options.crash_odds = 0;
    trial.options.replay_limit = 0;
    trial.options.uneven = false;
    trial.options.busy_ns = 1'000;
    // A checkpoint takes longer in the simulator, which hands over one message
    // a turn, than an epoch.
    trial.settings.checkpoints.replay_budget = std::chrono::microseconds{60};
    auto report = run_trial(trial);
    wishes += report.wishes;
    if (report.most_unstable_ns > 60'000)
      throw simulation_failure{"busy for "
                               + std::to_string(report.most_unstable_ns)
                               + " ns with what is not stable"};
  });
  if (all)
    CHECK(wishes > 0);
}
