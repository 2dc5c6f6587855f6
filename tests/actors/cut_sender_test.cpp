#include "actors/cut_sender.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

using namespace braid;

namespace {

constexpr run_id run = 7;
constexpr partition_place place{3, 1};
constexpr incarnation_number incarnation = 4;

cut_sender sender(const std::vector<node_index>& holders) {
  return {run, place, incarnation, holders};
}

std::vector<source_cut> cuts_at(std::uint64_t position) {
  return {{0, position, 50, false}, {2, position * 2, 50, false}};
}

/// Every epoch ends elsewhere.
cut_notice epoch(epoch_number number) {
  return {number, number, cuts_at(number)};
}

cuts_receipt receipt_of(const source_cuts& sent) {
  return {sent.run, sent.place, sent.incarnation, sent.last, false};
}

/// Node and newest epoch of each message.
std::vector<std::pair<node_index, epoch_number>>
heads_of(const std::vector<cut_sender::message>& sent) {
  std::vector<std::pair<node_index, epoch_number>> result;
  for (auto& each : sent)
    result.emplace_back(each.to, each.cuts.last);
  std::sort(result.begin(), result.end());
  return result;
}

using heads = std::vector<std::pair<node_index, epoch_number>>;

/// What a receipt of `last` from a node leads to; 0: nothing.
epoch_number answer(cut_sender& to, node_index from, epoch_number last) {
  return to.on_receipt(from, {run, place, incarnation, last, false})
    .value_or(0);
}

} // namespace

TEST_CASE("cuts go to every holder", "[backups]") {
  auto sending = sender({1, 2});
  auto sent = sending.begin({41, 43, cuts_at(9)});
  REQUIRE(heads_of(sent) == heads{{1, 43}, {2, 43}});
  for (auto& each : sent) {
    CHECK(each.cuts.run == run);
    CHECK(each.cuts.place == place);
    CHECK(each.cuts.incarnation == incarnation);
    CHECK(each.cuts.first == 41);
    CHECK(each.cuts.cuts == cuts_at(9));
  }
}

TEST_CASE("cuts are held once all holders have them", "[backups]") {
  auto sending = sender({1, 2});
  for (epoch_number number : {1, 2, 3})
    sending.begin(epoch(number));
  CHECK(answer(sending, 1, 1) == 0);
  CHECK(answer(sending, 1, 2) == 0);
  CHECK(answer(sending, 2, 1) == 1);
  CHECK(sending.held() == 1);
  SECTION("told once") {
    CHECK(answer(sending, 2, 1) == 0);
  }
  SECTION("an epoch that is held counts only when those before it are") {
    CHECK(answer(sending, 1, 3) == 0);
    CHECK(answer(sending, 2, 3) == 0);
    CHECK(answer(sending, 2, 2) == 3);
  }
}

TEST_CASE("receipts that are not for these cuts are ignored", "[backups]") {
  auto sending = sender({1});
  auto right = receipt_of(sending.begin(epoch(1)).at(0).cuts);
  auto ignored = [&](node_index from, const cuts_receipt& receipt) {
    return !sending.on_receipt(from, receipt);
  };
  CHECK(ignored(2, right));
  auto other = right;
  ++other.run;
  CHECK(ignored(1, other));
  other = right;
  ++other.place.index;
  CHECK(ignored(1, other));
  other = right;
  --other.incarnation;
  CHECK(ignored(1, other));
  other = right;
  ++other.last;
  CHECK(ignored(1, other));
  other = right;
  other.fenced = true;
  CHECK(ignored(1, other));
  CHECK(sending.on_receipt(1, right) == 1);
}

TEST_CASE("a new holder gets all that is not stable", "[backups]") {
  auto sending = sender({1, 2});
  for (epoch_number number : {1, 2, 3, 4})
    sending.begin(epoch(number));
  for (epoch_number number : {1, 2, 3}) {
    answer(sending, 1, number);
    answer(sending, 2, number);
  }
  sending.stable(2);
  REQUIRE(sending.held() == 3);
  auto changed = sending.set_holders({2, 3});
  CHECK(heads_of(changed.messages) == heads{{3, 3}, {3, 4}});
  CHECK_FALSE(changed.held);
  SECTION("what was held does not become not held") {
    CHECK(sending.held() == 3);
  }
  SECTION("and nothing more is held before it has it") {
    CHECK(answer(sending, 1, 4) == 0);
    CHECK(answer(sending, 2, 4) == 0);
    CHECK(answer(sending, 3, 4) == 0);
    CHECK(answer(sending, 3, 3) == 4);
  }
  SECTION("and all that comes") {
    CHECK(heads_of(sending.begin(epoch(5))) == heads{{2, 5}, {3, 5}});
  }
}

TEST_CASE("a holder that comes back is a new one", "[backups]") {
  auto sending = sender({1, 2});
  sending.begin(epoch(1));
  answer(sending, 1, 1);
  answer(sending, 2, 1);
  sending.set_holders({2});
  CHECK(heads_of(sending.set_holders({1, 2}).messages) == heads{{1, 1}});
}

TEST_CASE("a holder that goes away is not waited for", "[backups]") {
  auto sending = sender({1, 2});
  sending.begin(epoch(1));
  answer(sending, 1, 1);
  auto changed = sending.set_holders({1});
  CHECK(changed.messages.empty());
  CHECK(changed.held == 1);
}

TEST_CASE("without holders nothing is held", "[backups]") {
  auto sending = sender({});
  CHECK(sending.begin(epoch(1)).empty());
  CHECK_FALSE(sending.set_holders({}).held);
  auto changed = sending.set_holders({4});
  CHECK(heads_of(changed.messages) == heads{{4, 1}});
  CHECK_FALSE(changed.held);
  CHECK(answer(sending, 4, 1) == 1);
}

TEST_CASE("what may be lost with a connection is sent once more", "[backups]") {
  auto sending = sender({1, 2});
  for (epoch_number number : {1, 2, 3})
    sending.begin(epoch(number));
  answer(sending, 2, 2);
  CHECK(heads_of(sending.unconfirmed(2)) == heads{{2, 1}, {2, 3}});
  CHECK(sending.unconfirmed(4).empty());
}

TEST_CASE("cuts of a lost instance are held before they are repeated",
          "[backups]") {
  auto sending = sender({1});
  sending.stable(40);
  CHECK(sending.begin(epoch(41)).size() == 1);
  CHECK(sending.begin(epoch(42)).size() == 1);
  CHECK(answer(sending, 1, 41) == 41);
  CHECK(answer(sending, 1, 42) == 42);
  // The new instance comes to them.
  CHECK(sending.begin(epoch(41)).empty());
  CHECK(sending.begin(epoch(42)).empty());
  CHECK(heads_of(sending.begin(epoch(43))) == heads{{1, 43}});
  SECTION("and must not end them otherwise") {
    CHECK_THROWS_AS(sending.begin({42, 42, cuts_at(50)}), protocol_error);
  }
  SECTION("in part only") {
    auto sent = sending.begin({43, 45, cuts_at(43)});
    REQUIRE(heads_of(sent) == heads{{1, 45}});
    CHECK(sent[0].cuts.first == 44);
  }
}

// A node joins that knows nothing of the run yet, and so keeps no cuts of 1.
TEST_CASE("cuts that wait for those of an epoch are held once it is stable",
          "[backups]") {
  auto sending = sender({1});
  sending.begin(epoch(1));
  answer(sending, 1, 1);
  sending.set_holders({1, 2});
  sending.begin(epoch(2));
  answer(sending, 1, 2);
  CHECK(answer(sending, 2, 2) == 0);
  CHECK(sending.stable(1) == 2);
  CHECK_FALSE(sending.stable(1));
}

TEST_CASE("epochs must not be left out", "[backups]") {
  auto sending = sender({1});
  sending.begin(epoch(1));
  CHECK_THROWS_AS(sending.begin(epoch(3)), protocol_error);
}

TEST_CASE("nodes that keep cuts are others than the partition's", "[backups]") {
  backup_holders holders{0, {}, {0, 1, 2, 3}, 2};
  auto chosen = cut_holders(holders, place);
  CHECK(chosen.size() == 2);
  CHECK(std::count(chosen.begin(), chosen.end(), 0) == 0);
}
