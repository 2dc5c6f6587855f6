#include "actors/checkpoint_naming.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace std::chrono_literals;

namespace {

const checkpoint_naming::time start{};

} // namespace

TEST_CASE("a checkpoint is named every interval") {
  checkpoint_naming naming{1s, start};
  CHECK(!naming.is_due(start + 999ms));
  CHECK(naming.is_due(start + 1s));
  auto named = naming.name(100, start + 1s);
  CHECK(named > 100);
  naming.on_stable(named, start + 1050ms);
  CHECK(naming.due_at() == start + 2s);
}

TEST_CASE("one checkpoint is named at a time, ahead of all sources") {
  checkpoint_naming naming{1s, start};
  auto named = naming.name(100, start);
  CHECK(named > 100);
  CHECK(!naming.is_due(start + 2s));
  naming.on_stable(named - 1, start + 2s);
  CHECK(!naming.is_due(start + 3s));
  naming.on_stable(named, start + 3s);
  CHECK(naming.is_due(start + 3s));
}

TEST_CASE("the faster sources are, the further ahead are checkpoints named") {
  checkpoint_naming naming{20ms, start};
  naming.name(100, start);
  naming.on_loss();
  CHECK(naming.name(1'100, start + 20ms) == 1'100 + 4 + 250);
  naming.on_loss();
  CHECK(naming.name(1'100, start + 40ms) == 1'104);
}

TEST_CASE("no checkpoint is named further ahead than telling sources takes, "
          "however long the interval") {
  checkpoint_naming naming{1h, start};
  naming.name(0, start);
  naming.on_loss();
  CHECK(naming.name(1'000, start + 1s) == 1'000 + 4 + 25);
}

TEST_CASE("a refused checkpoint is followed by one further ahead") {
  checkpoint_naming naming{1s, start};
  auto now = start;
  for (epoch_number far : {4, 8, 16, 32, 64, 64}) {
    now += 1s;
    CHECK(naming.is_due(now));
    auto named = naming.name(0, now);
    CHECK(named == far);
    naming.on_refused(named);
  }
  naming.on_stable(naming.name(0, now), now);
  CHECK(naming.name(0, now) == 4);
}

TEST_CASE("a late refusal says nothing of a checkpoint named since") {
  checkpoint_naming naming{1s, start};
  auto first = naming.name(100, start);
  naming.on_refused(first);
  naming.name(200, start);
  naming.on_refused(first);
  CHECK(!naming.is_due(start + 1s));
}

TEST_CASE("after a loss, or much patience, another checkpoint is named") {
  checkpoint_naming naming{100ms, start};
  naming.name(100, start);
  naming.on_loss();
  CHECK(naming.is_due(start + 100ms));
  naming.name(100, start + 100ms);
  CHECK(naming.due_at() == start + 3100ms);
  CHECK(naming.is_due(start + 3100ms));

  checkpoint_naming seldom{1h, start};
  seldom.name(100, start);
  CHECK(seldom.due_at() == start + 30s);
}

TEST_CASE("a checkpoint that is wished for is named early") {
  checkpoint_naming naming{1h, start};
  naming.on_wish(50);
  CHECK(naming.is_due(start));
  auto named = naming.name(60, start);
  // Others wish for what it will bring.
  naming.on_wish(55);
  CHECK(!naming.is_due(start + 1s));

  SECTION("and what was wished for is done when it is stable") {
    naming.on_stable(named, start + 1s);
    CHECK(!naming.is_due(start + 1min));
    SECTION("or was so before") {
      naming.on_wish(named);
      CHECK(!naming.is_due(start + 1min));
    }
  }
  SECTION("the next one once as long has passed as it took") {
    naming.on_wish(named + 1);
    naming.on_stable(named, start + 1s);
    CHECK(!naming.is_due(start + 1999ms));
    CHECK(naming.is_due(start + 2s));
  }
  SECTION("but later if it was large") {
    naming.on_wish(named + 1);
    naming.on_backed_up(named, 5'000'000);
    naming.on_backed_up(named, 7);
    naming.on_stable(named, start + 10ms);
    CHECK(!naming.is_due(start + 209ms));
    CHECK(naming.is_due(start + 210ms));
    auto next = naming.name(100, start + 210ms);
    naming.on_wish(next + 1);
    SECTION("that of another is of no account") {
      naming.on_backed_up(named, 5'000'000);
      naming.on_stable(next, start + 220ms);
      CHECK(naming.is_due(start + 230ms));
    }
    SECTION("not for ever, as buffers fill") {
      naming.on_backed_up(next, std::uint64_t{1} << 40);
      naming.on_stable(next, start + 220ms);
      CHECK(!naming.is_due(start + 1219ms));
      CHECK(naming.is_due(start + 1220ms));
    }
  }
  SECTION("again if it was refused") {
    naming.on_refused(named);
    CHECK(naming.is_due(start + 1ms));
  }
  SECTION("again if something was lost") {
    naming.on_loss();
    CHECK(naming.is_due(start + 1ms));
  }
  SECTION("and not at once if nobody keeps it") {
    naming.on_not_kept(named, start + 1ms);
    CHECK(!naming.is_due(start + 100ms));
    CHECK(naming.is_due(start + 101ms));
  }
}
