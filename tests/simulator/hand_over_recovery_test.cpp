// Slices change hands while nodes, partitions, connections and the supervisor
// are lost, nodes stand still, and backups are refused: results stay what they
// would have been.
#include "tests/simulator/crash_trials.hpp"
#include "tests/simulator/seeds.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::simulator;

namespace {

crash_trial trial_of(std::uint64_t seed, cutting how) {
  random_generator random{seed};
  // Long enough that there is time for something.
  auto result = random_crash_trial(how, random, 200);
  if (result.settings.checkpoints.every > 3)
    result.settings.checkpoints.every = 2;
  auto& options = result.options;
  options.supervisor_crash_odds =
    std::array{0u, 2'000u, 10'000u}[random.below(3)];
  options.hand_over_odds = static_cast<std::uint32_t>(20 + random.below(200));
  options.abort_odds = std::array{2'000u, 50'000u}[random.below(2)];
  options.crash_odds = std::array{2'000u, 10'000u, 50'000u}[random.below(3)];
  return result;
}

void hand_over_again_and_again(cutting how, seed_range seeds) {
  simulation_report sum;
  auto all = for_each_seed(seeds, [&](std::uint64_t seed) {
    auto report = run_trial(trial_of(seed, how));
    sum.hand_overs += report.hand_overs;
    sum.handed_over += report.handed_over;
    sum.taken_back += report.taken_back;
    sum.amid += report.amid;
    sum.drains += report.drains;
  });
  CAPTURE(sum.hand_overs, sum.handed_over, sum.taken_back, sum.amid,
          to_string(sum.drains));
  if (!all)
    return;
  CHECK(sum.handed_over > seeds.count / 4);
  CHECK(sum.taken_back > seeds.count / 100);
  CHECK(sum.amid > seeds.count / 4);
  CHECK(sum.drains.carried_out > seeds.count / 150);
  CHECK(sum.drains.sources > seeds.count / 100);
  CHECK(sum.drains.sinks > seeds.count / 100);
}

} // namespace

// In parts, which run side by side.
TEMPLATE_TEST_CASE_SIG("slices change hands amid every fault without changing "
                       "a result",
                       "", ((int part), part), 0, 1, 2, 3) {
  hand_over_again_and_again(cutting::by_count, seed_range::share(part, 1'500));
}

TEMPLATE_TEST_CASE_SIG("slices change hands amid every fault of a run by the "
                       "clock",
                       "", ((int part), part), 0, 1, 2, 3, 4, 5, 6, 7) {
  hand_over_again_and_again(cutting::by_clock, seed_range::share(part, 500));
}
