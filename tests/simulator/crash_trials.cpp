#include "tests/simulator/crash_trials.hpp"

#include "tests/simulator/build_topology.hpp"
#include "tests/simulator/naive_model.hpp"
#include "tests/simulator/random_topology.hpp"

#include <algorithm>
#include <array>

namespace braid::simulator {

namespace {

simulation_options random_losses(random_generator& random) {
  simulation_options result;
  result.turn_length = std::array{1, 20, 200}[random.below(3)];
  result.crash_odds = std::array{100, 1'000, 5'000}[random.below(3)];
  result.replicas = static_cast<std::uint32_t>(1 + random.below(2));
  result.nodes = static_cast<std::uint32_t>(3 + random.below(3));
  result.small_parts = random.below(2) == 0;
  result.cut_odds = std::array{0, 1'000, 10'000}[random.below(3)];
  result.pause_odds = std::array{0, 2'000}[random.below(2)];
  result.refuse_odds = std::array{0, 0, 20}[random.below(3)];
  // Of a schedule that does not end, no more is to be seen.
  result.most_turns = 5'000'000;
  return result;
}

} // namespace

crash_trial random_crash_trial(cutting how, random_generator& random,
                               std::uint64_t longest_split) {
  crash_trial result;
  auto by_clock = how == cutting::by_clock;
  result.description = random_topology(
    random, {.longest_split = longest_split, .paced = by_clock});
  auto& settings = result.settings;
  settings.flow.in_flight = 1 + random.below(4);
  settings.flow.batch_bytes = random.below(2) == 0 ? 100 : 64 * 1024;
  settings.checkpoints.taken = true;
  settings.checkpoints.every = 1 + random.below(6);
  settings.checkpoints.hold_cuts = by_clock;
  if (by_clock)
    settings.cuts.max_tuples = 1 + random.below(40);
  else
    settings.cuts.count = 1 + random.below(15);
  result.options = random_losses(random);
  // Copies of more than a slice or two have to be taken ahead.
  if (random.below(3) == 0)
    settings.checkpoints.copies = {1 + random.below(200), 20'000'000, 1};
  settings.round_trip_state = random.below(8) == 0;
  if (random.below(4) == 0) {
    settings.checkpoints.every = 0;
    result.options.naming_odds = 200;
    // The clock does not skip while there is talk.
    result.options.turn_length =
      std::max<event_time>(20, result.options.turn_length);
  }
  result.seed = random();
  return result;
}

crash_trial random_limit_trial(cutting how, random_generator& random) {
  auto result = random_crash_trial(how, random);
  result.settings.checkpoints.every = 0;
  auto& options = result.options;
  options.naming_odds = 0;
  // What is refused keeps buffers full for longer than there is room for.
  options.refuse_odds = 0;
  options.turn_length = std::max<event_time>(20, options.turn_length);
  options.replay_limit = std::array{500, 5'000, 20'000}[random.below(3)];
  if (random.below(2) == 0) {
    options.busy_ns = 1'000;
    result.settings.checkpoints.replay_budget =
      std::chrono::nanoseconds{1'000 * (2 + random.below(40))};
  }
  return result;
}

simulation_report run_trial(const crash_trial& trial) {
  auto& [description, settings, options, seed] = trial;
  random_generator random{seed};
  auto found = std::make_shared<recording>();
  auto graph = build_topology(description, found);
  auto nodes = options.first_nodes == 0 ? options.nodes : options.first_nodes;
  simulation run{*graph, scattered(*graph, 4, random, nodes), settings,
                 random(), options};
  auto report = run.run();
  if (options.stop_after != 0)
    return report;
  auto cuts = settings.cuts.count ? cuts_by_count(
                description, *settings.cuts.count, settings.cuts.length.count())
                                  : cuts_of(description, *options.held_cuts);
  auto expected = interpret(description, cuts);
  if (auto what = difference(expected, *found); !what.empty())
    throw simulation_failure{"not the same as the naive model: " + what};
  return report;
}

} // namespace braid::simulator
