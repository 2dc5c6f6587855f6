// A run begins on a single node, without checkpoints. Others join, slices
// change hands, and then nodes are lost: results stay what they would have
// been.
#include "tests/simulator/crash_trials.hpp"
#include "tests/simulator/seeds.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::simulator;

namespace {

struct growth {
  bool whole = false; ///< all seeds: what happened can be judged
  std::uint64_t handed_over = 0;
  std::uint64_t crashes = 0;
  std::uint64_t stable = 0; ///< runs that took checkpoints
};

growth grow(std::uint32_t nodes, seed_range seeds) {
  growth all;
  all.whole = for_each_seed(seeds, [&](std::uint64_t seed) {
    random_generator random{seed};
    auto trial = random_crash_trial(cutting::by_count, random, 300);
    auto& options = trial.options;
    options.nodes = nodes == 0 ? options.nodes : nodes;
    options.first_nodes = 1;
    options.hand_over_odds = std::array{0u, 300u, 2'000u}[random.below(3)];
    if (nodes == 1)
      options.hand_over_odds = 300;
    auto report = run_trial(trial);
    all.handed_over += report.handed_over;
    all.crashes += report.crashes;
    all.stable += report.stable > 0 ? 1 : 0;
  });
  CAPTURE(all.handed_over, all.crashes, all.stable);
  if (all.whole)
    CHECK(all.stable > seeds.count / 4);
  return all;
}

} // namespace

TEMPLATE_TEST_CASE_SIG("a run that begins on a single node survives losses "
                       "once others have joined",
                       "", ((int part), part), 0, 1) {
  auto seeds = seed_range::share(part, 500);
  auto all = grow(0, seeds);
  CHECK((all.crashes > seeds.count / 8 || !all.whole));
}

TEST_CASE("slices change hands on a single node") {
  seed_range seeds{300};
  auto all = grow(1, seeds);
  CHECK((all.handed_over > seeds.count / 8 || !all.whole));
}
