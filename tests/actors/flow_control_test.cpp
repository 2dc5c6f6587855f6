#include "actors/flow_control.hpp"

#include <catch2/catch.hpp>

using namespace braid;

namespace {

credit_notice credit(edge_id edge, partition_index downstream,
                     epoch_number finished) {
  credit_notice result;
  result.edge = edge;
  result.from = downstream;
  result.finished = finished;
  return result;
}

} // namespace

TEST_CASE("an epoch may be begun once all downstream have finished the one "
          "so many before it") {
  flow_control flow{3};
  flow.add_channel(0, 0);
  flow.add_channel(0, 1);
  flow.add_channel(1, 0);
  CHECK(flow.allowed() == 3);
  flow.on_credit(credit(0, 0, 5));
  flow.on_credit(credit(0, 1, 7));
  CHECK(flow.allowed() == 3);
  flow.on_credit(credit(1, 0, 6));
  CHECK(flow.allowed() == 8);
}

TEST_CASE("with one epoch in flight each waits for the one before") {
  flow_control flow{1};
  flow.add_channel(0, 0);
  CHECK(flow.allowed() == 1);
  flow.on_credit(credit(0, 0, 1));
  CHECK(flow.allowed() == 2);
}

TEST_CASE("without anybody downstream nothing limits") {
  CHECK(flow_control{4}.allowed() == ~epoch_number{0});
}

TEST_CASE("late credits, repeated ones and those of strangers change nothing") {
  flow_control flow{2};
  flow.add_channel(0, 0);
  flow.on_credit(credit(0, 0, 5));
  flow.on_credit(credit(0, 0, 5));
  flow.on_credit(credit(0, 0, 3));
  auto strange = credit(0, 1, 9);
  strange.hint = 99;
  flow.on_credit(strange);
  flow.on_credit(credit(7, 0, 9));
  CHECK(flow.allowed() == 7);
  CHECK(flow.hint() == 0);
}

TEST_CASE("the newest hint counts") {
  flow_control flow{2};
  flow.add_channel(0, 0);
  flow.add_channel(0, 1);
  auto hinting = [&](partition_index from, epoch_number hint) {
    auto notice = credit(0, from, 0);
    notice.hint = hint;
    flow.on_credit(notice);
  };
  CHECK(flow.hint() == 0);
  hinting(0, 4);
  hinting(1, 3);
  CHECK(flow.hint() == 4);
}

TEST_CASE("the size of epochs is the latest of each channel, the largest of "
          "all") {
  flow_control flow{2};
  flow.add_channel(0, 0);
  flow.add_channel(0, 1);
  auto sized = [&](partition_index from, epoch_size size) {
    auto notice = credit(0, from, 0);
    notice.largest = size;
    flow.on_credit(notice);
  };
  CHECK(flow.largest().epoch == 0);
  sized(0, {3, 1'000});
  sized(1, {4, 400});
  CHECK(flow.largest().epoch == 3);
  CHECK(flow.largest().bytes == 1'000);
  sized(0, {5, 100});
  CHECK(flow.largest().epoch == 4);
  CHECK(flow.largest().bytes == 400);
}

TEST_CASE(
  "the longest work is the latest of each channel, the longest of all") {
  flow_control flow{2};
  flow.add_channel(0, 0);
  flow.add_channel(0, 1);
  auto worked = [&](partition_index from, epoch_work work) {
    auto notice = credit(0, from, 0);
    notice.longest = work;
    flow.on_credit(notice);
  };
  CHECK(flow.longest().epoch == 0);
  worked(0, {3, 1'000});
  worked(1, {4, 400});
  CHECK(flow.longest().epoch == 3);
  worked(0, {5, 100});
  CHECK(flow.longest().epoch == 4);
  CHECK(flow.longest().microseconds == 400);
}

TEST_CASE("replay buffers downstream are full as long as any partition there "
          "says so") {
  flow_control flow{3};
  flow.add_channel(0, 0);
  flow.add_channel(0, 1);
  auto tell = [&](partition_index downstream, bool full) {
    auto notice = credit(0, downstream, 1);
    notice.replay_full = full;
    flow.on_credit(notice);
  };
  CHECK(!flow.replay_full());
  tell(0, true);
  tell(1, true);
  tell(0, false);
  CHECK(flow.replay_full());
  SECTION("until it has room") {
    tell(1, false);
  }
  SECTION("until another instance takes its place") {
    flow.restart(0, 1, 1);
  }
  CHECK(!flow.replay_full());
}
