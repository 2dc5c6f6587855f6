// Processes are killed, stopped and cut off while they run a topology: its
// output stays the same, byte for byte.
#include "tests/cluster/chain_trial.hpp"

#include <catch2/catch.hpp>

using namespace braid::testing;

TEST_CASE("a killed worker changes no byte of the output") {
  chain_trial trial{3, quick};
  trial.submit();
  trial.await_progress(300);
  trial.kill(1);
  trial.check_output();
}
