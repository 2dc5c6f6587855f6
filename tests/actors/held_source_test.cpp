// Sources while replay buffers are full: no data, but the epochs that lead to
// the checkpoint [counterexample 33].
#include "tests/actors/partition_messages.hpp"
#include "tests/simulator/scripted_source.hpp"

#include "actors/make_partition.hpp"

#include "operators/collect_sink.hpp"
#include "operators/stream.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::simulator;

namespace {

constexpr event_time start = 1'000'000;

/// A source with 25 tuples on one split and no end in sight, before one sink.
/// By the clock an epoch takes ten tuples, else one.
class held_source {
public:
  explicit held_source(bool by_clock, epoch_number in_flight = 100) {
    source_script script;
    script.ends_at = end_of_time;
    auto& split = script.splits.emplace_back();
    for (std::uint64_t i = 0; i < 25; ++i)
      split.push_back({{0, i, 0}, start});
    graph_.source("source", scripted_source{std::move(script)})
      .sink("sink", collect(std::make_shared<collected<item>>()));
    partition_settings settings;
    settings.flow.in_flight = in_flight;
    settings.cuts.max_tuples = 10;
    if (!by_clock)
      settings.cuts.count = 1;
    settings.checkpoints.taken = true;
    settings.checkpoints.account = account;
    owners_ = assign_evenly(graph_, {}, 1);
    logic = make_partition(graph_, owners_, {0, 0}, settings, {sent, [] {}});
  }

  bool is_held() {
    auto result = logic->step(start);
    return !result.worked && !result.wake_at
           && logic->load().state == partition_state::held;
  }

  /// By the sink.
  void tell_full(bool full) {
    credit_notice credit;
    credit.replay_full = full;
    logic->on_credit(credit);
  }

  std::uint32_t tuples() const {
    std::uint32_t result = 0;
    for (auto& close : sent.closes)
      result += close.tuples.at(0);
    return result;
  }

  std::shared_ptr<replay_account> account =
    std::make_shared<replay_account>(1'000'000);
  kept_messages sent;
  std::unique_ptr<partition> logic;

private:
  topology graph_{"test", settings{}};
  assignment owners_;
};

} // namespace

TEST_CASE("a source begins no epoch while replay buffers are full") {
  held_source source{GENERATE(true, false)};
  CHECK(source.logic->step(start).worked);
  SECTION("here") {
    source.account->add(1'000'000);
    CHECK(source.is_held());
    source.account->remove(1'000'000);
  }
  SECTION("downstream") {
    source.tell_full(true);
    CHECK(source.is_held());
    source.tell_full(false);
  }
  auto before = source.tuples();
  CHECK(source.logic->step(start).worked);
  CHECK(source.tuples() > before);
}

TEST_CASE("by the clock a source that is held back closes empty epochs up to "
          "the checkpoint") {
  held_source source{true, 5};
  CHECK(source.logic->step(start).worked);
  source.account->add(1'000'000);
  CHECK(source.is_held());
  CHECK(source.logic->name_checkpoint(8));
  CHECK(source.logic->step(start).worked);
  REQUIRE(source.sent.closes.size() == 2);
  auto& close = source.sent.closes[1];
  CHECK(close.tuples.at(0) == 0);
  CHECK(close.notice.first == 2);
  // No more may be in flight.
  CHECK(close.notice.last == 5);
  CHECK(close.notice.checkpoint == 0);
  credit_notice credit;
  credit.finished = 5;
  source.logic->on_credit(credit);
  CHECK(source.logic->step(start).worked);
  CHECK(source.sent.closes.back().notice.last == 8);
  CHECK(source.sent.closes.back().notice.checkpoint == 8);
  CHECK(source.is_held());
  CHECK(source.tuples() == 10);
  source.account->remove(1'000'000);
  CHECK(source.logic->step(start).worked);
  CHECK(source.tuples() == 20);
}

TEST_CASE("in count mode a source that is held back goes on to the "
          "checkpoint") {
  held_source source{false};
  CHECK(source.logic->step(start).worked);
  source.account->add(1'000'000);
  CHECK(source.is_held());
  CHECK(source.logic->name_checkpoint(4));
  for (epoch_number epoch : {2, 3, 4}) {
    CHECK(source.logic->step(start).worked);
    CHECK(source.sent.closes.back().notice.last == epoch);
    CHECK(source.sent.closes.back().tuples.at(0) == 1);
  }
  CHECK(source.sent.closes.back().notice.checkpoint == 4);
  CHECK(source.is_held());
}

TEST_CASE("a source wishes for a checkpoint when replay buffers are half "
          "full") {
  held_source source{true};
  CHECK(source.logic->step(start).worked);
  CHECK(source.sent.wishes.empty());
  source.account->add(500'000);
  CHECK(source.logic->step(start).worked);
  source.logic->step(start);
  CHECK(source.sent.wishes == std::vector<epoch_number>{2});
}

TEST_CASE("an epoch that is open when replay buffers get full is finished") {
  held_source source{true};
  CHECK(source.logic->step(start).worked);
  CHECK(source.logic->step(start).worked);
  CHECK(!source.logic->step(start).worked);
  source.account->add(1'000'000);
  CHECK(!source.logic->step(start + 1).worked);
  CHECK(source.logic->step(start + cut_settings{}.length.count()).worked);
  CHECK(source.tuples() == 25);
  CHECK(source.is_held());
}
