// The supervisor crashes at any moment, beside nodes and partitions, and is
// started again: it knows what it had decided, and nothing else.
#include "tests/simulator/crash_trials.hpp"
#include "tests/simulator/seeds.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::simulator;

namespace {

crash_trial trial_of(std::uint64_t seed, cutting how) {
  random_generator random{seed};
  auto result = random_crash_trial(how, random);
  result.options.supervisor_crash_odds =
    std::array{300u, 2'000u, 10'000u}[random.below(3)];
  return result;
}

void crash_again_and_again(cutting how, seed_range seeds) {
  std::uint64_t crashes = 0;
  std::uint64_t fenced = 0;
  auto all = for_each_seed(seeds, [&](std::uint64_t seed) {
    auto report = run_trial(trial_of(seed, how));
    crashes += report.supervisor_crashes;
    fenced += report.fenced_commands;
  });
  if (!all)
    return;
  CAPTURE(crashes, fenced);
  CHECK(crashes > seeds.count / 2);
  CHECK(fenced > seeds.count / 8);
}

} // namespace

TEMPLATE_TEST_CASE_SIG("[39] results stay what they would have been though the "
                       "supervisor crashes, too",
                       "", ((int part), part), 0, 1) {
  crash_again_and_again(cutting::by_count, seed_range::share(part, 1'000));
}

TEMPLATE_TEST_CASE_SIG("[39] cuts by the clock are repeated though the "
                       "supervisor crashes",
                       "", ((int part), part), 0, 1) {
  crash_again_and_again(cutting::by_clock, seed_range::share(part, 500));
}

TEST_CASE(
  "[41] found: commands of a supervisor's earlier life that are obeyed") {
  std::string failure;
  for (std::uint64_t seed = 1; seed <= 1'000 && failure.empty(); ++seed) {
    auto trial = trial_of(seed, cutting::by_count);
    trial.options.planted = planted_bug::supervisor_not_fenced;
    try {
      run_trial(trial);
    } catch (const std::exception& error) {
      trial.options.planted = planted_bug::none;
      CHECK_NOTHROW(run_trial(trial));
      failure = error.what();
    }
  }
  INFO(failure);
  CHECK(!failure.empty());
}
