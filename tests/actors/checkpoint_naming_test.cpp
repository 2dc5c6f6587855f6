#include "actors/checkpoint_naming.hpp"

#include <catch2/catch.hpp>

using namespace braid;

TEST_CASE("one checkpoint is named at a time, ahead of all sources") {
  checkpoint_naming naming;
  CHECK(naming.on_tick());
  auto named = naming.name(100);
  CHECK(named > 100);
  CHECK(!naming.on_tick());
  naming.on_stable(named - 1);
  CHECK(!naming.on_tick());
  naming.on_stable(named);
  CHECK(naming.on_tick());
}

TEST_CASE("the faster sources are, the further ahead are checkpoints named") {
  checkpoint_naming naming;
  naming.name(100);
  naming.on_loss();
  naming.on_tick();
  CHECK(naming.name(1'100) == 1'100 + 4 + 250);
  naming.on_loss();
  naming.on_tick();
  CHECK(naming.name(1'100) == 1'104);
}

TEST_CASE("a refused checkpoint is followed by one further ahead") {
  checkpoint_naming naming;
  for (epoch_number far : {4, 8, 16, 32, 64, 64}) {
    CHECK(naming.on_tick());
    auto named = naming.name(0);
    CHECK(named == far);
    naming.on_refused(named);
  }
  naming.on_stable(naming.name(0));
  CHECK(naming.name(0) == 4);
}

TEST_CASE("a late refusal says nothing of a checkpoint named since") {
  checkpoint_naming naming;
  auto first = naming.name(100);
  naming.on_refused(first);
  naming.name(200);
  naming.on_refused(first);
  CHECK(!naming.on_tick());
}

TEST_CASE("after a loss, or much patience, another checkpoint is named") {
  checkpoint_naming naming;
  naming.name(100);
  naming.on_loss();
  CHECK(naming.on_tick());
  naming.name(100);
  unsigned ticks = 1;
  while (!naming.on_tick())
    ++ticks;
  CHECK(ticks == 30);
}
