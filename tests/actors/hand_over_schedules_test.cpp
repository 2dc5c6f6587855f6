// The schedules about hand-over that break weaker rules, as far as one
// partition sees them. `run_hand_over_test` has those of the supervisor,
// `hand_over_test` of the simulator goes through all at random.
#include "tests/actors/partition_messages.hpp"

#include "actors/flow_control.hpp"
#include "actors/sent_channel.hpp"

#include <catch2/catch.hpp>

using namespace braid;

namespace {

constexpr std::uint32_t slices = 4;

/// A batch without routes, so that tuples fall into the slice that emitted
/// them.
batch_ptr tuples_of_slices(std::vector<slice_id> emitted) {
  std::vector<slice_tuples> all;
  for (auto slice : emitted)
    all.push_back({slice, {slice * 10, slice * 10 + 1}});
  return batch_of(all);
}

std::shared_ptr<sent_channel> channel_with(const std::vector<slice_id>& slice,
                                           epoch_number epochs) {
  auto result = std::make_shared<sent_channel>(0, nullptr);
  for (epoch_number epoch = 1; epoch <= epochs; ++epoch) {
    result->own().append(tuples_of_slices(slice));
    result->own().close(epoch, std::make_shared<const close_notice>());
  }
  return result;
}

std::vector<bool> only(std::initializer_list<slice_id> wanted) {
  std::vector<bool> result(slices);
  for (auto slice : wanted)
    result[slice] = true;
  return result;
}

credit_notice credit(partition_index from, epoch_number finished) {
  credit_notice result;
  result.from = from;
  result.finished = finished;
  return result;
}

} // namespace

// Upstream sends to both, and nobody agrees on an epoch.
TEST_CASE("a successor reads what its origins are sent, tuple by tuple "
          "[counterexample 26]") {
  auto left = channel_with({0, 1}, 3);
  auto right = channel_with({2, 3}, 3);
  sent_channel joined{{left, right}, only({1, 2})};
  CHECK(joined.closed() == 3);
  auto epoch = joined.read(2);
  REQUIRE(epoch);
  CHECK(epoch->first == 2);
  CHECK(epoch->tuples == 4);
  REQUIRE(epoch->batches.size() == 2);
  CHECK(epoch->batches[0]->runs()[0].slice == 1);
  CHECK(epoch->batches[1]->runs()[0].slice == 2);
  CHECK_FALSE(joined.read(4));
}

TEST_CASE("what all get alike is borrowed once") {
  auto one = channel_with({0}, 1);
  auto other = channel_with({0}, 1);
  sent_channel joined{{one, other}, {}};
  CHECK(joined.read(1)->batches.size() == 1);
}

TEST_CASE(
  "from the assignment's change on a successor has a buffer of its own, "
  "and keeps what it borrowed as long as it is needed") {
  auto origin = channel_with({0, 1}, 2);
  sent_channel successor{{origin}, only({1})};
  successor.begin_own(nullptr);
  successor.own().append(tuples_of_slices({1}));
  successor.own().close(3, std::make_shared<const close_notice>());
  CHECK(successor.is_borrowed(2));
  CHECK_FALSE(successor.is_borrowed(3));
  CHECK(successor.read(3)->tuples == 2);
  origin->trim(2);
  successor.trim(2);
  CHECK(origin.use_count() == 1);
}

// What a shadow still has to read is not dropped, though it is stable.
TEST_CASE("origins' buffers are pinned at what successors have finished "
          "[counterexample 27]") {
  auto origin = channel_with({0, 1}, 5);
  sent_channel successor{{origin}, only({1})};
  sent_channel::pins pins;
  successor.pin_origins(3, pins);
  CHECK(pins.at(origin.get()) == 3);
  origin->trim(4);
  CHECK_THROWS_AS(successor.read(4), protocol_error);
}

TEST_CASE("whoever took over from a successor reads through it [counterexample "
          "30]") {
  auto origin = channel_with({0, 1}, 2);
  auto between = std::make_shared<sent_channel>(
    sent_channel::origin_list{origin}, only({0, 1}));
  between->begin_own(nullptr);
  between->own().append(tuples_of_slices({0, 1}));
  between->own().close(3, std::make_shared<const close_notice>());
  sent_channel last{{between}, only({0})};
  CHECK(last.read(1)->tuples == 2);
  CHECK(last.read(3)->tuples == 2);
  sent_channel::pins pins;
  last.pin_origins(1, pins);
  CHECK(pins.at(origin.get()) == 1);
}

// Counted, it would hold live data up; not counted, nobody would follow it once
// its origin has stopped.
TEST_CASE("a shadow holds nobody up, and its origin holds nobody up once the "
          "shadow is ahead [counterexample 36]") {
  flow_control flow{4};
  flow.add_channel(0, 0);
  flow.add_successors(0, {0}, {1, 2});
  flow.on_credit(credit(0, 10));
  CHECK(flow.allowed() == 14);
  flow.restart(0, 1, 3);
  flow.restart(0, 2, 5);
  CHECK(flow.allowed() == 14);
  flow.on_credit(credit(1, 12));
  CHECK(flow.allowed() == 14);
  flow.on_credit(credit(2, 11));
  CHECK(flow.allowed() == 15);
  flow.end_change(0, {1, 2}, false);
  CHECK(flow.allowed() == 15);
}

TEST_CASE("after a hand-over that came to nothing its origin counts alone") {
  flow_control flow{4};
  flow.add_channel(0, 0);
  flow.add_successors(0, {0}, {1});
  flow.restart(0, 1, 20);
  CHECK(flow.allowed() == 24);
  flow.end_change(0, {1}, true);
  CHECK(flow.allowed() == 4);
}

TEST_CASE("a shadow does not wait for partitions that do not listen to it") {
  flow_control flow{4};
  flow.add_silent_channel(0, 0);
  CHECK(flow.allowed() > 1000);
  flow.restart(0, 0, 7);
  CHECK(flow.allowed() == 11);
}
