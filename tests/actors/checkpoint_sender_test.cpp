#include "tests/actors/backup_values.hpp"

#include "actors/checkpoint_sender.hpp"

#include <algorithm>

using namespace braid;
using namespace braid::testing;

namespace {

using texts = std::map<slice_id, std::string>;
using message = checkpoint_sender::message;

const backup_holders one_of_two{0, {1, 2}, {0, 1, 2}, 1};
const backup_holders both{0, {1, 2}, {0, 1, 2}, 2};
const backup_holders nobody{0, {}, {0}, 2};

checkpoint_sender sender(std::uint64_t part_bytes = max_part_bytes) {
  constexpr auto no_limit = ~std::uint64_t{0};
  return {backed_run, backed_place, 4, {part_bytes, no_limit}};
}

/// All that is to be sent of a checkpoint.
std::vector<message> begun(checkpoint_sender& sending,
                           partition_checkpoint checkpoint,
                           const backup_holders& holders) {
  auto kept = sending.begin(std::move(checkpoint), holders);
  auto result = sending.take_messages();
  CHECK(kept == !result.empty());
  return result;
}

texts some_slices(slice_id count, std::size_t size = 10) {
  texts result;
  for (slice_id slice = 0; slice < count; ++slice)
    result[slice] = std::string(size, static_cast<char>('a' + slice));
  return result;
}

backup_receipt receipt_of(const message& sent,
                          put_result result = put_result::stored) {
  auto& backup = sent.backup;
  return {backup.run,         backup.place,
          backup.incarnation, backup.checkpoint.epoch,
          backup.part,        result};
}

/// What each node is to keep.
std::map<node_index, texts> kept_by(const std::vector<message>& sent) {
  std::map<node_index, texts> result;
  for (auto& each : sent) {
    auto slices = texts_of(each.backup.checkpoint);
    auto before = result[each.to].size();
    result[each.to].merge(slices);
    // No slice is sent to a node twice.
    CHECK(result[each.to].size()
          == before + each.backup.checkpoint.slices.size());
  }
  return result;
}

} // namespace

TEST_CASE("every holder gets its slices", "[backups]") {
  auto sending = sender();
  auto slices = some_slices(20);
  auto checkpoint = checkpoint_of(60, slices);
  checkpoint.ended = true;
  auto sent = begun(sending, std::move(checkpoint), one_of_two);
  CHECK(sent.size() == 2);
  for (auto& each : sent) {
    CHECK(each.backup.run == backed_run);
    CHECK(each.backup.place.id == backed_place.id);
    CHECK(each.backup.incarnation == 4);
    CHECK(each.backup.checkpoint.epoch == 60);
    CHECK(each.backup.checkpoint.ended);
    CHECK(each.backup.has_partition);
    CHECK(text_of(each.backup.checkpoint.progress) == "progress 60");
    CHECK(text_of(each.backup.checkpoint.shared) == "shared 60");
  }
  std::map<node_index, texts> expected;
  for (auto& [slice, text] : slices)
    expected[one_of_two.of({backed_place.id, slice}).at(0)][slice] = text;
  CHECK(kept_by(sent) == expected);
}

TEST_CASE("one replica costs no copy", "[backups]") {
  auto sending = sender();
  auto checkpoint = checkpoint_of(60, {{4, "four"}});
  auto* content = checkpoint.slices.at(4).data();
  auto sent = begun(sending, std::move(checkpoint), one_of_two);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].backup.checkpoint.slices.at(4).data() == content);
}

TEST_CASE("replicas get whole copies", "[backups]") {
  auto sending = sender();
  auto slices = some_slices(20);
  auto sent = begun(sending, checkpoint_of(60, slices), both);
  CHECK(kept_by(sent) == std::map<node_index, texts>{{1, slices}, {2, slices}});
}

TEST_CASE("large checkpoints are split", "[backups]") {
  constexpr std::uint64_t limit = 1'000;
  auto sending = sender(limit);
  auto slices = some_slices(20, 300);
  slices[7] = std::string(5'000, 'x');
  auto sent = begun(sending, checkpoint_of(60, slices), both);
  CHECK(kept_by(sent) == std::map<node_index, texts>{{1, slices}, {2, slices}});
  std::map<node_index, int> with_partition;
  std::set<std::uint32_t> numbers;
  for (auto& each : sent) {
    auto& checkpoint = each.backup.checkpoint;
    auto bytes = checkpoint.progress.size() + checkpoint.shared.size();
    CHECK((bytes > 0) == each.backup.has_partition);
    for (auto& [slice, content] : checkpoint.slices)
      bytes += content.size();
    CHECK((bytes <= limit || checkpoint.slices.size() == 1));
    with_partition[each.to] += each.backup.has_partition ? 1 : 0;
    numbers.insert(each.backup.part);
  }
  CHECK(with_partition == std::map<node_index, int>{{1, 1}, {2, 1}});
  CHECK(numbers.size() == sent.size());
}

TEST_CASE("a checkpoint is complete once all parts are held", "[backups]") {
  auto sending = sender(1'000);
  auto checkpoint = checkpoint_of(60, some_slices(20, 300));
  checkpoint.ended = GENERATE(false, true);
  auto ended = checkpoint.ended;
  auto sent = begun(sending, std::move(checkpoint), both);
  REQUIRE(sent.size() > 4);
  // In whatever order the receipts come.
  std::reverse(sent.begin(), sent.end());
  for (std::size_t i = 0; i + 1 < sent.size(); ++i) {
    auto result = i % 2 == 0 ? put_result::stored : put_result::known;
    auto outcome = sending.on_receipt(sent[i].to, receipt_of(sent[i], result));
    CHECK_FALSE(outcome.completed);
    CHECK(outcome.refused.empty());
    // Twice counts once.
    CHECK_FALSE(sending.on_receipt(sent[i].to, receipt_of(sent[i])).completed);
  }
  auto last = sending.on_receipt(sent.back().to, receipt_of(sent.back()));
  REQUIRE(last.completed);
  CHECK(last.completed->epoch == 60);
  CHECK(last.completed->ended == ended);
  CHECK_FALSE(
    sending.on_receipt(sent.back().to, receipt_of(sent.back())).completed);
}

TEST_CASE("a newer checkpoint may be complete before an older", "[backups]") {
  auto sending = sender();
  auto older = begun(sending, checkpoint_of(40, some_slices(4)), both);
  auto newer = begun(sending, checkpoint_of(60, some_slices(4)), both);
  REQUIRE(older.size() == 2);
  REQUIRE(newer.size() == 2);
  auto answer = [&](const message& to) {
    auto outcome = sending.on_receipt(to.to, receipt_of(to));
    return outcome.completed ? outcome.completed->epoch : 0;
  };
  CHECK(answer(newer[0]) == 0);
  CHECK(answer(older[1]) == 0);
  CHECK(answer(newer[1]) == 60);
  SECTION("and then the older") {
    CHECK(answer(older[0]) == 40);
  }
  SECTION("unless nobody wants that any more") {
    sending.forget(59);
    CHECK(answer(older[0]) == 0);
  }
}

TEST_CASE("receipts that are not for this checkpoint are ignored",
          "[backups]") {
  auto sending = sender();
  auto sent = begun(sending, checkpoint_of(60, {{4, "four"}}), one_of_two);
  REQUIRE(sent.size() == 1);
  auto right = receipt_of(sent[0]);
  auto ignored = [&](node_index from, backup_receipt receipt) {
    for (auto result :
         {put_result::stored, put_result::fenced, put_result::over_limit}) {
      receipt.result = result;
      auto outcome = sending.on_receipt(from, receipt);
      if (outcome.completed || !outcome.refused.empty())
        return false;
    }
    return true;
  };
  auto other = right;
  ++other.incarnation;
  CHECK(ignored(sent[0].to, other));
  other = right;
  ++other.run;
  CHECK(ignored(sent[0].to, other));
  other = right;
  ++other.place.index;
  CHECK(ignored(sent[0].to, other));
  other = right;
  ++other.epoch;
  CHECK(ignored(sent[0].to, other));
  other = right;
  ++other.part;
  CHECK(ignored(sent[0].to, other));
  CHECK(ignored(sent[0].to + 1, right));
  CHECK(sending.on_receipt(sent[0].to, right).completed);
}

TEST_CASE("a refused part ends a checkpoint", "[backups]") {
  auto sending = sender();
  auto sent = begun(sending, checkpoint_of(60, some_slices(4)), both);
  REQUIRE(sent.size() == 2);
  auto outcome =
    sending.on_receipt(sent[0].to, receipt_of(sent[0], put_result::over_limit));
  CHECK_FALSE(outcome.completed);
  CHECK(outcome.refused
        == "operator 3, partition 1: node 1 does not keep its checkpoint of "
           "epoch 60: no room for more backups; raise the limit, or back up "
           "elsewhere");
  CHECK_FALSE(sending.on_receipt(sent[1].to, receipt_of(sent[1])).completed);
  CHECK_FALSE(sending.on_receipt(sent[0].to, receipt_of(sent[0])).completed);
  // The next one is none the worse for it.
  auto next = begun(sending, checkpoint_of(80, some_slices(4)), both);
  sending.on_receipt(next[0].to, receipt_of(next[0]));
  CHECK(sending.on_receipt(next[1].to, receipt_of(next[1])).completed);
}

TEST_CASE("nobody keeps anything", "[backups]") {
  auto sending = sender();
  CHECK_FALSE(sending.begin(checkpoint_of(60, some_slices(4)), nobody));
  CHECK(sending.take_messages().empty());
}

namespace {

/// A checkpoint based on that of `base`: slices with empty texts did not
/// change.
partition_checkpoint changes_of(epoch_number epoch, epoch_number base,
                                const texts& slices) {
  auto result = checkpoint_of(epoch, slices);
  for (auto& [slice, text] : slices)
    result.bases[slice] = base;
  result.shared = {};
  result.shared_base = base;
  return result;
}

} // namespace

TEST_CASE("slices that did not change cost their number", "[backups]") {
  auto sending = sender(1'000);
  texts slices;
  for (slice_id slice = 0; slice < 200; ++slice)
    slices[slice] = "";
  slices[7] = "changed";
  auto sent = begun(sending, changes_of(60, 40, slices), both);
  REQUIRE(sent.size() == 2);
  for (auto& each : sent) {
    auto& checkpoint = each.backup.checkpoint;
    CHECK(texts_of(checkpoint) == slices);
    CHECK(checkpoint.bases.size() == 200);
    CHECK(checkpoint.bases.at(9) == 40);
    CHECK(checkpoint.shared_base == 40);
    CHECK(to_frame(each.backup).size() < 200 * 4 + 400);
  }
}

TEST_CASE("copies ahead of a checkpoint do not complete it", "[backups]") {
  auto sending = sender();
  auto copies = checkpoint_of(50, some_slices(4));
  copies.ahead = true;
  auto sent = begun(sending, std::move(copies), both);
  REQUIRE(sent.size() == 2);
  for (auto& each : sent) {
    CHECK_FALSE(each.backup.has_partition);
    CHECK(each.backup.checkpoint.progress.empty());
    auto outcome = sending.on_receipt(each.to, receipt_of(each));
    CHECK_FALSE(outcome.completed);
    CHECK(outcome.refused.empty());
  }
  CHECK(sending.take_lost().slices.empty());
}

TEST_CASE("only so much is on its way to a holder", "[backups]") {
  checkpoint_sender sending{backed_run, backed_place, 4, {1'000, 2'500}};
  auto slices = some_slices(20, 400);
  REQUIRE(sending.begin(checkpoint_of(60, slices), both));
  CHECK(sending.waiting_bytes() > 16'000);
  std::vector<message> all;
  std::map<node_index, std::size_t> under_way;
  auto take = [&] {
    for (auto& each : sending.take_messages()) {
      CHECK(++under_way[each.to] <= 2);
      all.push_back(std::move(each));
    }
  };
  take();
  CHECK(all.size() == 4);
  CHECK(sending.take_messages().empty());
  auto completed = false;
  for (std::size_t next = 0; next < all.size(); ++next) {
    CHECK_FALSE(completed);
    --under_way[all[next].to];
    auto outcome = sending.on_receipt(all[next].to, receipt_of(all[next]));
    completed = outcome.completed.has_value();
    take();
  }
  CHECK(completed);
  CHECK(sending.waiting_bytes() == 0);
  CHECK(kept_by(all) == std::map<node_index, texts>{{1, slices}, {2, slices}});
  SECTION("until the next checkpoint: receipts may be lost") {
    sending.begin(checkpoint_of(80, slices), both);
    CHECK(sending.take_messages().size() == 4);
    sending.begin(checkpoint_of(90, slices), both);
    CHECK(sending.take_messages().size() == 4);
  }
}

TEST_CASE("what a holder refused is lost", "[backups]") {
  auto sending = sender(1'000);
  auto slices = some_slices(20, 300);
  auto sent = begun(sending, checkpoint_of(60, slices), both);
  CHECK(sending.take_lost().slices.empty());
  auto& refused = sent.at(1);
  sending.on_receipt(refused.to, receipt_of(refused, put_result::base_missing));
  auto lost = sending.take_lost();
  std::vector<slice_id> expected;
  for (auto& [slice, content] : refused.backup.checkpoint.slices)
    expected.push_back(slice);
  CHECK(lost.slices == expected);
  CHECK(lost.shared == refused.backup.has_partition);
  // It is told once.
  CHECK(sending.take_lost().slices.empty());
}

TEST_CASE("what was on its way when a connection broke is lost", "[backups]") {
  auto sending = sender();
  auto sent = begun(sending, checkpoint_of(60, some_slices(20)), one_of_two);
  REQUIRE(sent.size() == 2);
  sending.on_receipt(sent[0].to, receipt_of(sent[0]));
  sending.on_reconnected(sent[0].to);
  CHECK(sending.take_lost().slices.empty());
  sending.on_reconnected(sent[1].to);
  auto lost = sending.take_lost();
  CHECK(lost.slices.size() == sent[1].backup.checkpoint.slices.size());
  CHECK(lost.shared);
}

TEST_CASE("what other holders are to keep is lost", "[backups]") {
  auto sending = sender();
  auto slices = some_slices(20);
  begun(sending, checkpoint_of(60, slices), one_of_two);
  sending.set_holders(one_of_two);
  CHECK(sending.take_lost().slices.empty());
  const backup_holders second{0, {2}, {0, 2}, 1};
  sending.set_holders(second);
  auto lost = sending.take_lost();
  CHECK(lost.shared);
  CHECK_FALSE(lost.slices.empty());
  CHECK(lost.slices.size() < slices.size());
  for (auto slice : lost.slices)
    CHECK(one_of_two.of({backed_place.id, slice}).at(0) == 1);
  // Node 1 is back, with nothing: others know before anything was sent.
  sending.set_holders(one_of_two);
  CHECK(sending.take_lost().slices.empty());
  begun(sending, checkpoint_of(80, slices), second);
  sending.set_holders(one_of_two);
  CHECK(sending.take_lost().slices == lost.slices);
}

TEST_CASE("what holders had from before counts until it moves", "[backups]") {
  auto sending = sender();
  sending.begin_with({{4, {1}}, {5, {2}}});
  sending.set_holders(one_of_two);
  auto moved = sending.take_lost().slices;
  for (slice_id slice : {4, 5})
    CHECK(
      std::count(moved.begin(), moved.end(), slice)
      == (one_of_two.of({backed_place.id, slice}).at(0) == slice - 3 ? 0 : 1));
  sending.set_holders(nobody);
  CHECK(sending.take_lost().slices.size() == 2 - moved.size());
}

TEST_CASE("nothing waits for nodes that are gone", "[backups]") {
  checkpoint_sender sending{backed_run, backed_place, 4, {1'000, 1'000}};
  sending.begin(checkpoint_of(60, some_slices(20, 400)), both);
  sending.take_messages();
  sending.set_holders(nobody);
  CHECK(sending.waiting_bytes() == 0);
  CHECK(sending.take_messages().empty());
  CHECK(sending.take_lost().slices.size() == 20);
}

TEST_CASE("a second attempt waits for its own receipts", "[backups]") {
  auto sending = sender();
  auto first = begun(sending, checkpoint_of(60, {{4, "four"}}), both);
  auto second = begun(sending, checkpoint_of(60, {{4, "four"}}), both);
  for (auto& each : first)
    CHECK_FALSE(sending.on_receipt(each.to, receipt_of(each)).completed);
  sending.on_receipt(second[1].to, receipt_of(second[1]));
  CHECK(sending.on_receipt(second[0].to, receipt_of(second[0])).completed);
}
