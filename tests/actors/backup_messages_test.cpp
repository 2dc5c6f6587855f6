#include "tests/actors/backup_values.hpp"

#include "checkpoint/checksum.hpp"

#include "operators/input_archive.hpp"

#include <cstring>
#include <memory>
#include <vector>

using namespace braid;
using namespace braid::testing;

namespace {

/// What arrives if `bytes` do.
incoming_frame frame_of(std::uint16_t kind,
                        const std::vector<std::byte>& bytes) {
  return incoming_frame{outgoing_frame{kind, bytes}};
}

std::vector<std::byte> body_of(const outgoing_frame& sent) {
  incoming_frame frame{sent};
  return {frame.bytes().begin(), frame.bytes().end()};
}

/// Every single byte that is changed, and every end that is cut off, is found.
template <class Read>
void check_every_damage(const outgoing_frame& sent, Read read) {
  auto body = body_of(sent);
  for (std::size_t at = 0; at < body.size(); ++at) {
    auto changed = body;
    changed[at] ^= std::byte{0x10};
    REQUIRE_THROWS_AS(read(frame_of(sent.kind(), changed)), decode_error);
    std::vector<std::byte> torn{body.begin(),
                                body.begin() + static_cast<std::ptrdiff_t>(at)};
    REQUIRE_THROWS_AS(read(frame_of(sent.kind(), torn)), decode_error);
  }
  body.push_back({});
  REQUIRE_THROWS_AS(read(frame_of(sent.kind(), body)), decode_error);
}

recovered_part recovered() {
  recovered_part result{backed_run, backed_place,          5, "hilbert", true,
                        true,       checkpoint_of(40, {}), {}};
  result.checkpoint.ended = true;
  result.slices.emplace(4, copy_of(bytes_of("four")));
  result.slices.emplace(9, copy_of(byte_buffer{}));
  auto changed = result.slices.emplace(12, copy_of(bytes_of("full")));
  changed.first->second.changes = {copy_of(bytes_of("changes")).full,
                                   copy_of(bytes_of("and more")).full};
  result.cuts[41] = cuts_at(100);
  result.cuts[42] = {};
  return result;
}

} // namespace

TEST_CASE("a backup travels whole", "[backups]") {
  auto sent = backup_of(60, 3, true);
  sent.part = 17;
  incoming_frame frame{to_frame(sent)};
  CHECK(frame.kind() == 4);
  auto read = read_partition_backup(frame);
  CHECK(read.run == backed_run);
  CHECK(read.place.id == backed_place.id);
  CHECK(read.place.index == backed_place.index);
  CHECK(read.incarnation == 3);
  CHECK(read.part == 17);
  CHECK(read.has_partition);
  CHECK(read.checkpoint.epoch == 60);
  CHECK(read.checkpoint.ended);
  CHECK(text_of(read.checkpoint.progress) == "progress 60");
  CHECK(text_of(read.checkpoint.shared) == "shared 60");
  CHECK(texts_of(read.checkpoint)
        == std::map<slice_id, std::string>{{4, "four 60/3"}, {9, "nine 60/3"}});
  for (auto& [slice, content] : read.checkpoint.slices)
    CHECK(read.sums.at(slice) == checksum(content));
}

TEST_CASE("changes travel with what they are based on", "[backups]") {
  auto sent = backup_of(60, 3);
  sent.checkpoint.slices[2] = bytes_of("");
  sent.checkpoint.bases = {{2, 40}, {9, 40}, {4, 50}};
  sent.checkpoint.shared_base = 40;
  sent.checkpoint.ahead = true;
  incoming_frame frame{to_frame(sent)};
  auto read = read_partition_backup(frame);
  CHECK(read.checkpoint.ahead);
  CHECK(read.checkpoint.bases == sent.checkpoint.bases);
  CHECK(read.checkpoint.shared_base == 40);
  CHECK(texts_of(read.checkpoint)
        == std::map<slice_id, std::string>{
          {2, ""}, {4, "four 60/3"}, {9, "nine 60/3"}});
  check_every_damage(to_frame(sent), read_partition_backup);
}

TEST_CASE("only what is large takes the lane of state", "[backups]") {
  CHECK(to_frame(backup_of(60, 3)).on_lane() == lane::state);
  CHECK(to_frame(recovered()).on_lane() == lane::state);
  CHECK(to_frame(cuts_of(5, 8, 70, 2)).on_lane() == lane::batches);
  CHECK(to_frame(cuts_receipt{7, backed_place, 2, 8, true}).on_lane()
        == lane::batches);
  CHECK(to_frame(backup_receipt{7, backed_place, 2, 60, 1, put_result::known})
          .on_lane()
        == lane::batches);
}

TEST_CASE("a backup's slices are not copied into the frame", "[backups]") {
  auto sent = backup_of(60, 3);
  auto* content = sent.checkpoint.slices.at(9).data();
  auto frame = to_frame(std::move(sent));
  REQUIRE_FALSE(frame.parts().empty());
  CHECK(frame.parts().back().bytes.data() == content);
}

TEST_CASE("a recovered part travels whole", "[backups]") {
  incoming_frame frame{to_frame(recovered())};
  CHECK(frame.kind() == 8);
  auto read = read_recovered_part(frame);
  CHECK(read.run == backed_run);
  CHECK(read.place.index == backed_place.index);
  CHECK(read.incarnation == 5);
  CHECK(read.holder == "hilbert");
  CHECK(read.final);
  CHECK(read.has_partition);
  CHECK(read.checkpoint.epoch == 40);
  CHECK(read.checkpoint.ended);
  CHECK(text_of(read.checkpoint.shared) == "shared 40");
  REQUIRE(read.slices.size() == 3);
  CHECK(text_of(byte_buffer{read.slices[4].full.bytes}) == "four");
  CHECK(read.slices[9].full.bytes.empty());
  auto& changes = read.slices[12].changes;
  REQUIRE(changes.size() == 2);
  CHECK(text_of(byte_buffer{changes[1].bytes}) == "and more");
  // Where it arrived.
  CHECK(changes[1].bytes.data() > frame.bytes().data());
  CHECK(changes[1].bytes.data() < frame.bytes().data() + frame.bytes().size());
  CHECK(read.cuts == recovered().cuts);
}

TEST_CASE("cuts and receipts travel whole", "[backups]") {
  auto cuts = read_source_cuts(incoming_frame{to_frame(cuts_of(5, 8, 70, 2))});
  CHECK(cuts.run == backed_run);
  CHECK(cuts.place.id == backed_place.id);
  CHECK(cuts.incarnation == 2);
  CHECK(cuts.first == 5);
  CHECK(cuts.last == 8);
  CHECK(cuts.cuts == cuts_at(70));

  auto held = read_cuts_receipt(
    incoming_frame{to_frame(cuts_receipt{7, backed_place, 2, 8, true})});
  CHECK(held.run == 7);
  CHECK(held.place.index == backed_place.index);
  CHECK(held.incarnation == 2);
  CHECK(held.last == 8);
  CHECK(held.fenced);

  auto kept = read_backup_receipt(incoming_frame{to_frame(
    backup_receipt{7, backed_place, 2, 60, 1, put_result::over_limit})});
  CHECK(kept.run == 7);
  CHECK(kept.place.id == backed_place.id);
  CHECK(kept.incarnation == 2);
  CHECK(kept.epoch == 60);
  CHECK(kept.part == 1);
  CHECK(kept.result == put_result::over_limit);
}

TEST_CASE("damaged frames about backups are recognised", "[backups]") {
  check_every_damage(to_frame(backup_of(60, 3)), read_partition_backup);
  check_every_damage(to_frame(recovered()), read_recovered_part);
  check_every_damage(to_frame(cuts_of(5, 8, 70, 2)), read_source_cuts);
  check_every_damage(to_frame(cuts_receipt{7, backed_place, 2, 8, true}),
                     read_cuts_receipt);
  check_every_damage(
    to_frame(backup_receipt{7, backed_place, 2, 60, 1, put_result::known}),
    read_backup_receipt);
}

TEST_CASE("a damaged slice is called damaged", "[backups]") {
  auto sent = to_frame(backup_of(60, 3));
  auto body = body_of(sent);
  body.back() ^= std::byte{1};
  CHECK_THROWS_WITH(read_partition_backup(frame_of(sent.kind(), body)),
                    Catch::Contains("backup is damaged")
                      && Catch::Contains("checksum"));
}

TEST_CASE("a receipt's result must be one of ours", "[backups]") {
  backup_receipt sent{7, backed_place, 2, 60, 1, static_cast<put_result>(77)};
  CHECK_THROWS_AS(read_backup_receipt(incoming_frame{to_frame(sent)}),
                  decode_error);
}

TEST_CASE("a backup cannot pass for what belongs to no slice", "[backups]") {
  auto sent = backup_of(60, 3);
  sent.checkpoint.slices.emplace(0x8000'0001, bytes_of("false"));
  CHECK_THROWS_AS(read_partition_backup(incoming_frame{to_frame(sent)}),
                  decode_error);
}
