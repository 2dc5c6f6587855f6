// What a partition does when nodes have no room for its backups.
#include "tests/actors/backup_values.hpp"
#include "tests/actors/noting_link.hpp"

#include "actors/held_backups.hpp"
#include "actors/routed_outbox.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

using namespace braid;
using namespace braid::testing;

namespace {

/// A partition on node a whose slices are backed up on nodes b and c.
class backing_up {
public:
  explicit backing_up(std::uint32_t replicas = 1) {
    out_.tell(
      {[this](auto& done) { backed_up.push_back(done.epoch); },
       [this](epoch_number, const std::string& why) { reasons.push_back(why); },
       [](epoch_number) {}, [](epoch_number) {}, [](epoch_number) {}, [] {}});
    auto routes = std::make_shared<run_routes>();
    routes->run = backed_run;
    routes->nodes = {"a", "b", "c"};
    out_.route(std::move(routes), backup_holders{0, {}, {0, 1, 2}, replicas});
  }

  /// Returns whom it is sent to.
  std::set<std::string> checkpoint(epoch_number epoch) {
    std::map<slice_id, std::string> slices;
    for (slice_id slice = 0; slice < 20; ++slice)
      slices[slice] = "slice";
    out_.send_checkpoint(checkpoint_of(epoch, slices));
    return link_.take();
  }

  /// Answers for all parts of the epoch; those of others are not known to it.
  void answer(const std::string& node, epoch_number epoch, put_result result) {
    for (std::uint32_t part = 0; part < 20; ++part)
      out_.on_receipt(
        node, backup_receipt{backed_run, backed_place, 1, epoch, part, result});
  }

  lost_copies lost() {
    return out_.take_lost_copies();
  }

  std::vector<epoch_number> backed_up;
  std::vector<std::string> reasons;

private:
  noting_link link_;
  routed_outbox out_{backed_run, backed_place, 1, link_};
};

using names = std::set<std::string>;

} // namespace

TEST_CASE("a node without room is left out of the next checkpoint",
          "[backups]") {
  backing_up partition;
  REQUIRE(partition.checkpoint(10) == names{"b", "c"});
  partition.answer("b", 10, put_result::over_limit);
  REQUIRE(partition.reasons.size() == 1);
  CHECK_THAT(
    partition.reasons.front(),
    Catch::StartsWith("node b has no room for a backup of ")
      && Catch::EndsWith("; raise checkpoints.memory there, or add nodes"));
  partition.answer("c", 10, put_result::stored);
  CHECK(partition.backed_up.empty());
  // What b was to keep is not known to be anywhere: full copies are needed.
  CHECK_FALSE(partition.lost().slices.empty());

  CHECK(partition.checkpoint(20) == names{"c"});
  partition.answer("c", 20, put_result::stored);
  CHECK(partition.backed_up == std::vector<epoch_number>{20});
  CHECK(partition.reasons.size() == 1);
}

TEST_CASE("if too few nodes have room, all are asked again", "[backups]") {
  backing_up partition;
  partition.checkpoint(10);
  partition.answer("b", 10, put_result::over_limit);
  partition.checkpoint(20);
  partition.answer("c", 20, put_result::over_limit);
  CHECK(partition.reasons.size() == 2);
  CHECK(partition.checkpoint(30) == names{"b", "c"});
  partition.answer("b", 30, put_result::stored);
  partition.answer("c", 30, put_result::stored);
  CHECK(partition.backed_up == std::vector<epoch_number>{30});

  backing_up twice{2};
  twice.checkpoint(10);
  twice.answer("b", 10, put_result::over_limit);
  CHECK(twice.checkpoint(20) == names{"b", "c"});
}

TEST_CASE("a full holder keeps what it has, and takes more once there is room",
          "[backups]") {
  held_backups probe{"probe", {}};
  probe.put(backup_of(40, 1));
  backup_store::settings limits;
  limits.limit = 2 * probe.bytes() + probe.bytes() / 2;
  held_backups held{"hilbert", limits};
  auto other = backup_of(40, 1);
  other.run = backed_run + 1;
  CHECK(held.put(other).result == put_result::stored);
  CHECK(held.put(backup_of(40, 1)).result == put_result::stored);
  CHECK(held.put(backup_of(60, 1)).result == put_result::over_limit);
  held.stable(backed_run, 40);
  auto found = held.parts_of(backed_run, lost(2), 40);
  REQUIRE(found.parts.size() == 1);
  CHECK(found.parts.front().slices.size() == 2);
  CHECK(found.damaged.empty());

  held.drop_run(backed_run + 1);
  CHECK(held.put(backup_of(60, 2)).result == put_result::stored);
}
