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

TEST_CASE("a refused checkpoint is followed by one further ahead") {
  checkpoint_naming naming;
  auto first = naming.name(100) - 100;
  naming.on_refused(100 + first);
  CHECK(naming.on_tick());
  auto second = naming.name(200) - 200;
  CHECK(second > first);
  // Once they become stable, it need not be as far.
  for (epoch_number at = 1'000; at < 10'000; at += 1'000)
    naming.on_stable(naming.name(at));
  CHECK(naming.name(20'000) - 20'000 == first);
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
