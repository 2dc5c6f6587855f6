#include "tools/stop_signals.hpp"

#include <catch2/catch.hpp>
#include <unistd.h>

using namespace braid;
using namespace std::chrono_literals;

TEST_CASE("signals to stop are values") {
  stop_signals signals;
  CHECK(signals.wait_for(0us) == 0);
  kill(getpid(), SIGTERM);
  CHECK(signals.wait() == SIGTERM);
  kill(getpid(), SIGINT);
  CHECK(signals.wait_for(1h) == SIGINT);
}

TEST_CASE("a process that ends by itself is not ended by force") {
  {
    stop_signals signals;
    signals.end_within(1h, 1);
  }
  SUCCEED("and does not wait for an hour");
}

TEST_CASE("writing to a closed pipe is an error, not the end") {
  stop_signals signals;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  close(ends[0]);
  CHECK(write(ends[1], "x", 1) == -1);
  close(ends[1]);
}
