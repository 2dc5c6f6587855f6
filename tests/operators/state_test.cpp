// State handles and timers: what they hold, and that their bytes follow from
// their contents alone.
#include "tests/operators/state_owner.hpp"

#include "operators/random.hpp"
#include "operators/state.hpp"
#include "operators/timers.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <limits>
#include <string>

using namespace braid;
using braid::test::owner;

namespace {

/// Three bytes of padding.
struct padded {
  char letter;
  int number;

  bool operator==(const padded&) const = default;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& letter& number;
  }
};

template <class Handle>
byte_buffer saved(const Handle& handle, std::uint32_t local = 0) {
  byte_buffer result;
  record_writer out{result};
  handle.save(local, out);
  out.end();
  return result;
}

template <class Handle>
void load(Handle& handle, const byte_buffer& bytes, std::uint32_t local = 0) {
  state_registry only;
  only.add(handle);
  only.load(local, bytes.bytes());
}

const std::string ann = "ann";
const std::string bob = "bob";

} // namespace

TEST_CASE("a value belongs to the key and the slice at hand") {
  owner<std::string> op;
  value_state<std::string, int> count{op, "count"};
  op.handles.host(2);
  op.point_to(ann);
  CHECK(!count.exists());
  CHECK(count.get(7) == 7);
  count.set(3);
  ++count.edit();
  op.point_to(bob);
  CHECK(count.find() == nullptr);
  CHECK(count.edit() == 0);
  op.point_to(ann, 1);
  CHECK(!count.exists());
  op.point_to(ann);
  CHECK(count.get() == 4);
  count.clear();
  CHECK(!count.exists());
}

TEST_CASE("a list keeps the order of appending") {
  owner<std::string> op;
  list_state<std::string, int> list{op, "list"};
  op.handles.host(1);
  op.point_to(ann);
  CHECK(list.get().empty());
  list.append(3);
  list.append(1);
  load(list, saved(list));
  CHECK(std::vector<int>(list.get().begin(), list.get().end())
        == std::vector<int>{3, 1});
  list.set({9});
  CHECK(list.get().size() == 1);
  list.clear();
  CHECK(list.get().empty());
}

TEST_CASE("a map is iterated by its own keys, and forgets empty ones") {
  owner<std::string> op;
  map_state<std::string, int, std::string> map{op, "map"};
  op.handles.host(1);
  op.point_to(ann);
  auto empty = saved(map);
  CHECK(map.all().empty());
  map.set(2, "b");
  map.edit(1) = "a";
  load(map, saved(map));
  CHECK(map.all() == std::map<int, std::string>{{1, "a"}, {2, "b"}});
  CHECK(*map.find(2) == "b");
  CHECK(map.find(3) == nullptr);
  map.erase(3);
  map.erase(1);
  map.erase(2);
  CHECK(saved(map) == empty);
  map.erase(2);
  map.set(1, "a");
  map.clear();
  CHECK(saved(map) == empty);
}

TEST_CASE("state where no key is at hand is one clear error") {
  owner<std::string> op;
  value_state<std::string, int> count{op, "count"};
  op.handles.host(1);
  CHECK_THROWS_WITH(count.get(),
                    Catch::Contains("keep what a broadcast sets in a "
                                    "broadcast_state"));
  CHECK_THROWS_AS(count.set(1), std::logic_error);
  CHECK_THROWS_AS(count.clear(), std::logic_error);
}

TEST_CASE("equal tables save equal bytes, whatever their history "
          "[counterexample 3]") {
  auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 10)));
  random_generator random{seed};
  state_table<std::uint32_t, std::string> grown{"table"};
  state_table<std::uint32_t, std::string> rebuilt{"table"};
  grown.host(1);
  rebuilt.host(1);
  for (auto i = 0; i < 2000; ++i) {
    auto key = static_cast<std::uint32_t>(random.below(500));
    if (random.below(3) == 0)
      grown.of(0).erase(key);
    else
      grown.of(0).edit(key) = std::to_string(random.below(100));
  }
  std::vector<std::pair<std::uint32_t, std::string>> entries;
  for (auto& [key, entry] : grown.of(0))
    entries.emplace_back(key, entry.value);
  for (auto i = entries.size(); i-- > 1;)
    std::swap(entries[i], entries[random.below(i + 1)]);
  for (auto& [key, value] : entries)
    rebuilt.of(0).edit(key) = value;
  CHECK(saved(grown) == saved(rebuilt));
  load(rebuilt, saved(grown));
  CHECK(saved(grown) == saved(rebuilt));
}

TEST_CASE("loading replaces a slice, and leaves the others") {
  state_table<std::uint32_t, std::string> table{"table"};
  table.host(2);
  table.of(0).edit(1) = "one";
  auto bytes = saved(table);
  table.of(0).edit(2) = "two";
  table.of(1).edit(3) = "three";
  load(table, bytes);
  CHECK(table.of(0).size() == 1);
  CHECK(table.of(1).size() == 1);
}

TEST_CASE("damaged state is refused") {
  state_table<std::uint32_t, std::string> table{"table"};
  table.host(1);
  table.of(0).edit(1) = "one";
  auto bytes = saved(table);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    byte_buffer torn{bytes.bytes().first(size)};
    CHECK_THROWS_AS(load(table, torn), decode_error);
  }
}

TEST_CASE("padding is no part of a key [counterexample 4]") {
  alignas(padded) std::byte dirty[2][sizeof(padded)];
  std::memset(dirty[0], 0x00, sizeof(padded));
  std::memset(dirty[1], 0xff, sizeof(padded));
  const padded* keys[2];
  for (auto i : {0, 1}) {
    auto* key = reinterpret_cast<padded*>(dirty[i]);
    key->letter = 'x';
    key->number = 7;
    keys[i] = key;
  }
  CHECK(key_hash(*keys[0]) == key_hash(*keys[1]));
  CHECK(!key_less(*keys[0], *keys[1]));
  state_table<padded, int> table{"table"};
  table.host(1);
  ++table.of(0).edit(*keys[0]);
  ++table.of(0).edit(*keys[1]);
  CHECK(table.of(0).size() == 1);
}

TEST_CASE("what is no number is one key, and found again") {
  state_table<double, int> table{"table"};
  table.host(1);
  auto nan = std::numeric_limits<double>::quiet_NaN();
  ++table.of(0).edit(nan);
  ++table.of(0).edit(-nan);
  ++table.of(0).edit(0.0);
  ++table.of(0).edit(-0.0);
  CHECK(table.of(0).size() == 2);
  CHECK(*table.of(0).find(nan, key_hasher{}(nan)) == 2);
  state_table<std::pair<int, float>, int> pairs{"pairs"};
  pairs.host(1);
  ++pairs.of(0).edit({1, std::numeric_limits<float>::quiet_NaN()});
  ++pairs.of(0).edit({1, std::numeric_limits<float>::quiet_NaN()});
  ++pairs.of(0).edit({2, std::numeric_limits<float>::quiet_NaN()});
  CHECK(pairs.of(0).size() == 2);
}

TEST_CASE("a registry saves its handles in order, and finds names used twice") {
  owner<std::string> op;
  value_state<std::string, int> first{op, "first"};
  list_state<std::string, int> second{op, "second"};
  op.handles.host(1);
  CHECK(op.handles.duplicate_name().empty());
  op.point_to(ann);
  first.set(1);
  second.append(2);
  byte_buffer bytes;
  op.handles.save(0, bytes);
  first.set(5);
  second.clear();
  op.handles.load(0, bytes.bytes());
  CHECK(first.get() == 1);
  CHECK(second.get().size() == 1);
  bytes.extend(1);
  CHECK_THROWS_AS(op.handles.load(0, bytes.bytes()), decode_error);
  value_state<std::string, int> third{op, "first"};
  CHECK(op.handles.duplicate_name() == "first");
}

TEST_CASE("timers fire once each, by time and key, also those set meanwhile") {
  timer_queue<std::string> timers;
  timers.host(2);
  timers.set(0, 5, "b");
  timers.set(0, 5, "a");
  timers.set(0, 5, "b");
  timers.set(0, 3, "c");
  timers.set(1, 1, "z");
  timers.cancel(0, 3, "x");
  CHECK(!timers.due(0, 2));
  CHECK(timers.due(0, 3));
  std::string fired;
  timers.fire_due(0, 6, [&](event_time at, const std::string& key) {
    fired += std::to_string(at) + key + ' ';
    if (key == "c")
      timers.set(0, 4, "d");
    if (key == "a")
      timers.set(0, 7, "e");
  });
  CHECK(fired == "3c 4d 5a 5b ");
  CHECK(!timers.due(0, 6));
  CHECK(timers.due(0, 7));
  CHECK(timers.due(1, 1));
}

TEST_CASE("timers save equal bytes, however they were set "
          "[counterexample 3]") {
  timer_queue<std::uint32_t> forwards;
  timer_queue<std::uint32_t> backwards;
  forwards.host(1);
  backwards.host(1);
  for (std::uint32_t i = 0; i < 300; ++i) {
    forwards.set(0, i % 7, i);
    backwards.set(0, (299 - i) % 7, 299 - i);
  }
  backwards.set(0, 99, 1);
  backwards.cancel(0, 99, 1);
  CHECK(saved(forwards) == saved(backwards));
  timer_queue<std::uint32_t> loaded;
  loaded.host(1);
  load(loaded, saved(forwards));
  CHECK(saved(loaded) == saved(forwards));
}
