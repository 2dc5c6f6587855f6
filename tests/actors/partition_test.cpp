#include "tests/actors/partition_messages.hpp"
#include "tests/actors/silent_source.hpp"

#include "actors/make_partition.hpp"
#include "actors/partition.hpp"

#include "operators/collect_sink.hpp"
#include "operators/stream.hpp"

#include <catch2/catch.hpp>

using namespace braid;

namespace {

/// Doubles what it gets, and fails at 13.
class doubling final : public unkeyed_operator<std::uint64_t> {
public:
  void on(const std::uint64_t& x) {
    if (x == 13)
      throw std::runtime_error{"unlucky"};
    emit(2 * x);
  }
};

/// Edges 0 and 1 lead from two sources of two slices to the operator, edge 2
/// from there to a sink. All have two partitions; this is the first of the
/// operator's.
class partition_on_trial {
public:
  explicit partition_on_trial(epoch_number in_flight = 2,
                              checkpoint_settings checkpoints = {}) {
    auto left = graph_.source("left", silent_source{});
    auto right = graph_.source("right", silent_source{});
    left.union_with(right).process<doubling>("double").sink(
      "sink", collect(std::make_shared<collected<std::uint64_t>>(),
                      {.keep_slices = true}));
    settings_.flow.in_flight = in_flight;
    settings_.checkpoints = checkpoints;
    owners_ = assign_evenly(graph_, {2, {}}, 1);
    begin_again({});
  }

  /// Another instance takes its place.
  void begin_again(const restoring& from) {
    generation_ = from.generation;
    logic =
      make_partition(graph_, owners_, {2, 0}, settings_, {sent, [] {}}, from);
  }

  void close(edge_id edge, partition_index from, epoch_number epoch,
             std::uint32_t tuples = 0, bool ended = false) {
    close_notice notice;
    notice.edge = edge;
    notice.from = from;
    notice.generation = generation_;
    notice.first = notice.last = epoch;
    notice.slices = {{from, from + 1}};
    notice.tuples = tuples;
    notice.watermark = 10 * static_cast<event_time>(epoch);
    notice.now = 100 * static_cast<event_time>(epoch);
    notice.ended = ended;
    notice.checkpoint = named == epoch ? epoch : 0;
    logic->on_close(notice);
  }

  void close_all(epoch_number epoch, bool ended = false) {
    for (edge_id edge : {0, 1})
      for (partition_index from : {0, 1})
        close(edge, from, epoch, 0, ended);
  }

  void credit(partition_index from, epoch_number finished,
              epoch_number hint = 0, epoch_size largest = {}) {
    credit_notice notice;
    notice.edge = 2;
    notice.from = from;
    notice.generation = generation_;
    notice.finished = finished;
    notice.hint = hint;
    notice.largest = largest;
    logic->on_credit(notice);
  }

  /// Processes it.
  void run(epoch_number epoch, event_time wall = 0) {
    close_all(epoch);
    REQUIRE(logic->step(wall).worked);
    for (partition_index from : {0, 1})
      credit(from, epoch);
  }

  kept_messages sent;
  std::unique_ptr<partition> logic;
  epoch_number named = 0; ///< for a checkpoint

private:
  topology graph_{"test", settings{}};
  partition_settings settings_;
  assignment owners_;
  generation_number generation_ = 0;
};

} // namespace

TEST_CASE("a partition processes an epoch once it is sealed, and closes it") {
  partition_on_trial trial;
  trial.logic->on_batch({0, 0, 0, 1}, batch_of({{0, {1, 2, 3}}}));
  CHECK(!trial.logic->step(0).worked);
  CHECK(trial.logic->load().state == partition_state::waiting);
  CHECK(trial.logic->load().queued_epochs == 1);
  trial.close(0, 0, 1, 3);
  trial.close(0, 1, 1);
  trial.close(1, 0, 1);
  CHECK(!trial.logic->step(0).worked);
  trial.close(1, 1, 1);
  trial.sent.clear();
  CHECK(trial.logic->step(0).worked);

  REQUIRE(trial.sent.batches.size() == 1);
  CHECK(trial.sent.batches[0].edge == 2);
  CHECK(trial.sent.batches[0].to == 0);
  CHECK(trial.sent.batches[0].epoch == 1);
  CHECK(trial.sent.batches[0].tuples->size() == 3);
  REQUIRE(trial.sent.closes.size() == 1);
  auto& [notice, tuples, receivers] = trial.sent.closes[0];
  CHECK(notice.edge == 2);
  CHECK(notice.from == 0);
  CHECK(notice.first == 1);
  CHECK(notice.last == 1);
  CHECK(notice.slices == std::vector<slice_range>{{0, 1}});
  CHECK(notice.watermark == 10);
  CHECK(notice.now == 100);
  CHECK(!notice.ended);
  CHECK(!notice.idle);
  CHECK(tuples == std::vector<std::uint32_t>{3, 0});
  CHECK(trial.logic->load().epoch == 1);
  CHECK(trial.logic->load().tuples_in == 3);
  CHECK(trial.logic->load().tuples_out == 3);
  REQUIRE(trial.logic->load().edges.size() == 1);
  CHECK(trial.logic->load().edges[0].edge == 2);
  CHECK(trial.logic->load().edges[0].tuples == 3);
  CHECK(trial.logic->load().queued_epochs == 0);
  CHECK(trial.logic->load().queued_bytes == 0);
  CHECK(!trial.logic->step(0).worked);
}

TEST_CASE("a partition tells all that are upstream what it has processed") {
  partition_on_trial trial;
  trial.close_all(1);
  trial.sent.clear();
  CHECK(trial.logic->step(0).worked);
  REQUIRE(trial.sent.credits.size() == 4);
  std::vector<std::pair<edge_id, partition_index>> told;
  for (auto& credit : trial.sent.credits) {
    CHECK(credit.from == 0);
    CHECK(credit.finished == 1);
    told.emplace_back(credit.edge, credit.to);
  }
  CHECK(told
        == std::vector<std::pair<edge_id, partition_index>>{
          {0, 0}, {0, 1}, {1, 0}, {1, 1}});
}

TEST_CASE("a partition waits for everybody downstream [counterexample 35]") {
  partition_on_trial trial{2};
  for (epoch_number epoch : {1, 2, 3})
    trial.close_all(epoch);
  CHECK(trial.logic->step(0).worked);
  CHECK(trial.logic->step(0).worked);
  CHECK(!trial.logic->step(0).worked);
  CHECK(trial.logic->load().state == partition_state::blocked);
  trial.credit(0, 2);
  CHECK(!trial.logic->step(0).worked);
  trial.credit(1, 1);
  CHECK(trial.logic->step(0).worked);
  CHECK(trial.logic->load().epoch == 3);
}

TEST_CASE("a partition is done after the last epoch") {
  partition_on_trial trial;
  trial.close_all(1, true);
  auto last = trial.logic->step(0);
  CHECK(last.worked);
  CHECK(last.done);
  CHECK(trial.sent.closes.back().notice.ended);
  CHECK(trial.logic->load().state == partition_state::done);
  CHECK(trial.logic->step(0).done);
  CHECK(!trial.logic->step(0).worked);
}

// Nobody else would: there are no later ones.
TEST_CASE("a partition that is done sends a last checkpoint that may be lost "
          "again") {
  checkpoint_settings how;
  how.taken = true;
  partition_on_trial x{2, how};
  x.close_all(1, true);
  REQUIRE(x.logic->step(0).done);
  REQUIRE(x.sent.checkpoints.size() == 1);
  x.logic->name_checkpoint(5);
  CHECK(x.sent.checkpoints.size() == 1);
  x.sent.lost.slices = {0};
  x.logic->name_checkpoint(6);
  x.logic->name_checkpoint(7);
  REQUIRE(x.sent.checkpoints.size() == 2);
  CHECK(x.sent.checkpoints[1].ended);
  CHECK(x.sent.checkpoints[1].epoch == 1);
  CHECK(x.sent.checkpoints[1].bases.empty());
}

TEST_CASE("a partition shows what it holds to be sent again") {
  checkpoint_settings checkpoints;
  checkpoints.taken = true;
  partition_on_trial trial{4, checkpoints};
  CHECK(trial.logic->load().replay_bytes == 0);
  auto tuples = batch_of({{0, {1, 2, 3, 4, 5, 6, 7, 8}}});
  trial.logic->on_batch({0, 0, 0, 1}, tuples);
  trial.close(0, 0, 1, 8);
  trial.close(0, 1, 1);
  trial.close(1, 0, 1);
  trial.close(1, 1, 1);
  CHECK(trial.logic->step(0).worked);
  std::uint64_t first = trial.logic->load().replay_bytes;
  CHECK(first > tuples->bytes());
  trial.close_all(2);
  CHECK(trial.logic->step(0).worked);
  std::uint64_t both = trial.logic->load().replay_bytes;
  CHECK(both > first);
  trial.logic->on_stable(1);
  CHECK(trial.logic->load().replay_bytes == both - first);
  trial.logic->on_stable(2);
  CHECK(trial.logic->load().replay_bytes == 0);
}

TEST_CASE("without checkpoints a partition holds nothing") {
  partition_on_trial trial;
  trial.close_all(1);
  CHECK(trial.logic->step(0).worked);
  CHECK(trial.logic->load().replay_bytes == 0);
}

TEST_CASE("after its first checkpoint a partition sends what changed") {
  checkpoint_settings settings;
  settings.taken = true;
  partition_on_trial trial{2, settings};
  trial.run(1);
  CHECK(trial.sent.checkpoints.empty());
  for (trial.named = 2; trial.named <= 4; ++trial.named)
    trial.run(trial.named);
  REQUIRE(trial.sent.checkpoints.size() == 3);
  auto& first = trial.sent.checkpoints[0];
  CHECK(first.epoch == 2);
  CHECK_FALSE(first.slices.empty());
  CHECK(first.bases.empty());
  CHECK_FALSE(first.progress.empty());
  for (std::size_t i = 1; i < 3; ++i) {
    auto& next = trial.sent.checkpoints[i];
    CHECK(next.bases.size() == first.slices.size());
    CHECK(next.bases.begin()->second == i + 1);
    CHECK(next.slices.begin()->second.empty());
    CHECK(next.shared_base == i + 1);
    CHECK_FALSE(next.progress.empty());
  }
  trial.sent.lost = {{first.slices.begin()->first}, true};
  trial.named = 5;
  trial.run(5);
  auto& last = trial.sent.checkpoints.back();
  CHECK(last.bases.size() == first.slices.size() - 1);
  CHECK_FALSE(last.shared_base);
}

TEST_CASE("a partition is loaded slice by slice, or made at once") {
  checkpoint_settings settings;
  settings.taken = true;
  partition_on_trial before{2, settings};
  before.run(1);
  before.run(2);
  auto whole = before.logic->checkpoint();
  auto held = whole.slices.begin()->first;
  partition_on_trial after{2, settings};
  auto at_once = GENERATE(false, true);
  if (at_once) {
    after.begin_again({1, &whole, false, {}, false, {held}});
  } else {
    restoring later{1};
    later.loads = whole.epoch;
    after.begin_again(later);
    auto rest = whole;
    for (auto& [slice, content] : whole.slices)
      if (slice != held) {
        after.logic->load_slice(slice, copy_of(content));
        rest.slices.erase(slice);
      }
    after.logic->finish_loading(rest, {held});
  }
  auto again = after.logic->checkpoint();
  CHECK(again.epoch == 2);
  CHECK(again.progress == whole.progress);
  CHECK(again.slices == whole.slices);
  // What holders have is the base of what it sends.
  for (partition_index from : {0, 1})
    after.credit(from, 2);
  after.named = 3;
  after.close_all(3);
  while (after.logic->step(0).worked) {
  }
  REQUIRE(after.sent.checkpoints.size() == 1);
  auto& next = after.sent.checkpoints[0];
  CHECK(next.bases == std::map<slice_id, epoch_number>{{held, 2}});
  CHECK(next.slices.size() == whole.slices.size());
}

TEST_CASE("a checkpoint that would take too long is left out") {
  checkpoint_settings settings;
  settings.taken = true;
  settings.copies = {0, 1'000'000, 4};
  partition_on_trial trial{2, settings};
  trial.named = 1;
  trial.run(1, 1'000'000);
  CHECK(trial.sent.left_out == std::vector<epoch_number>{1});
  REQUIRE(trial.sent.checkpoints.size() == 1);
  CHECK(trial.sent.checkpoints[0].ahead);
  epoch_number epoch = 2;
  while (trial.sent.checkpoints.back().epoch == epoch - 1) {
    trial.run(epoch, 1'000'000 * static_cast<event_time>(epoch));
    ++epoch;
  }
  // All slices were copied between two epochs.
  trial.named = epoch;
  trial.run(epoch);
  auto& whole = trial.sent.checkpoints.back();
  CHECK_FALSE(whole.ahead);
  CHECK(whole.slices.size() == whole.bases.size());
  CHECK(trial.sent.left_out.size() == 1);
}

TEST_CASE("whoever is behind is told once that a related source is ahead "
          "[counterexample 38]") {
  partition_on_trial trial;
  trial.close(0, 0, 1);
  trial.close(0, 0, 2);
  auto hinted = [&] {
    std::vector<std::pair<edge_id, partition_index>> result;
    for (auto& credit : trial.sent.credits)
      if (credit.hint == 2)
        result.emplace_back(credit.edge, credit.to);
    return result;
  };
  using places = std::vector<std::pair<edge_id, partition_index>>;
  CHECK(hinted() == places{{0, 1}, {1, 0}, {1, 1}});
  trial.sent.clear();
  trial.close(0, 1, 1);
  CHECK(trial.sent.credits.empty());
}

TEST_CASE("hints from downstream are passed on") {
  partition_on_trial trial;
  trial.credit(1, 0, 5);
  REQUIRE(trial.sent.credits.size() == 4);
  for (auto& credit : trial.sent.credits) {
    CHECK(credit.hint == 5);
    CHECK(credit.finished == 0);
  }
}

TEST_CASE("a partition reports the larger of its epochs and those after it, "
          "with every credit [counterexample 37]") {
  partition_on_trial trial;
  auto tuples = batch_of({{0, {1, 2, 3, 4, 5, 6, 7, 8}}});
  trial.logic->on_batch({0, 0, 0, 1}, tuples);
  trial.close(0, 0, 1, 8);
  trial.close(0, 1, 1);
  trial.close(1, 0, 1);
  trial.close(1, 1, 1);
  SECTION("its own") {
    CHECK(trial.logic->step(0).worked);
    CHECK(trial.sent.credits.back().largest.epoch == 1);
    CHECK(trial.sent.credits.back().largest.bytes == tuples->bytes());
    trial.sent.clear();
    // Only a hint, but it must not take back what was said.
    trial.close(0, 0, 2);
    REQUIRE(!trial.sent.credits.empty());
    CHECK(trial.sent.credits.back().largest.bytes == tuples->bytes());
  }
  SECTION("those after it") {
    trial.credit(1, 0, 0, {7, 1'000'000});
    CHECK(trial.logic->step(0).worked);
    CHECK(trial.sent.credits.back().largest.epoch == 7);
    CHECK(trial.sent.credits.back().largest.bytes == 1'000'000);
  }
}

TEST_CASE("a partition reports how long an epoch took once the next begins, or "
          "what took longer after it") {
  partition_on_trial trial;
  auto& load = *trial.logic->shared_load();
  trial.run(1);
  CHECK(trial.sent.credits.back().longest.microseconds == 0);
  load.busy_ns += 5'000'000;
  SECTION("its own") {
    trial.run(2);
    CHECK(trial.sent.credits.back().longest.epoch == 1);
    CHECK(trial.sent.credits.back().longest.microseconds == 5'000);
  }
  SECTION("those after it") {
    credit_notice notice;
    notice.edge = trial.sent.closes.back().notice.edge;
    notice.longest = {1, 6'000};
    trial.logic->on_credit(notice);
    trial.run(2);
    CHECK(trial.sent.credits.back().longest.microseconds == 6'000);
  }
}

TEST_CASE("what user code throws says where") {
  partition_on_trial trial;
  trial.logic->on_batch({0, 0, 0, 1}, batch_of({{0, {13}}}));
  trial.close(0, 0, 1, 1);
  trial.close(0, 1, 1);
  trial.close(1, 0, 1);
  trial.close(1, 1, 1);
  CHECK_THROWS_WITH(trial.logic->step(0),
                    "operator 'double', slice 0, epoch 1: unlucky");
}

TEST_CASE("a partition tells upstream that replay buffers are full") {
  auto account = std::make_shared<replay_account>(1'000'000);
  checkpoint_settings checkpoints;
  checkpoints.taken = true;
  checkpoints.account = account;
  partition_on_trial trial{4, checkpoints};
  trial.close_all(1);
  CHECK(trial.logic->step(0).worked);
  CHECK(!trial.sent.credits.back().replay_full);
  account->add(1'000'000);
  trial.sent.clear();

  SECTION("of its own node, with its next credits, and when there is room") {
    trial.close_all(2);
    trial.sent.clear();
    CHECK(trial.logic->step(0).worked);
    REQUIRE(trial.sent.credits.size() == 4);
    for (auto& credit : trial.sent.credits)
      CHECK(credit.replay_full);
    trial.sent.clear();
    account->remove(1'000'000);
    trial.logic->on_replay_room();
    REQUIRE(trial.sent.credits.size() == 4);
    for (auto& credit : trial.sent.credits)
      CHECK(!credit.replay_full);
    trial.sent.clear();
    trial.logic->on_replay_room();
    CHECK(trial.sent.credits.empty());
  }
  SECTION("further downstream, at once") {
    account->remove(1'000'000);
    credit_notice full;
    full.edge = 2;
    full.finished = 1;
    full.replay_full = true;
    trial.logic->on_credit(full);
    REQUIRE(trial.sent.credits.size() == 4);
    CHECK(trial.sent.credits[3].replay_full);
    CHECK(trial.sent.credits[3].finished == 1);
    trial.sent.clear();
    // The other sink's partition has room.
    trial.credit(1, 1);
    CHECK(trial.sent.credits.empty());
    trial.credit(0, 1);
    REQUIRE(trial.sent.credits.size() == 4);
    CHECK(!trial.sent.credits[0].replay_full);
  }
}

TEST_CASE("a partition wishes for a checkpoint when replay buffers are half "
          "full, or much would be done again") {
  checkpoint_settings checkpoints;
  checkpoints.taken = true;
  checkpoints.account = std::make_shared<replay_account>(1'000'000);
  checkpoints.replay_budget = std::chrono::nanoseconds{1'000};
  partition_on_trial trial{4, checkpoints};
  auto next = [&, epoch = epoch_number{0}]() mutable {
    trial.close_all(++epoch);
    CHECK(trial.logic->step(0).worked);
  };
  next();
  CHECK(trial.sent.wishes.empty());
  SECTION("memory") {
    checkpoints.account->add(500'000);
  }
  SECTION("work") {
    trial.logic->shared_load()->busy_ns += 500;
  }
  next();
  next();
  CHECK(trial.sent.wishes == std::vector<epoch_number>{2});
  trial.logic->on_stable(2);
  CHECK(trial.sent.wishes == std::vector<epoch_number>{2, 3});
}
