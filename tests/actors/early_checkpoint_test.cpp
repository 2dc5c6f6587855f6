#include "actors/early_checkpoint.hpp"

#include <catch2/catch.hpp>

using namespace braid;

TEST_CASE("a checkpoint is wanted early when replay buffers are half full") {
  auto account = std::make_shared<replay_account>(1'000);
  early_checkpoint early{{{}, account}};
  account->add(499);
  CHECK(!early.ask(1, 0));
  account->add(1);
  CHECK(early.ask(2, 0));
}

TEST_CASE("a checkpoint is wanted early when half of the replay budget is "
          "worked off since the last one") {
  early_checkpoint early{{std::chrono::nanoseconds{1'000}, nullptr}};
  CHECK(!early.ask(1, 499));
  early.on_checkpoint(499);
  CHECK(!early.ask(2, 998));
  CHECK(early.ask(3, 999));
}

TEST_CASE("without limit and budget no checkpoint is wanted early") {
  early_checkpoint early{{}};
  CHECK(!early.ask(1, ~std::uint64_t{0}));
}

TEST_CASE("a partition asks once until an epoch is stable") {
  auto account = std::make_shared<replay_account>(1'000);
  early_checkpoint early{{{}, account}};
  account->add(900);
  CHECK(early.ask(5, 0));
  CHECK(!early.ask(6, 0));
  // Not far enough: the buffers are as full as before.
  early.on_stable(4);
  CHECK(early.ask(6, 0));
  SECTION("nothing is to be freed of what is stable") {
    early.on_stable(6);
    CHECK(!early.ask(6, 0));
  }
  SECTION("nor if others have made room") {
    account->remove(600);
    early.on_stable(5);
    CHECK(!early.ask(7, 0));
  }
}
