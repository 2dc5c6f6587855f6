// Schedules that break weaker rules of recovery, one by one. More of them are
// beside the classes that keep the rules: 21 and 25 at replaying_outbox.
#include "tests/simulator/hosting.hpp"
#include "tests/simulator/scripted_source.hpp"

#include "actors/cut_sender.hpp"
#include "actors/held_backups.hpp"
#include "actors/make_partition.hpp"
#include "actors/recovery_collector.hpp"

#include "checkpoint/stable_epoch.hpp"

#include "operators/stream.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::simulator;

namespace {

constexpr run_id run = 1;
constexpr partition_place place{0, 0};
constexpr event_time start = simulation::beginning;

using cuts_by_epoch = std::map<epoch_number, std::vector<source_cut>>;
using epochs = std::vector<epoch_number>;

class pass_operator final : public unkeyed_operator<item> {
public:
  void on(const item& x) {
    emit(x);
  }
};

/// A source with one split of seven tuples, which nothing ends, before an
/// operator and a sink.
class line {
public:
  line() {
    source_script script{{{}}, end_of_time};
    for (std::uint64_t i = 0; i < 7; ++i)
      script.splits[0].push_back({{0, i, 0}, start});
    graph.source("source", scripted_source{script})
      .process<pass_operator>("pass")
      .sink("sink", recording_sink{found});
    owners = assign_evenly(graph, {}, 1);
    how.cuts.max_tuples = 2;
    how.checkpoints.taken = true;
  }

  std::unique_ptr<partition> make(operator_id id, outbox& out) const {
    return make_partition(graph, owners, {id, 0}, how, {out, [] {}});
  }

  topology graph{"line", {}};
  recording_ptr found = std::make_shared<recording>();
  assignment owners;
  partition_settings how;
};

/// Keeps what a partition sends.
struct kept final : outbox {
  void send_batch(const batch_target&, batch_ptr tuples) override {
    batches.push_back(std::move(tuples));
  }

  void send_close(const close_notice& notice,
                  std::span<const close_receiver> receivers) override {
    closes.push_back(notice);
    closes.back().tuples = receivers.front().tuples;
  }

  void send_credit(const credit_notice& notice) override {
    credits.push_back(notice);
  }

  void send_checkpoint(partition_checkpoint&& checkpoint) override {
    checkpoints.push_back(checkpoint.epoch);
  }

  void send_cuts(cut_notice&& told) override {
    cuts.push_back(std::move(told));
  }

  std::vector<batch_ptr> batches;
  std::vector<close_notice> closes;
  std::vector<credit_notice> credits;
  epochs checkpoints;
  std::vector<cut_notice> cuts;
};

byte_buffer bytes_of(const std::string& text) {
  byte_buffer result;
  result.append(text.data(), text.size());
  return result;
}

partition_backup backup_of(epoch_number epoch, incarnation_number incarnation) {
  partition_backup result{run, place, incarnation, 0, true, {}};
  result.checkpoint.epoch = epoch;
  result.checkpoint.slices.emplace(0, bytes_of(std::to_string(incarnation)));
  return result;
}

held_backups holder(const std::string& name) {
  return {name, {}};
}

lost_partition lost(incarnation_number successor) {
  return {place, {0}, successor};
}

/// By which instances the copies of slice 0 at an epoch were made.
std::string copies_of(const held_backups& held, epoch_number epoch) {
  std::string result;
  for (auto& part : held.parts_of(run, lost(9), epoch).parts)
    for (auto& [slice, copy] : part.slices)
      result +=
        std::string{reinterpret_cast<const char*>(copy.full.bytes.data()),
                    copy.full.bytes.size()};
  return result;
}

std::vector<source_cut> cut_at(std::uint64_t position) {
  return {{0, position, start, false}};
}

} // namespace

// S, P and K share a node; K writes 57, the node dies, and nobody knows cut 57.
TEST_CASE("counterexample 15: nobody sees an epoch before its cuts are held") {
  line topology;
  topology.how.checkpoints.hold_cuts = true;
  kept sent;
  auto source = topology.make(0, sent);
  CHECK(source->step(start).worked);
  REQUIRE(sent.cuts.size() == 1);
  CHECK(sent.closes.empty());
  CHECK(source->step(start).worked);
  CHECK(sent.closes.empty());
  source->on_cuts_held(1);
  REQUIRE(sent.closes.size() == 1);
  CHECK(sent.closes[0].last == 1);
}

// S tells the cut of 60; one holder is asked before it gets that, one after.
TEST_CASE("counterexample 16: a cut that comes after the question is not held, "
          "one before it is repeated") {
  auto first = holder("first");
  auto second = holder("second");
  cut_sender zombie{run, place, 0, {1, 2}};
  auto sent = zombie.begin({60, 60, cut_at(7)});
  second.fence(run, lost(1), 59);
  CHECK_FALSE(zombie.on_receipt(1, first.put(sent[0].cuts)));
  CHECK_FALSE(zombie.on_receipt(2, second.put(sent[1].cuts)));
  CHECK(zombie.held() == 0); // so nobody got its close
  first.fence(run, lost(1), 59);

  recovery_collector collecting{run, lost(1), 59, {"first", "second"}};
  for (auto& part : second.parts_of(run, lost(1), 59).parts)
    collecting.on_part(part);
  CHECK(collecting.current() == recovery_collector::state::waiting);
  for (auto& part : first.parts_of(run, lost(1), 59).parts)
    collecting.on_part(part);
  CHECK(collecting.cuts() == cuts_by_epoch{{60, cut_at(7)}});
}

// P reports 60 and dies; P' is restored at 40; then the others report 60.
TEST_CASE("counterexample 17: nothing becomes stable over a recovery") {
  stable_epoch stable{{{0, 1}, {1, 1}}, 40};
  const std::vector<slice_id> slice{0};
  stable.report(0, slice, 0, 60);
  stable.fence(0, slice, 1, 40);
  CHECK_FALSE(stable.report(1, slice, 0, 60));
  CHECK(stable.value() == 40);
  CHECK(stable.report(0, slice, 1, 60));
}

// H has P's 60; Q's report of 60 never comes; P dies.
TEST_CASE("counterexample 18: the copy at the stable epoch stays when a newer "
          "one comes") {
  auto held = holder("hilbert");
  held.put(backup_of(40, 0));
  held.stable(run, 40);
  held.put(backup_of(60, 0));
  held.put(backup_of(80, 0));
  held.fence(run, lost(1), 40);
  CHECK(copies_of(held, 40) == "0");
}

// P's 60 waits on H, or is on its way; S' cuts 60 otherwise; P' backs 60 up
// elsewhere, and 60 becomes stable.
TEST_CASE("counterexample 19: a copy of a lost instance never counts") {
  auto held = holder("hilbert");
  held.put(backup_of(40, 0));
  held.put(backup_of(60, 0));
  held.fence(run, lost(1), 40);
  CHECK(held.put(backup_of(60, 0)).result == put_result::fenced);
  held.stable(run, 60);
  CHECK(copies_of(held, 60).empty());
  held.put(backup_of(60, 1));
  CHECK(copies_of(held, 60) == "1");
}

// D has all of 2 and is about to take it when P is replaced.
TEST_CASE("counterexample 22: what is finished is what was processed, and what "
          "is closed is not taken again") {
  line topology;
  kept from_source;
  auto source = topology.make(0, from_source);
  while (source->step(start).worked) {
  }
  REQUIRE(from_source.closes.size() >= 2);
  kept sent;
  auto middle = topology.make(1, sent);
  auto edge = from_source.closes[0].edge;
  auto bring = [&](std::size_t index, generation_number generation) {
    middle->on_batch({edge, 0, generation, index + 1},
                     from_source.batches[index]);
    auto close = from_source.closes[index];
    close.generation = generation;
    middle->on_close(close);
  };
  bring(0, 0);
  CHECK(middle->step(start).worked);
  bring(1, 0);
  middle->renew_channel(edge, 0, 1);
  REQUIRE(!sent.credits.empty());
  CHECK(sent.credits.back().generation == 1);
  CHECK(sent.credits.back().finished == 1);
  bring(1, 1);
  CHECK(middle->step(start).worked);
  CHECK(middle->load().tuples_in == 4);
}

// P is restored; D, which has not heard of it, sends a credit; the node of S
// still sends to where P was before.
TEST_CASE("what is restored asks for nothing before it is told to go on") {
  line topology;
  kept from_source;
  auto source = topology.make(0, from_source);
  CHECK(source->step(start).worked);
  kept before;
  auto lost_one = topology.make(1, before);
  lost_one->on_batch({from_source.closes[0].edge, 0, 0, 1},
                     from_source.batches[0]);
  lost_one->on_close(from_source.closes[0]);
  CHECK(lost_one->step(start).worked);

  auto checkpoint = lost_one->checkpoint();
  kept sent;
  auto restored =
    make_partition(topology.graph, topology.owners, {1, 0}, topology.how,
                   {sent, [] {}}, {7, &checkpoint, false, {}});
  credit_notice late;
  late.edge = before.closes[0].edge;
  late.finished = 1;
  late.hint = 2;
  restored->on_credit(late);
  restored->on_stable(1);
  CHECK(sent.credits.empty());
  restored->ask_for_replay();
  REQUIRE(sent.credits.size() == 1);
  CHECK(sent.credits[0].generation == 7);
  CHECK(sent.credits[0].finished == 1);
}

// What is still under way of the instance before, or of the connection before.
TEST_CASE("counterexample 25: what comes late from before a channel began anew "
          "is dropped") {
  line topology;
  kept from_source;
  auto source = topology.make(0, from_source);
  CHECK(source->step(start).worked);
  kept sent;
  auto middle = topology.make(1, sent);
  auto edge = from_source.closes[0].edge;
  auto close = from_source.closes[0];
  middle->on_batch({edge, 0, 0, 1}, from_source.batches[0]);
  middle->renew_channel(edge, 0, 1);
  // Half of the epoch comes twice, and its close too early.
  middle->on_batch({edge, 0, 0, 1}, from_source.batches[0]);
  middle->on_close(close);
  CHECK(!middle->step(start).worked);
  middle->on_batch({edge, 0, 1, 1}, from_source.batches[0]);
  close.generation = 1;
  middle->on_close(close);
  CHECK(middle->step(start).worked);
  CHECK(middle->load().tuples_in == 2);
}

// P is restored on a node that has a copy of it.
TEST_CASE(
  "counterexample 29: a partition on its holder is backed up elsewhere, "
  "and what the holder has goes once that is stable") {
  backup_holders before{0, {}, {0, 1, 2}, 1};
  auto host = before.of({0, 0}).front();
  backup_holders after{host, {}, {1, 2}, 1};
  CHECK(after.of({0, 0}).front() != host);

  auto held = holder("host");
  held.put(backup_of(40, 0));
  held.stable(run, 40);
  held.fence(run, lost(1), 40);
  CHECK(copies_of(held, 40) == "0"); // until 60 is stable
  held.stable(run, 60);
  CHECK(copies_of(held, 60).empty());
}

TEST_CASE(
  "counterexample 34: checkpoints are named to sources, told in closes, "
  "and refused if they come late") {
  line topology;
  kept sent;
  auto source = topology.make(0, sent);
  CHECK(source->step(start).worked);
  CHECK_FALSE(source->name_checkpoint(1));
  CHECK(source->name_checkpoint(3));
  CHECK(source->step(start).worked);
  CHECK(source->step(start).worked);
  CHECK(sent.checkpoints == epochs{3});
  REQUIRE(sent.closes.size() == 3);
  CHECK(sent.closes[1].checkpoint == 0);
  CHECK(sent.closes[2].checkpoint == 3);

  kept from_middle;
  auto middle = topology.make(1, from_middle);
  for (std::size_t i = 0; i < 3; ++i) {
    middle->on_batch({sent.closes[i].edge, 0, 0, i + 1}, sent.batches[i]);
    middle->on_close(sent.closes[i]);
  }
  while (middle->step(start).worked) {
  }
  CHECK(from_middle.checkpoints == epochs{3});
  CHECK(from_middle.closes.back().checkpoint == 3);
}
