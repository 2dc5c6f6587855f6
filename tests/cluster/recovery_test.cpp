// Processes are killed, stopped and cut off while they run a topology: its
// output stays the same, byte for byte.
#include "tests/cluster/chain_trial.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace braid::testing;

TEST_CASE("a killed worker changes no byte of the output") {
  chain_trial trial{3, quick};
  trial.submit();
  trial.await_progress(300);
  trial.kill(1);
  trial.check_output();
}

TEST_CASE("small replay buffers and a long interval change no byte of the "
          "output: checkpoints are taken when buffers fill") {
  auto settings = quick;
  settings.back() = "checkpoints.interval=10m";
  settings.insert(settings.end(), {"checkpoints.replay_memory=256KiB",
                                   "checkpoints.replay_budget=1h"});
  chain_trial trial{3, settings};
  trial.submit();
  auto seen = trial.watch_run();
  INFO(seen.stable.size() << " stable epochs");
  CHECK(seen.stable.size() > 10);
  // Without a limit each node would keep more of what passes it.
  CHECK(seen.most_replay_bytes > 64 << 10);
  CHECK(seen.most_replay_bytes < 512 << 10);
  trial.check_output();
}

TEST_CASE("a small replay budget and a long interval: checkpoints are taken "
          "for the work that a loss would cost") {
  auto settings = quick;
  settings.back() = "checkpoints.interval=10m";
  settings.emplace_back("checkpoints.replay_budget=10ms");
  chain_trial trial{3, settings};
  trial.submit();
  trial.await_progress(300);
  trial.kill(2);
  auto seen = trial.watch_run();
  INFO(seen.stable.size() << " stable epochs");
  CHECK(seen.stable.size() > 3);
  trial.check_output();
}

TEST_CASE("tuples that cannot be processed are dead letters, the same ones "
          "after every loss [counterexample 13]") {
  chain_trial trial{3, quick, 10'000};
  trial.submit();
  trial.await_progress(130);
  trial.kill(1);
  trial.check_output();
  auto letters = trial.dead_letters();
  CHECK_THAT(letters, Catch::Contains("10000: operator 'chains', slice ")
                        && Catch::Contains(": cannot stand 30000\n"));
  CHECK_THAT(letters, Catch::Contains("20000: operator 'checked' (fused into "
                                      "'numbers'), slice ")
                        && Catch::Contains(": cannot pass on 20000\n"));
  CHECK(std::count(letters.begin(), letters.end(), '\n') == 3);
}
