// State that tells what changed in it: a copy that gets all changes is the same
// as one that gets everything, for every kind of handle and key.
#include "tests/operators/every_handle.hpp"

#include "operators/state_fold.hpp"
#include "operators/window_contents.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace braid;
using braid::test::every_handle;
using braid::test::owner;
using braid::test::tagged;

namespace {

byte_buffer nothing() {
  byte_buffer result;
  record_writer{result}.end();
  return result;
}

} // namespace

TEMPLATE_TEST_CASE("base and changes are everything, applied or folded", "",
                   std::uint32_t, std::uint64_t, std::string, double, tagged,
                   (std::pair<std::uint32_t, std::string>), no_key) {
  auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 12)));
  random_generator random{seed};
  every_handle<TestType> live;
  every_handle<TestType> applied;
  every_handle<TestType> loaded;
  auto folded = nothing();
  auto keys = 1 + random.below(300);
  for (auto epoch = 0; epoch < 25; ++epoch) {
    CAPTURE(seed, epoch);
    for (auto n = random.below(random.below(4) == 0 ? 600 : 40); n > 0; --n)
      live.change(random, keys);
    auto everything = live.everything();
    auto changes = live.changes();
    REQUIRE(!live.op.handles.changed(1));
    REQUIRE(live.changes() == nothing());
    REQUIRE(live.everything() == everything);
    applied.op.handles.apply_changes(1, changes.bytes());
    REQUIRE(applied.everything() == everything);
    folded = fold(folded.bytes(), changes.bytes());
    loaded.op.handles.load(1, folded.bytes());
    REQUIRE(loaded.everything() == everything);
    REQUIRE(!loaded.op.handles.changed(1));
    if (random.below(6) == 0)
      live.op.handles.load(1, folded.bytes());
    if (random.below(6) == 0)
      folded = everything;
    if (random.below(4) != 0)
      continue;
    for (auto n = random.below(40); n > 0; --n)
      live.change(random, keys);
    live.op.handles.forget_changes(1);
    REQUIRE(live.changes() == nothing());
    folded = live.everything();
    applied.op.handles.load(1, folded.bytes());
  }
}

namespace {

/// What a state was at the end of each epoch, and how it changed in it.
struct past {
  std::vector<byte_buffer> states;
  std::vector<byte_buffer> changes;

  /// All that changed after the epoch `from`, up to the end of `to`.
  byte_buffer changes_since(std::size_t from, std::size_t to) const {
    auto result = changes[from + 1];
    for (auto epoch = from + 2; epoch <= to; ++epoch)
      result = fold(result.bytes(), changes[epoch].bytes());
    return result;
  }
};

/// Makes the changes since some epoch to copies of it and of all that follow.
template <class Copy>
void check_changes_to_later_copies(const past& was, random_generator& random,
                                   Copy&& loaded) {
  auto last = was.states.size() - 1;
  for (auto i = 0; i < 20; ++i) {
    auto from = random.below(last);
    auto to = from + 1 + random.below(last - from);
    auto at = from + random.below(to - from);
    CAPTURE(from, at, to);
    auto changes = was.changes_since(from, to);
    auto& copy = was.states[at];
    REQUIRE(loaded(copy, changes) == was.states[to]);
    REQUIRE(loaded(fold(copy.bytes(), changes.bytes()), nothing())
            == was.states[to]);
  }
}

} // namespace

// Whoever takes over a slice knows the epoch of the copy that it began with,
// and its holders may have a later one.
TEMPLATE_TEST_CASE("changes can be made to any copy since their base", "",
                   std::uint32_t, std::string, double, tagged,
                   (std::pair<std::uint32_t, std::string>)) {
  auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 8)));
  CAPTURE(seed);
  random_generator random{seed};
  every_handle<TestType> live;
  auto keys = 1 + random.below(100);
  past was;
  for (auto epoch = 0; epoch < 15; ++epoch) {
    for (auto n = random.below(random.below(4) == 0 ? 600 : 40); n > 0; --n)
      live.change(random, keys);
    was.changes.push_back(live.changes());
    was.states.push_back(live.everything());
  }
  check_changes_to_later_copies(
    was, random, [](const byte_buffer& copy, const byte_buffer& changes) {
      every_handle<TestType> loaded;
      loaded.op.handles.load(1, copy.bytes());
      loaded.op.handles.apply_changes(1, changes.bytes());
      return loaded.everything();
    });
}

TEST_CASE("windows that come and go can be changed in any copy, too") {
  auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 8)));
  CAPTURE(seed);
  random_generator random{seed};
  using contents = window_contents<std::string, std::uint64_t>;
  auto make = [] {
    return contents{
      "windows",
      sliding{std::chrono::microseconds{20}, std::chrono::microseconds{10}},
      window_lifetime{std::chrono::microseconds{5}}, window_storage::by_window};
  };
  auto live = make();
  state_registry states;
  states.add(live);
  states.host(1);
  event_time watermark = 0;
  past was;
  for (auto epoch = 0; epoch < 15; ++epoch) {
    live.begin_epoch(watermark);
    contents::fate fate;
    for (auto n = random.below(30); n > 0; --n) {
      live.look_up(fate, 0,
                   watermark + static_cast<event_time>(random.below(60)));
      auto key = std::to_string(random.below(20));
      for (auto* table : fate.tables)
        table->edit(key) += n;
    }
    watermark += static_cast<event_time>(random.below(40));
    live.drop_gone(0, watermark);
    states.save_changes(0, was.changes.emplace_back());
    states.save(0, was.states.emplace_back());
  }
  check_changes_to_later_copies(
    was, random, [&](const byte_buffer& copy, const byte_buffer& changes) {
      auto other = make();
      state_registry loaded;
      loaded.add(other);
      loaded.host(1);
      loaded.load(0, copy.bytes());
      loaded.apply_changes(0, changes.bytes());
      byte_buffer result;
      loaded.save(0, result);
      return result;
    });
}

TEMPLATE_TEST_CASE("damaged changes are refused, or do something else", "",
                   std::uint32_t, std::string, double) {
  random_generator random{3};
  every_handle<TestType> live;
  every_handle<TestType> applied;
  for (auto epoch = 0; epoch < 30; ++epoch) {
    for (auto n = 0; n < 30; ++n)
      live.change(random, 20);
    auto changes = live.changes();
    for (std::size_t size = 0; size < changes.size(); size += 1 + epoch)
      CHECK_THROWS_AS(
        applied.op.handles.apply_changes(1, changes.bytes().first(size)),
        decode_error);
    for (auto i = 0; i < 50; ++i) {
      auto damaged = changes;
      auto at = random.below(damaged.size());
      damaged.data()[at] ^= static_cast<std::byte>(1 << random.below(8));
      try {
        applied.op.handles.apply_changes(1, damaged.bytes());
        applied.everything();
      } catch (const decode_error&) {
      }
    }
  }
}

TEST_CASE("changes cost what changed") {
  state_table<std::uint64_t, std::uint64_t> table{"table"};
  table.host(1);
  state_registry states;
  states.add(table);
  auto saved_changes = [&] {
    byte_buffer result;
    states.save_changes(0, result);
    return result;
  };
  for (std::uint64_t i = 0; i < 10'000; ++i)
    table.of(0).edit(i) = i;
  // The first time, all there is.
  CHECK(saved_changes().size() > 160'000);
  CHECK(!states.changed(0));
  CHECK(saved_changes() == nothing());
  for (auto repeat = 0; repeat < 3; ++repeat)
    for (std::uint64_t i = 0; i < 10; ++i)
      ++table.of(0).edit(i * 7);
  table.of(0).erase(5);
  table.of(0).erase(5'000'000);
  CHECK(states.changed(0));
  CHECK(saved_changes().size() <= 10 * 16 + 8 + 25);
  CHECK(saved_changes() == nothing());
}

TEST_CASE("looking is no change, and saving everything forgets none") {
  owner<std::uint32_t> op;
  value_state<std::uint32_t, int> count{op, "count"};
  op.handles.host(1);
  std::uint32_t key = 3;
  op.point_to(key);
  CHECK(!op.handles.changed(0));
  byte_buffer bytes;
  count.set(1);
  op.handles.save_changes(0, bytes);
  CHECK(count.get() == 1);
  CHECK(count.exists());
  CHECK(!op.handles.changed(0));
  count.edit();
  CHECK(op.handles.changed(0));
  op.handles.save(0, bytes);
  CHECK(op.handles.changed(0));
}

TEST_CASE("what comes and goes does not pile up as changes") {
  owner<std::uint32_t> op;
  value_state<std::uint32_t, int> count{op, "count"};
  op.handles.host(1);
  auto changes = [&] {
    byte_buffer result;
    op.handles.save_changes(0, result);
    return result;
  };
  changes();
  std::uint32_t kept = 7;
  op.point_to(kept);
  count.set(9);
  changes();
  for (std::uint32_t key = 100; key < 10'000; ++key) {
    op.point_to(key);
    count.set(1);
    count.clear();
  }
  // It replaces what was there: one record.
  auto bytes = changes();
  CHECK(bytes.size() < 40);
  record_reader in{bytes.bytes()};
  REQUIRE(in.next_state());
  REQUIRE(in.next_section());
  CHECK(in.section_extent() == record_extent::everything);
  CHECK(in.next_record());
  CHECK(!in.next_record());
}

TEST_CASE("a key is in changes once, changed or erased") {
  state_table<std::uint32_t, int> table{"table"};
  table.host(1);
  state_registry states;
  states.add(table);
  random_generator random{1};
  for (std::uint32_t i = 0; i < 500; ++i)
    table.of(0).edit(i) = 1;
  byte_buffer bytes;
  states.save_changes(0, bytes);
  std::map<std::uint32_t, bool> is_there; // of those that changed
  for (auto i = 0; i < 300; ++i) {
    auto key = static_cast<std::uint32_t>(random.below(500));
    if (random.below(2) == 0) {
      is_there[key] = false;
      table.of(0).erase(key);
    } else {
      is_there[key] = true;
      ++table.of(0).edit(key);
    }
  }
  bytes.clear();
  states.save_changes(0, bytes);
  record_reader in{bytes.bytes()};
  REQUIRE(in.next_state());
  REQUIRE(in.next_section());
  CHECK(in.section_extent() == record_extent::changes);
  std::map<std::uint32_t, bool> found;
  while (in.next_record())
    REQUIRE(found.emplace(decoded<std::uint32_t>(in.key()), true).second);
  while (in.next_erased())
    REQUIRE(found.emplace(decoded<std::uint32_t>(in.key()), false).second);
  CHECK(found.size() > 150);
  CHECK(found == is_there);
}

TEST_CASE("state of an unknown name is refused") {
  state_table<std::uint32_t, int> old{"old"};
  state_table<std::uint32_t, int> renamed{"renamed"};
  state_registry before;
  state_registry after;
  before.add(old);
  after.add(renamed);
  before.host(1);
  after.host(1);
  byte_buffer bytes;
  before.save(0, bytes);
  CHECK_THROWS_WITH(after.load(0, bytes.bytes()),
                    Catch::Contains("saved state named 'old'"));
}
