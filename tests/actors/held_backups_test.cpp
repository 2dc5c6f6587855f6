#include "tests/actors/backup_values.hpp"

#include "actors/held_backups.hpp"

#include "checkpoint/checksum.hpp"

#include <utility>

using namespace braid;
using namespace braid::testing;

namespace {

using texts = std::map<slice_id, std::string>;
using cuts_by_epoch = std::map<epoch_number, std::vector<source_cut>>;

held_backups holder(std::uint64_t limit = 1'000'000,
                    std::uint64_t part_bytes = max_part_bytes) {
  return {"hilbert", backup_store::settings{limit, 50}, part_bytes};
}

/// What a holder gives back, its parts put together.
struct given_back {
  texts slices;
  std::string progress;
  std::string shared;
  std::map<epoch_number, bool> ended; ///< by epoch of the copies
  cuts_by_epoch cuts;
};

given_back all_of(const held_backups::recovery& recovery) {
  given_back result;
  REQUIRE_FALSE(recovery.parts.empty());
  for (auto& part : recovery.parts) {
    CHECK(part.final == (&part == &recovery.parts.back()));
    CHECK(part.holder == "hilbert");
    auto& checkpoint = part.checkpoint;
    if (part.has_partition) {
      result.progress = text_of(checkpoint.progress);
      result.shared = text_of(checkpoint.shared);
    }
    CHECK(checkpoint.slices.empty());
    if (part.has_partition || !part.slices.empty())
      result.ended[checkpoint.epoch] = checkpoint.ended;
    result.slices.merge(texts_of(part.slices));
    result.cuts.insert(part.cuts.begin(), part.cuts.end());
  }
  return result;
}

given_back all_of(const held_backups& held, epoch_number stable,
                  incarnation_number successor = 2) {
  return all_of(held.parts_of(backed_run, lost(successor), stable));
}

} // namespace

TEST_CASE("a holder gives back what it holds", "[backups]") {
  auto held = holder();
  auto receipt = held.put(backup_of(40, 1));
  CHECK(receipt.result == put_result::stored);
  CHECK(receipt.run == backed_run);
  CHECK(receipt.place.index == backed_place.index);
  CHECK(receipt.incarnation == 1);
  CHECK(receipt.epoch == 40);
  CHECK(held.put(backup_of(40, 1)).result == put_result::known);
  held.put(backup_of(60, 1));
  held.stable(backed_run, 40);
  held.fence(backed_run, lost(2), 40);

  auto recovery = held.parts_of(backed_run, lost(2), 40);
  REQUIRE(recovery.parts.size() == 1);
  CHECK(recovery.damaged.empty());
  CHECK_FALSE(recovery.partition_damaged);
  CHECK(recovery.parts[0].run == backed_run);
  CHECK(recovery.parts[0].place.id == backed_place.id);
  CHECK(recovery.parts[0].incarnation == 2);
  auto found = all_of(recovery);
  CHECK(found.slices == texts{{4, "four 40/1"}, {9, "nine 40/1"}});
  CHECK(found.progress == "progress 40");
  CHECK(found.shared == "shared 40");
  CHECK(found.ended == std::map<epoch_number, bool>{{40, false}});
}

TEST_CASE("who holds nothing says so", "[backups]") {
  auto held = holder();
  auto recovery = held.parts_of(backed_run, lost(2), 40);
  REQUIRE(recovery.parts.size() == 1);
  CHECK(recovery.parts[0].final);
  CHECK_FALSE(recovery.parts[0].has_partition);
  CHECK(recovery.parts[0].slices.empty());
  CHECK(recovery.parts[0].cuts.empty());
  // Before anything is stable, nobody can go back to a copy.
  held.put(backup_of(40, 1));
  CHECK(all_of(held, 0).slices.empty());
}

// [19] S and P die; P has backed up 60, which S' cuts otherwise.
TEST_CASE("backups of a fenced instance are void", "[backups]") {
  auto held = holder();
  held.put(backup_of(40, 1));
  held.put(backup_of(60, 1));
  held.fence(backed_run, lost(2), 40);
  CHECK(held.put(backup_of(60, 1)).result == put_result::fenced);
  CHECK(held.put(backup_of(80, 1)).result == put_result::fenced);
  CHECK(all_of(held, 60).slices.empty());
  CHECK(held.put(backup_of(60, 2)).result == put_result::stored);
  held.stable(backed_run, 60);
  CHECK(all_of(held, 60, 3).slices
        == texts{{4, "four 60/2"}, {9, "nine 60/2"}});
}

TEST_CASE("a fence covers slices that nothing was held of", "[backups]") {
  auto held = holder();
  held.fence(backed_run, lost(2), 0);
  CHECK(held.put(backup_of(20, 1)).result == put_result::fenced);
  CHECK(held.put(cuts_of(1, 1, 10, 1)).fenced);
  // Another partition of the operator lives on.
  auto other = backup_of(20, 1);
  other.place.index = 0;
  other.checkpoint.slices = checkpoint_of(20, {{5, "five"}}).slices;
  CHECK(held.put(std::move(other)).result == put_result::stored);
  auto beside = cuts_of(1, 1, 10, 1);
  beside.place.index = 0;
  CHECK_FALSE(held.put(std::move(beside)).fenced);
}

TEST_CASE("an ended partition's last backup stays good", "[backups]") {
  auto held = holder();
  held.put(backup_of(20, 1));
  held.put(backup_of(33, 1, true));
  held.stable(backed_run, 40);
  held.stable(backed_run, 60);
  auto found = all_of(held, 60);
  CHECK(found.slices == texts{{4, "four 33/1"}, {9, "nine 33/1"}});
  CHECK(found.progress == "progress 33");
  CHECK(found.ended == std::map<epoch_number, bool>{{33, true}});
}

TEST_CASE("an end beyond the stable epoch is void with the rest", "[backups]") {
  auto held = holder();
  held.put(backup_of(20, 1));
  held.put(backup_of(33, 1, true));
  held.fence(backed_run, lost(2), 20);
  held.put(backup_of(40, 2));
  CHECK(all_of(held, 20).ended == std::map<epoch_number, bool>{{20, false}});
  held.stable(backed_run, 40);
  CHECK(all_of(held, 40, 3).ended == std::map<epoch_number, bool>{{40, false}});
  held.stable(backed_run, 60);
  CHECK(all_of(held, 60, 3).slices.empty());
}

TEST_CASE("copies of former holders are dropped", "[backups]") {
  auto held = holder();
  auto empty = held.bytes();
  held.put(backup_of(40, 1));
  held.stable(backed_run, 40);
  CHECK(held.bytes() > empty);
  // Others keep the checkpoint of 60.
  held.stable(backed_run, 60);
  CHECK(held.bytes() == empty);
  CHECK(all_of(held, 60).slices.empty());
}

TEST_CASE("a stable epoch trims backups and cuts", "[backups]") {
  auto held = holder();
  held.put(backup_of(40, 1));
  held.put(cuts_of(39, 42, 10, 1));
  auto before = held.bytes();
  // A recovery may be the first to say what is stable.
  CHECK(all_of(held, 41).cuts == cuts_by_epoch{{42, cuts_at(10)}});
  held.put(backup_of(60, 1));
  held.put(cuts_of(59, 62, 30, 1));
  held.stable(backed_run, 60);
  CHECK(held.bytes() < before);
  CHECK(all_of(held, 60).cuts
        == cuts_by_epoch{{61, cuts_at(30)}, {62, cuts_at(30)}});
  // Late ones are not kept.
  auto now = held.bytes();
  CHECK_FALSE(held.put(cuts_of(50, 60, 20, 1)).fenced);
  CHECK(held.bytes() == now);
}

// [15, 16] Whoever saw an epoch saw the cuts that are held.
TEST_CASE("cuts from before a fence stay good, later ones do not count",
          "[backups]") {
  auto held = holder();
  auto receipt = held.put(cuts_of(41, 42, 10, 1));
  CHECK(receipt.last == 42);
  CHECK(receipt.incarnation == 1);
  CHECK(receipt.run == backed_run);
  CHECK_FALSE(receipt.fenced);
  held.fence(backed_run, lost(2), 40);
  CHECK(held.put(cuts_of(43, 43, 20, 1)).fenced);
  CHECK(all_of(held, 40).cuts
        == cuts_by_epoch{{41, cuts_at(10)}, {42, cuts_at(10)}});

  // The successor repeats them, in ranges of its own.
  CHECK_FALSE(held.put(cuts_of(41, 41, 10, 2)).fenced);
  CHECK_THROWS_AS(held.put(cuts_of(42, 43, 11, 2)), protocol_error);
  CHECK_FALSE(held.put(cuts_of(42, 43, 10, 2)).fenced);
  CHECK(
    all_of(held, 40, 3).cuts
    == cuts_by_epoch{{41, cuts_at(10)}, {42, cuts_at(10)}, {43, cuts_at(10)}});
}

// [25] The connection broke, and 43 came over the next one before what was
// lost was sent again; then the source died.
TEST_CASE("cuts after a gap are void once the instance is fenced",
          "[backups]") {
  auto held = holder();
  held.put(cuts_of(41, 41, 10, 1));
  auto before = held.bytes();
  held.put(cuts_of(43, 43, 30, 1));
  held.fence(backed_run, lost(2), 40);
  CHECK(held.bytes() == before);
  CHECK(all_of(held, 40).cuts == cuts_by_epoch{{41, cuts_at(10)}});
  // The successor may end these otherwise.
  CHECK_FALSE(held.put(cuts_of(42, 43, 11, 2)).fenced);
}

TEST_CASE("a successor's cuts fence the instance before it", "[backups]") {
  auto held = holder();
  held.put(cuts_of(1, 1, 10, 2));
  CHECK(held.put(cuts_of(2, 2, 20, 1)).fenced);
  CHECK(all_of(held, 0, 3).cuts == cuts_by_epoch{{1, cuts_at(10)}});
}

TEST_CASE("cuts that make no sense are refused whole", "[backups]") {
  auto held = holder();
  CHECK_THROWS_AS(held.put(cuts_of(0, 3, 10, 1)), protocol_error);
  CHECK_THROWS_AS(held.put(cuts_of(5, 4, 10, 1)), protocol_error);
  held.put(cuts_of(3, 3, 10, 1));
  CHECK_THROWS_AS(held.put(cuts_of(2, 4, 11, 1)), protocol_error);
  CHECK(all_of(held, 0).cuts == cuts_by_epoch{{3, cuts_at(10)}});
}

TEST_CASE("a damaged slice is left out, and named", "[backups]") {
  auto held = holder();
  auto backup = backup_of(40, 1);
  auto* content = backup.checkpoint.slices.at(9).data();
  held.put(std::move(backup));
  held.stable(backed_run, 40);
  *content ^= std::byte{1};
  auto recovery = held.parts_of(backed_run, lost(2), 40);
  CHECK(recovery.damaged == std::vector<slice_id>{9});
  CHECK_FALSE(recovery.partition_damaged);
  CHECK(all_of(recovery).slices == texts{{4, "four 40/1"}});
}

TEST_CASE("the checksum with which a slice came is the one it must have",
          "[backups]") {
  auto held = holder();
  auto backup = backup_of(40, 1);
  for (auto& [slice, content] : backup.checkpoint.slices)
    backup.sums[slice] = checksum(content) + (slice == 9 ? 1 : 0);
  held.put(std::move(backup));
  held.stable(backed_run, 40);
  auto recovery = held.parts_of(backed_run, lost(2), 40);
  CHECK(recovery.damaged == std::vector<slice_id>{9});
}

TEST_CASE("no room is said", "[backups]") {
  auto held = holder(400);
  auto backup = backup_of(40, 1);
  backup.checkpoint.slices[9] = bytes_of(std::string(500, 'x'));
  CHECK(held.put(std::move(backup)).result == put_result::over_limit);
}

TEST_CASE("answers are split", "[backups]") {
  constexpr std::uint64_t limit = 1'000;
  auto held = holder(1'000'000, limit);
  partition_backup backup{backed_run, backed_place, 1, 0, true, {}};
  texts slices;
  lost_partition all{backed_place, {}, 2};
  for (slice_id slice = 0; slice < 20; ++slice) {
    // One of them alone is larger than a part.
    auto size = slice == 7 ? 5'000U : 300U;
    slices[slice] = std::string(size, static_cast<char>('a' + slice));
    all.slices.push_back(slice);
  }
  backup.checkpoint = checkpoint_of(40, slices);
  held.put(std::move(backup));
  for (epoch_number epoch = 41; epoch <= 60; ++epoch)
    held.put(cuts_of(epoch, epoch, epoch, 1));
  held.stable(backed_run, 40);

  auto recovery = held.parts_of(backed_run, all, 40);
  std::size_t with_partition = 0;
  for (auto& part : recovery.parts) {
    std::uint64_t bytes = 0;
    for (auto& [slice, copy] : part.slices)
      bytes += copy.size();
    for (auto& [epoch, cuts] : part.cuts)
      bytes += cuts.size() * sizeof(source_cut);
    CHECK((bytes <= limit || (part.slices.size() == 1 && part.cuts.empty())));
    with_partition += part.has_partition ? 1 : 0;
  }
  CHECK(with_partition == 1);
  CHECK(recovery.parts.size() > 8);
  auto found = all_of(recovery);
  CHECK(found.slices == slices);
  CHECK(found.cuts.size() == 20);
  CHECK(found.cuts.at(55) == cuts_at(55));
}

TEST_CASE("runs do not touch each other", "[backups]") {
  auto held = holder();
  auto empty = held.bytes();
  held.put(backup_of(40, 1));
  held.put(cuts_of(41, 50, 10, 1));
  auto one = held.bytes();
  auto other = backup_of(40, 1);
  other.run = 8;
  held.put(std::move(other));
  held.fence(8, lost(2), 0);
  held.drop_run(8);
  CHECK(held.bytes() == one);
  CHECK(all_of(held, 40).slices.size() == 2);
  CHECK(all_of(held, 40).cuts.size() == 10);
  held.drop_run(backed_run);
  CHECK(held.bytes() == empty);
}

// A shadow's first copies are behind what its origins back up, until it has
// backed up all.
TEST_CASE("copies of a shadow stay though newer epochs are stable",
          "[backups]") {
  auto held = holder();
  auto shadow = lost(2);
  shadow.shadow = true;
  held.fence(backed_run, shadow, 20);
  held.put(backup_of(40, 2));
  held.stable(backed_run, 60);
  auto changes = backup_of(80, 2);
  for (auto& [slice, content] : changes.checkpoint.slices)
    changes.checkpoint.bases[slice] = 40;
  changes.checkpoint.shared_base = 40;
  CHECK(held.put(changes).result == put_result::stored);
  SECTION("but not when it is none any more") {
    held.stable(backed_run, 80);
    held.forget_shadows(backed_run);
    held.stable(backed_run, 100);
    CHECK(all_of(held, 100).slices.empty());
  }
}
