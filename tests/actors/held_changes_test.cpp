// What holders make of changes.
#include "tests/actors/backup_values.hpp"

#include "actors/held_backups.hpp"
#include "actors/recovery_collector.hpp"

#include "operators/state_fold.hpp"
#include "operators/state_table.hpp"

#include <utility>

using namespace braid;
using namespace braid::testing;

namespace {

held_backups holder() {
  return {"hilbert", backup_store::settings{1'000'000, 50}};
}

/// A slice's state, and what a partition backs up of it.
class live_slice {
public:
  live_slice() {
    table_.host(1);
    states_.add(table_);
  }

  void set(std::uint64_t key, std::uint64_t value) {
    table_.of(0).edit(key) = value;
  }

  byte_buffer everything() const {
    byte_buffer result;
    states_.save(0, result);
    return result;
  }

  byte_buffer full() {
    auto result = everything();
    states_.forget_changes(0);
    return result;
  }

  byte_buffer changes() {
    byte_buffer result;
    if (states_.changed(0))
      states_.save_changes(0, result);
    return result;
  }

  /// The same as loaded, ordered by key.
  static byte_buffer in_order(const byte_buffer& bytes) {
    live_slice other;
    other.states_.load(0, bytes.bytes());
    return other.everything();
  }

private:
  state_table<std::uint64_t, std::uint64_t> table_{"table"};
  state_registry states_;
};

partition_backup backup_with(epoch_number epoch, byte_buffer content,
                             epoch_number base = 0) {
  auto result = backup_of(epoch, 1);
  auto& checkpoint = result.checkpoint;
  checkpoint.shared = live_slice{}.full();
  checkpoint.slices.clear();
  checkpoint.slices.emplace(4, std::move(content));
  if (base > 0)
    checkpoint.bases[4] = base;
  return result;
}

const lost_partition lost_slice{backed_place, {4}, 2};

byte_buffer restored(const held_backups& held, epoch_number stable) {
  for (auto& part : held.parts_of(backed_run, lost_slice, stable).parts)
    if (auto found = part.slices.find(4); found != part.slices.end())
      return live_slice::in_order(whole_of(found->second, fold_all));
  return {};
}

} // namespace

// [18] What comes after the stable epoch may never be stable.
TEST_CASE("a copy of the stable epoch is given back, with its changes",
          "[backups]") {
  auto fold = GENERATE(false, true);
  auto held = holder();
  live_slice live;
  std::map<epoch_number, byte_buffer> states;
  auto back_up = [&](epoch_number epoch) {
    auto base = states.empty() ? 0 : states.rbegin()->first;
    auto content = base > 0 ? live.changes() : live.full();
    CHECK(held.put(backup_with(epoch, std::move(content), base)).result
          == put_result::stored);
    states[epoch] = live.everything();
  };
  for (std::uint64_t key = 0; key < 100; ++key)
    live.set(key, key);
  back_up(40);
  live.set(7, 70);
  live.set(1'000, 1);
  back_up(50);
  back_up(60); // nothing changed
  live.set(7, 71);
  back_up(70);
  for (auto& [epoch, state] : states) {
    held.stable(backed_run, epoch);
    CHECK(restored(held, epoch) == state);
    while (fold && held.fold_next()) {
    }
    CHECK(restored(held, epoch) == state);
  }
}

TEST_CASE("changes to what is not held are refused", "[backups]") {
  auto held = holder();
  live_slice live;
  live.set(1, 1);
  CHECK(held.put(backup_with(50, live.changes(), 40)).result
        == put_result::base_missing);
  CHECK(held.put(backup_with(50, live.full())).result == put_result::stored);
  live.set(1, 2);
  CHECK(held.put(backup_with(60, live.changes(), 50)).result
        == put_result::stored);
}

TEST_CASE("what belongs to no slice may be changes, too", "[backups]") {
  auto held = holder();
  live_slice shared;
  shared.set(1, 1);
  auto first = backup_with(40, live_slice{}.full());
  first.checkpoint.shared = shared.full();
  held.put(std::move(first));
  shared.set(2, 2);
  auto second = backup_with(50, {}, 40);
  second.checkpoint.shared = shared.changes();
  second.checkpoint.shared_base = 40;
  CHECK(held.put(std::move(second)).result == put_result::stored);
  auto third = backup_with(60, {}, 50);
  third.checkpoint.shared = {};
  third.checkpoint.shared_base = 50;
  CHECK(held.put(std::move(third)).result == put_result::stored);
  held.stable(backed_run, 60);
  auto parts = held.parts_of(backed_run, lost_slice, 60).parts;
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].has_partition);
  CHECK(text_of(parts[0].checkpoint.progress) == "progress 60");
  CHECK(live_slice::in_order(parts[0].checkpoint.shared)
        == shared.everything());
}

TEST_CASE("the next replica stands in for a damaged one", "[backups]") {
  live_slice live;
  for (std::uint64_t key = 0; key < 100; ++key)
    live.set(key, key);
  auto full = live.full();
  live.set(7, 70);
  auto changes = live.changes();
  held_backups bad{"ada", {1'000'000, 50}};
  held_backups good{"hilbert", {1'000'000, 50}};
  auto damaged_changes = GENERATE(false, true);
  for (auto* held : {&bad, &good}) {
    auto first = backup_with(40, full);
    auto second = backup_with(50, changes, 40);
    auto& kept = (damaged_changes ? second : first).checkpoint.slices.at(4);
    auto* content = kept.data() + kept.size() / 2;
    held->put(std::move(first));
    held->put(std::move(second));
    held->stable(backed_run, 50);
    if (held == &bad)
      *content ^= std::byte{1};
  }
  auto of_bad = bad.parts_of(backed_run, lost_slice, 50);
  CHECK(of_bad.damaged == std::vector<slice_id>{4});
  recovery_collector collector{backed_run, lost_slice, 50, {"ada", "hilbert"}};
  for (auto& part : of_bad.parts)
    collector.on_part(std::move(part));
  for (auto& part : good.parts_of(backed_run, lost_slice, 50).parts)
    collector.on_part(std::move(part));
  REQUIRE(collector.current() == recovery_collector::state::complete);
  auto found = collector.take_checkpoint();
  REQUIRE(found);
  CHECK(live_slice::in_order(found->slices.at(4)) == live.everything());
}
