// Nodes and partitions are lost at any moment, stand still and come back too
// late, and lose the connections between them: recovered from what other nodes
// hold, results stay what they would have been.
#include "tests/simulator/crash_trials.hpp"
#include "tests/simulator/seeds.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::simulator;

namespace {

/// What happened in all runs together.
class loss_counter {
public:
  void add(const simulation_report& report) {
    losses_ += report.crashes;
    zombies_ += report.zombies;
    cuts_ += report.cuts;
    lasting_cuts_ += report.lasting_cuts;
    pauses_ += report.pauses;
    interrupted_ += report.interrupted;
    late_ += report.restored_at > 0;
    refused_ += report.names_refused;
  }

  /// That losses happened, and not only before the first checkpoint.
  void check(std::uint64_t runs) const {
    CAPTURE(losses_, zombies_, cuts_, lasting_cuts_, pauses_, interrupted_,
            late_, refused_);
    CHECK(losses_ > runs);
    CHECK(zombies_ > runs / 8);
    CHECK(cuts_ > runs / 4);
    CHECK(lasting_cuts_ > runs / 50);
    CHECK(pauses_ > runs / 4);
    CHECK(interrupted_ > runs / 8);
    CHECK(late_ > runs / 8);
    CHECK(refused_ > runs / 100);
  }

private:
  std::uint64_t losses_ = 0;
  std::uint64_t zombies_ = 0;
  std::uint64_t cuts_ = 0;
  std::uint64_t lasting_cuts_ = 0;
  std::uint64_t pauses_ = 0;
  std::uint64_t interrupted_ = 0;
  std::uint64_t late_ = 0;
  std::uint64_t refused_ = 0;
};

void recover_again_and_again(cutting how, seed_range seeds) {
  loss_counter counter;
  auto all = for_each_seed(seeds, [&](std::uint64_t seed) {
    random_generator random{seed};
    counter.add(run_trial(random_crash_trial(how, random)));
  });
  if (all)
    counter.check(seeds.count);
}

} // namespace

// In parts, which run side by side.
TEMPLATE_TEST_CASE_SIG("random topologies give what the naive model says "
                       "though nodes and partitions are lost",
                       "", ((int part), part), 0, 1, 2, 3) {
  recover_again_and_again(cutting::by_count, seed_range::share(part, 1'500));
}

TEMPLATE_TEST_CASE_SIG("sources that cut by the clock repeat the cuts of lost "
                       "ones",
                       "", ((int part), part), 0, 1, 2) {
  recover_again_and_again(cutting::by_clock, seed_range::share(part, 1'000));
}

TEST_CASE("at any time buffers hold nothing up to the stable epoch") {
  epoch_number stable = 0;
  auto all = for_each_seed(500, [&](std::uint64_t seed) {
    random_generator random{seed};
    auto trial = random_crash_trial(cutting::by_count, random);
    trial.options.stop_after = 1 + random.below(20'000);
    stable += run_trial(trial).stable;
  });
  if (all)
    CHECK(stable > 0);
}

TEST_CASE("when all copies of something are lost, the recovery says so") {
  std::uint64_t failed = 0;
  auto all = for_each_seed(500, [&](std::uint64_t seed) {
    random_generator random{seed};
    auto trial = random_crash_trial(cutting::by_count, random);
    trial.settings.checkpoints.every = 1;
    trial.options.crash_odds = 1'000;
    trial.options.most_crashes = 30;
    trial.options.replicas = 1;
    trial.options.nodes = 3;
    trial.options.lose_all_copies = true;
    try {
      run_trial(trial);
    } catch (const simulation_failure& failure) {
      std::string what = failure.what();
      auto says = [&](const char* text) {
        return what.find(text) != std::string::npos;
      };
      // A partition failed on the only node that was left.
      if (says("only a run with checkpoints, on several nodes"))
        return;
      if (!says("cannot be restored at epoch")
          || !says("no whole copy is left of ") || !says("keep more replicas"))
        throw;
      ++failed;
    }
  });
  if (all)
    CHECK(failed > 10);
}
