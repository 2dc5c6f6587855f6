// The plain logic of taking savepoints.
#include "tests/actors/backup_values.hpp"
#include "tests/tools/scratch_folder.hpp"

#include "actors/pinned_copies.hpp"
#include "actors/run_logic.hpp"
#include "actors/savepoint_folder.hpp"
#include "actors/savepoint_gathering.hpp"
#include "actors/savepoint_taking.hpp"

#include "checkpoint/checksum.hpp"

using namespace braid;
using namespace braid::testing;
using namespace std::chrono_literals;

namespace {

using texts = std::map<operator_slice, std::string>;

held_backups holder() {
  return {"hilbert", backup_store::settings{1'000'000, 50}};
}

/// All that is wanted of what is pinned, put together.
texts pull(pinned_copies& pinned, epoch_number epoch,
           std::vector<operator_slice> wanted) {
  texts result;
  content_stream stream{backed_run, epoch, std::move(wanted)};
  while (!stream.is_complete())
    stream.on_pieces(
      pinned.pieces(stream.next()), [&](const content_piece& piece) {
        result[piece.of].append(piece.bytes.begin(), piece.bytes.end());
      });
  return result;
}

/// Two operators with two slices each on one node.
deployment small_plan() {
  deployment plan;
  plan.run = backed_run;
  plan.nodes.resize(2);
  plan.owners = {{{0, 1}, {0, 1}}, {{0, 0}, {1}}};
  plan.settings.checkpoint_interval_us = 1;
  return plan;
}

savepoint_manifest small_form() {
  savepoint_manifest form;
  form.operators = {{"numbers", "source", {}, {}},
                    {"sums", "operator", {}, {}}};
  return form;
}

} // namespace

// -- when ---------------------------------------------------------------------

TEST_CASE("a savepoint is of an epoch that ends after it was ordered") {
  const checkpoint_naming::time start{};
  savepoint_taking taking{start};
  CHECK_FALSE(taking.on_stable(90, start)); // sources may be anywhere
  CHECK(taking.is_due(start));
  CHECK(taking.on_newest(100, start) == 0); // their pace is not known yet
  CHECK_FALSE(taking.on_stable(100, start));
  CHECK_FALSE(taking.is_due(start));
  auto later = start + 100ms;
  CHECK(taking.is_due(later));
  auto named = taking.on_newest(140, later);
  CHECK(named == 140 + 4 + 10);
  CHECK(taking.named() == named);
  CHECK_FALSE(taking.is_due(later + 100ms));
  CHECK(taking.on_stable(named, later));
  CHECK_FALSE(taking.on_stable(named + 100, later)); // it has its epoch
}

TEST_CASE("an epoch that somebody else had named will do for a savepoint") {
  const checkpoint_naming::time start{};
  savepoint_taking taking{start};
  taking.on_newest(100, start);
  CHECK(taking.on_stable(101, start));
}

TEST_CASE("a savepoint whose epoch is refused or lost gets another") {
  checkpoint_naming::time now{};
  savepoint_taking taking{now};
  taking.on_newest(100, now);
  auto first = taking.on_newest(100, now += 100ms);
  taking.on_refused(first);
  CHECK(taking.is_due(now += 100ms));
  auto second = taking.on_newest(110, now);
  CHECK(second >= 110 + 8);
  taking.on_loss();
  CHECK(taking.is_due(now += 100ms));
  auto third = taking.on_newest(second, now);
  CHECK(third > second);
  CHECK(taking.on_stable(third, now));
  // Copies were lost while they were gathered.
  taking.on_loss();
  CHECK_FALSE(taking.on_stable(third, now));
  CHECK(taking.on_stable(third + 1, now));
}

// -- what ---------------------------------------------------------------------

TEST_CASE("what is pinned stays while later epochs become stable",
          "[backups]") {
  auto held = holder();
  held.put(backup_of(40, 1));
  held.stable(backed_run, 40);
  pinned_copies pinned;
  auto found = pinned.pin(held, backed_run, 40);
  CHECK(found.size() == 3); // two slices, and what belongs to none
  held.put(backup_of(41, 1));
  held.stable(backed_run, 41);
  held.drop_run(backed_run);
  operator_slice four{backed_place.id, 4};
  operator_slice nine{backed_place.id, 9};
  auto content = pull(pinned, 40, {nine, four});
  CHECK(content[four] == "four 40/1");
  CHECK(content[nine] == "nine 40/1");
  CHECK_THROWS_WITH(pinned.pieces({backed_run, 41, {four}, 0}),
                    Catch::Contains("not kept any more"));
  pinned.release(backed_run);
  CHECK_THROWS(pinned.pieces({backed_run, 40, {four}, 0}));
}

TEST_CASE("only what an epoch can go on with is pinned", "[backups]") {
  auto held = holder();
  held.put(backup_of(40, 1));
  held.stable(backed_run, 40);
  pinned_copies pinned;
  CHECK(pinned.pin(held, backed_run, 50).empty());
  held.put(backup_of(45, 1, true));
  auto ended = pinned.pin(held, backed_run, 50);
  REQUIRE(ended.size() == 3);
  CHECK(ended[0].ended);
  CHECK(ended[0].epoch == 45);
}

TEST_CASE("large contents come in pieces of bounded size", "[backups]") {
  auto held = holder();
  partition_backup backup{backed_run, backed_place, 1, 0, true, {}};
  std::string large(700'000, 'x');
  large += "end";
  backup.checkpoint = checkpoint_of(40, {{0, "a"}, {1, large}, {2, "b"}});
  backup_store::settings limits{10'000'000, 50};
  held_backups roomy{"hilbert", limits};
  roomy.put(std::move(backup));
  pinned_copies pinned;
  pinned.pin(roomy, backed_run, 40);
  auto slice = [](slice_id id) { return operator_slice{backed_place.id, id}; };
  content_stream stream{backed_run, 40, {slice(0), slice(1), slice(2)}};
  texts content;
  int answers = 0;
  while (!stream.is_complete()) {
    auto pieces = pinned.pieces(stream.next());
    std::size_t bytes = 0;
    for (auto& piece : pieces)
      bytes += piece.bytes.size();
    CHECK(bytes <= piece_bytes);
    stream.on_pieces(pieces, [&](const content_piece& piece) {
      content[piece.of].append(piece.bytes.begin(), piece.bytes.end());
    });
    ++answers;
  }
  CHECK(answers == 3);
  CHECK(content[slice(0)] == "a");
  CHECK(content[slice(1)] == large);
  CHECK(content[slice(2)] == "b");
}

TEST_CASE("answers that were not asked for are refused") {
  content_stream stream{backed_run, 40, {{1, 0}, {1, 1}}};
  auto ignore = [](const content_piece&) {};
  CHECK_THROWS(stream.on_pieces({}, ignore));
  content_piece wrong;
  wrong.of = {1, 1};
  CHECK_THROWS(stream.on_pieces({wrong}, ignore));
  content_piece beyond;
  beyond.of = {1, 0};
  beyond.bytes = {'x'};
  CHECK_THROWS(stream.on_pieces({beyond}, ignore));
}

TEST_CASE("every slice is asked of one node that holds it") {
  savepoint_gathering gathering{small_form(), small_plan().owners};
  CHECK_THAT(gathering.missing(),
             Catch::Contains("numbers, slice 0") && Catch::Contains("more"));
  auto common = [](operator_id id, partition_index i) {
    return held_backups::partition_slice({id, i});
  };
  gathering.on_held(0, {{{0, 0}, 40, false},
                        {{0, 1}, 40, false},
                        {common(0, 0), 40, false},
                        {common(1, 0), 40, false}});
  gathering.on_held(
    1, {{{0, 1}, 40, false}, {common(0, 1), 40, false}, {{1, 0}, 40, false}});
  CHECK(gathering.missing() == "sums, slice 1");
  gathering.on_held(1, {{{1, 1}, 40, false}});
  CHECK(gathering.missing().empty());
  auto plan = gathering.plan();
  CHECK(plan[0].size() == 4);
  CHECK(plan[1].size() == 3);
  saved_content saved;
  saved.size = 17;
  gathering.on_saved(common(0, 1), saved);
  gathering.on_saved({1, 1}, saved);
  auto& operators = gathering.manifest().operators;
  CHECK(operators[0].common.at(1).size == 17);
  CHECK(operators[1].slices.at(1).size == 17);
  CHECK(operators[1].common.size() == 1);
}

// -- runs that begin from one -------------------------------------------------

TEST_CASE("a run from a savepoint begins as a recovery of everything") {
  auto plan = small_plan();
  plan.begins_after = 40;
  run_logic logic{plan};
  CHECK(logic.stable() == 40);
  using action = run_logic::action;
  using command = run_logic::command;
  CHECK(logic.begin()
        == run_logic::actions{{command::recover, 0}, {command::recover, 1}});
  auto what = logic.current_recovery();
  CHECK(what.stable == 40);
  CHECK(what.generation == 1);
  CHECK(what.lost.size() == 3);
  CHECK(logic.on_recovered(0, 1).empty());
  CHECK(logic.on_recovered(1, 1)
        == run_logic::actions{action{command::resume, 0},
                              action{command::resume, 1}});
  logic.on_resumed(0, 1);
  CHECK(logic.state() == run_state::starting);
  // What had ended is done before all have resumed.
  logic.on_partition_done({1, 0}, 1);
  logic.on_resumed(1, 1);
  CHECK(logic.state() == run_state::running);
  logic.on_partition_done({0, 0}, 1);
  logic.on_partition_done({0, 1}, 1);
  CHECK(logic.state() == run_state::complete);
}

// -- where --------------------------------------------------------------------

TEST_CASE("savepoints have names, and files beside each other") {
  CHECK(savepoint_name("word_count-1", 1'714'564'800'007'000)
        == "word_count-1-20240501-120000.007");
  CHECK(savepoint_path("/a", "daily") == "/a/daily.savepoint");
  CHECK(savepoint_path("/a", "/b/daily.savepoint") == "/b/daily.savepoint");
  check_savepoint_name("a-B_1.2");
  for (auto* name : {"", ".hidden", "a/b", "a b", "ä"})
    CHECK_THROWS_WITH(check_savepoint_name(name),
                      Catch::Contains("use letters, digits"));
}

TEST_CASE("only periodic savepoints of the same run make room") {
  scratch_folder folder;
  auto write = [&](const std::string& name, const std::string& run,
                   std::int64_t when, bool periodic) {
    savepoint_output out{savepoint_path(folder.path(), name)};
    savepoint_manifest manifest;
    manifest.run = run;
    manifest.taken_at = when;
    manifest.periodic = periodic;
    out.finish(manifest);
  };
  write("mine", "a-1", 1, false);
  write("third", "a-1", 4, true);
  write("first", "a-1", 2, true);
  write("second", "a-1", 3, true);
  write("other", "a-2", 1, true);
  prune_savepoints(folder.path(), "a-1", 2);
  std::vector<std::string> names;
  for (auto& each : list_savepoints(folder.path()))
    names.push_back(each.name);
  CHECK(names == std::vector<std::string>{"mine", "other", "second", "third"});
  CHECK(list_savepoints(folder.path() / "none").empty());
}
