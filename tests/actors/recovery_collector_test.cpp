#include "tests/actors/backup_values.hpp"

#include "actors/checkpoint_sender.hpp"
#include "actors/held_backups.hpp"
#include "actors/recovery_collector.hpp"

using namespace braid;
using namespace braid::testing;

namespace {

using texts = std::map<slice_id, std::string>;
using state = recovery_collector::state;

/// The last part of what `holder` has.
recovered_part part_from(const std::string& holder, epoch_number epoch,
                         const texts& slices, bool has_partition = true) {
  recovered_part result{backed_run, backed_place,  2,  holder,
                        true,       has_partition, {}, {}};
  result.checkpoint.epoch = epoch;
  if (has_partition)
    result.checkpoint = checkpoint_of(epoch, {});
  for (auto& [slice, text] : slices)
    result.slices.emplace(slice, copy_of(bytes_of(text)));
  return result;
}

recovery_collector collector_at(epoch_number stable,
                                std::set<std::string> nodes = {"a", "b"}) {
  return {backed_run, lost(2), stable, std::move(nodes)};
}

} // namespace

TEST_CASE("a partition is put together from all holders", "[backups]") {
  auto collecting = collector_at(40);
  collecting.on_part(part_from("a", 40, {{4, "four"}}));
  CHECK(collecting.current() == state::waiting);
  collecting.on_part(part_from("b", 40, {{9, "nine"}}));
  REQUIRE(collecting.current() == state::complete);
  CHECK(collecting.problem().empty());
  CHECK(collecting.cuts().empty());
  auto found = collecting.take_checkpoint();
  REQUIRE(found);
  CHECK(found->epoch == 40);
  CHECK_FALSE(found->ended);
  CHECK(text_of(found->progress) == "progress 40");
  CHECK(text_of(found->shared) == "shared 40");
  CHECK(texts_of(*found) == texts{{4, "four"}, {9, "nine"}});
}

TEST_CASE("who holds what was restored is known by slice", "[backups]") {
  auto collecting = collector_at(40);
  collecting.on_part(part_from("a", 40, {{4, "four"}, {9, "nine"}}));
  auto of_b = part_from("b", 40, {{9, "nine"}});
  of_b.final = false;
  collecting.on_part(of_b);
  collecting.on_part(part_from("b", 39, {{4, "old"}}, false));
  REQUIRE(collecting.current() == state::complete);
  using names = std::set<std::string>;
  CHECK(collecting.held_by()
        == std::map<slice_id, names>{{4, {"a"}}, {9, {"a", "b"}}});
}

TEST_CASE("slices can be taken as they come", "[backups]") {
  auto collecting = collector_at(40, {"a", "b", "c"});
  collecting.on_part(part_from("a", 33, {{9, "old"}}));
  CHECK(collecting.take_slices().empty());
  collecting.on_part(part_from("b", 40, {{4, "four"}}));
  CHECK(texts_of(collecting.take_slices()) == texts{{4, "four"}});
  CHECK(collecting.take_slices().empty());
  collecting.on_part(part_from("c", 40, {{4, "four"}, {9, "nine"}}, false));
  REQUIRE(collecting.current() == state::complete);
  SECTION("all of them") {
    CHECK(texts_of(collecting.take_slices()) == texts{{9, "nine"}});
    CHECK(collecting.take_checkpoint()->slices.empty());
  }
  SECTION("or the rest comes with the checkpoint") {
    CHECK(texts_of(*collecting.take_checkpoint()) == texts{{9, "nine"}});
  }
}

// [16] One node that has not answered may know a cut.
TEST_CASE("cuts of all nodes count, so all must have answered", "[backups]") {
  auto collecting = collector_at(40);
  auto whole = part_from("a", 40, {{4, "four"}, {9, "nine"}});
  whole.cuts[40] = cuts_at(9);
  whole.cuts[41] = cuts_at(10);
  collecting.on_part(whole);
  CHECK(collecting.current() == state::waiting);
  auto first = part_from("b", 40, {}, false);
  first.final = false;
  first.cuts[41] = cuts_at(10);
  collecting.on_part(first);
  CHECK(collecting.current() == state::waiting);
  auto second = part_from("b", 40, {}, false);
  second.cuts[42] = cuts_at(20);
  collecting.on_part(second);
  REQUIRE(collecting.current() == state::complete);
  CHECK(collecting.cuts()
        == std::map<epoch_number, std::vector<source_cut>>{{41, cuts_at(10)},
                                                           {42, cuts_at(20)}});
}

TEST_CASE("an ended partition's older copy is good", "[backups]") {
  auto collecting = collector_at(60);
  auto one = part_from("a", 33, {{4, "four"}});
  auto other = part_from("b", 33, {{9, "nine"}}, false);
  one.checkpoint.ended = other.checkpoint.ended = true;
  collecting.on_part(one);
  collecting.on_part(other);
  REQUIRE(collecting.current() == state::complete);
  auto found = collecting.take_checkpoint();
  REQUIRE(found);
  CHECK(found->epoch == 33);
  CHECK(found->ended);
  CHECK(texts_of(*found) == texts{{4, "four"}, {9, "nine"}});
}

TEST_CASE("copies of other epochs do not count", "[backups]") {
  auto collecting = collector_at(60);
  SECTION("older ones of a partition that goes on") {
    collecting.on_part(part_from("a", 40, {{4, "four"}, {9, "nine"}}));
  }
  SECTION("newer ones, ended or not") {
    auto newer = part_from("a", 80, {{4, "four"}, {9, "nine"}});
    newer.checkpoint.ended = GENERATE(false, true);
    collecting.on_part(newer);
  }
  collecting.on_part(part_from("b", 60, {}));
  CHECK(collecting.current() == state::failed);
}

TEST_CASE("copies of two epochs are not mixed", "[backups]") {
  auto collecting = collector_at(60);
  auto ended = part_from("a", 40, {{4, "four"}});
  ended.checkpoint.ended = true;
  collecting.on_part(ended);
  collecting.on_part(part_from("b", 60, {{9, "nine"}}));
  CHECK(collecting.current() == state::failed);
}

TEST_CASE("what is missing is named", "[backups]") {
  auto collecting = collector_at(40, {"a", "b", "c"});
  collecting.on_part(part_from("a", 40, {{4, "four"}}));
  collecting.on_part(part_from("b", 40, {{4, "four"}}));
  CHECK(collecting.current() == state::waiting);
  SECTION("all answer") {
    collecting.on_part(part_from("c", 40, {}, false));
    REQUIRE(collecting.current() == state::failed);
    CHECK(collecting.problem()
          == "operator 3, partition 1 cannot be restored at epoch 40: no whole "
             "copy is left of slices 9; keep more replicas");
  }
  SECTION("one is lost") {
    collecting.on_node_lost("c");
    REQUIRE(collecting.current() == state::failed);
    CHECK_THAT(collecting.problem(),
               Catch::Contains("slices 9; keep more replicas")
                 && Catch::Contains("lost before they answered: c"));
  }
}

TEST_CASE("progress is needed, too", "[backups]") {
  auto collecting = collector_at(40, {"a"});
  collecting.on_part(part_from("a", 40, {{4, "four"}, {9, "nine"}}, false));
  REQUIRE(collecting.current() == state::failed);
  CHECK_THAT(collecting.problem(), Catch::Contains("belongs to no slice"));
}

TEST_CASE("many missing slices are counted", "[backups]") {
  lost_partition large{backed_place, {}, 2};
  for (slice_id slice = 0; slice < 20; ++slice)
    large.slices.push_back(slice);
  recovery_collector collecting{backed_run, large, 40, {}};
  REQUIRE(collecting.current() == state::failed);
  CHECK_THAT(collecting.problem(),
             Catch::Contains("slices 0, 1, 2, 3, 4, 5, 6, 7 and 12 more"));
}

TEST_CASE("a node that is lost does not hold up the others", "[backups]") {
  auto collecting = collector_at(40, {"a", "b", "c"});
  auto some = part_from("b", 40, {{9, "nine"}});
  some.final = false;
  collecting.on_part(some);
  collecting.on_node_lost("b");
  collecting.on_node_lost("stranger");
  collecting.on_part(part_from("a", 40, {{4, "four"}}));
  CHECK(collecting.current() == state::waiting);
  collecting.on_node_lost("c");
  REQUIRE(collecting.current() == state::complete);
  CHECK(texts_of(*collecting.take_checkpoint())
        == texts{{4, "four"}, {9, "nine"}});
}

TEST_CASE("before anything is stable a partition begins anew", "[backups]") {
  auto collecting = collector_at(0, {"a"});
  auto part = part_from("a", 0, {}, false);
  part.cuts[1] = cuts_at(10);
  collecting.on_part(part);
  REQUIRE(collecting.current() == state::complete);
  CHECK_FALSE(collecting.take_checkpoint());
  CHECK(collecting.cuts().at(1) == cuts_at(10));
  CHECK(collector_at(0, {}).current() == state::complete);
}

TEST_CASE("answers to somebody else are ignored", "[backups]") {
  auto collecting = collector_at(40, {"a"});
  auto right = part_from("a", 40, {{4, "four"}, {9, "nine"}});
  auto other = right;
  other.incarnation = 1;
  collecting.on_part(other);
  other = right;
  other.run = 8;
  collecting.on_part(other);
  other = right;
  other.place.index = 0;
  collecting.on_part(other);
  other = right;
  other.holder = "stranger";
  collecting.on_part(other);
  CHECK(collecting.current() == state::waiting);
  collecting.on_part(right);
  CHECK(collecting.current() == state::complete);
}

TEST_CASE("cuts that contradict each other end a recovery", "[backups]") {
  auto collecting = collector_at(40);
  auto one = part_from("a", 40, {{4, "four"}, {9, "nine"}});
  one.cuts[41] = cuts_at(10);
  auto other = part_from("b", 40, {});
  other.cuts[41] = cuts_at(11);
  collecting.on_part(one);
  collecting.on_part(other);
  REQUIRE(collecting.current() == state::failed);
  CHECK_THAT(collecting.problem(),
             Catch::Contains("node 'b'") && Catch::Contains("epoch 41"));
}

// Who knew the cuts of 41 and 42 is lost; others have seen these epochs.
TEST_CASE("a gap in the cuts ends a recovery", "[backups]") {
  auto collecting = collector_at(40, {"a"});
  auto part = part_from("a", 40, {{4, "four"}, {9, "nine"}});
  part.cuts[43] = cuts_at(10);
  collecting.on_part(part);
  REQUIRE(collecting.current() == state::failed);
  CHECK_THAT(collecting.problem(), Catch::Contains("epochs 41 to 42"));
}

// Everything together, over frames: two holders, one of which is lost.
TEST_CASE("what was backed up is restored from replicas", "[backups]") {
  auto replicas = GENERATE(1U, 2U);
  checkpoint_sender sender{backed_run, backed_place, 1, {200, 100'000}};
  backup_holders holders{0, {1, 2}, {0, 1, 2}, replicas};
  std::map<node_index, held_backups> nodes;
  nodes.try_emplace(1, "a", backup_store::settings{}, 200U);
  nodes.try_emplace(2, "b", backup_store::settings{}, 200U);
  texts slices;
  lost_partition all{backed_place, {}, 2};
  for (slice_id slice = 0; slice < 30; ++slice) {
    slices[slice] = "slice " + std::to_string(slice);
    all.slices.push_back(slice);
  }
  bool complete = false;
  REQUIRE(sender.begin(checkpoint_of(40, slices), holders));
  for (auto& each : sender.take_messages()) {
    auto& node = nodes.at(each.to);
    auto frame = to_frame(
      node.put(read_partition_backup(incoming_frame{to_frame(each.backup)})));
    auto receipt = read_backup_receipt(incoming_frame{frame});
    complete = sender.on_receipt(each.to, receipt).completed.has_value();
  }
  REQUIRE(complete);

  recovery_collector collecting{backed_run, all, 40, {"a", "b"}};
  collecting.on_node_lost("b");
  auto& left = nodes.at(1);
  left.fence(backed_run, all, 40);
  auto recovery = left.parts_of(backed_run, all, 40);
  CHECK(recovery.parts.size() > 1);
  for (auto& part : recovery.parts)
    collecting.on_part(read_recovered_part(incoming_frame{to_frame(part)}));
  if (replicas == 1) {
    CHECK(collecting.current() == state::failed);
    return;
  }
  REQUIRE(collecting.current() == state::complete);
  auto found = collecting.take_checkpoint();
  REQUIRE(found);
  CHECK(texts_of(*found) == slices);
  CHECK(text_of(found->progress) == "progress 40");
}
