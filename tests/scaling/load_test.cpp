#include "scaling/load.hpp"

#include <catch2/catch.hpp>

using namespace braid;

TEST_CASE("a partition is busy with an epoch that it has not finished") {
  partition_load load;
  load.busy_ns = 100;
  CHECK(load.busy_until(5'000) == 100);
  load.busy_since_ns = 4'000;
  CHECK(load.busy_until(5'000) == 1'100);
  // Looked at before it began.
  CHECK(load.busy_until(3'000) == 100);
}
