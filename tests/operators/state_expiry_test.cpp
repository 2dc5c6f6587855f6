// State with a time to live: gone when its time is over, and not before.
#include "tests/operators/operator_fixture.hpp"
#include "tests/operators/state_owner.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::test;
using namespace std::chrono_literals;

namespace {

byte_buffer saved(const state_registry& states) {
  byte_buffer result;
  states.save(0, result);
  return result;
}

/// One value a number, for 10 microseconds.
struct short_lived {
  owner<int> at;
  value_state<int, int> value{at, "value", expires_after(10us)};
  int at_hand = 0;

  short_lived() {
    at.handles.host(1);
  }

  short_lived(const short_lived&) = delete;
  short_lived& operator=(const short_lived&) = delete;

  void point_to(int key) {
    at_hand = key;
    at.point_to(at_hand);
  }

  void set(int key, event_time time) {
    at.time = time;
    point_to(key);
    value.set(key * 10);
  }

  bool has(int key) {
    point_to(key);
    return value.exists();
  }

  void end_epoch(event_time watermark) {
    value.expire(0, watermark);
    at.watermark = watermark;
  }
};

} // namespace

TEST_CASE("state is gone once the watermark reaches the end of its time") {
  short_lived x;
  x.set(1, 100);
  x.end_epoch(109);
  CHECK(x.has(1));
  x.end_epoch(110);
  CHECK_FALSE(x.has(1));
}

TEST_CASE("every change makes state live on, looking does not") {
  short_lived x;
  x.set(1, 100);
  x.set(2, 100);
  x.end_epoch(105);
  CHECK(x.has(2));
  x.set(1, 106);
  x.end_epoch(110);
  CHECK(x.has(1));
  CHECK_FALSE(x.has(2));
  x.end_epoch(115);
  CHECK(x.has(1));
  x.end_epoch(116);
  CHECK_FALSE(x.has(1));
}

TEST_CASE("a late tuple neither shortens a life nor comes too late for one") {
  short_lived x;
  x.set(1, 100);
  x.set(1, 50);
  x.end_epoch(105);
  CHECK(x.has(1));
  x.set(2, 50);
  CHECK(x.has(2));
  x.end_epoch(114);
  CHECK(x.has(2));
  x.end_epoch(115);
  CHECK_FALSE(x.has(2));
}

TEST_CASE("what is cleared and set again begins a new life") {
  short_lived x;
  x.set(1, 100);
  x.value.clear();
  CHECK_FALSE(x.has(1));
  x.set(1, 105);
  x.end_epoch(114);
  CHECK(x.has(1));
  x.end_epoch(115);
  CHECK_FALSE(x.has(1));
}

TEST_CASE("at the end of the stream all that can expire does") {
  short_lived x;
  x.set(1, end_of_time - 5);
  x.end_epoch(end_of_time - 1);
  CHECK(x.has(1));
  x.end_epoch(end_of_time);
  CHECK_FALSE(x.has(1));
}

TEST_CASE("a list and a map expire as a whole") {
  owner<int> at;
  list_state<int, int> list{at, "list", expires_after(10us)};
  map_state<int, int, int> map{at, "map", expires_after(10us)};
  at.handles.host(1);
  const int key = 7;
  at.point_to(key);
  list.append(1);
  map.set(1, 1);
  at.time = 5;
  map.set(2, 2);
  list.expire(0, 10);
  map.expire(0, 10);
  CHECK(list.get().empty());
  CHECK(map.all().size() == 2);
  map.expire(0, 15);
  CHECK(map.all().empty());
}

TEST_CASE("a time to live is positive") {
  CHECK_THROWS_AS(expires_after(0s), std::invalid_argument);
  CHECK_THROWS_AS(expires_after(-1s), std::invalid_argument);
  CHECK(expires_after(2h).length == 7'200'000'000);
}

TEST_CASE("an expiry is a change, which folds into an earlier copy") {
  short_lived live;
  live.set(1, 100);
  live.set(2, 105);
  byte_buffer copy;
  live.at.handles.save_changes(0, copy);
  CHECK_FALSE(live.at.handles.changed(0));
  live.end_epoch(112);
  CHECK(live.at.handles.changed(0));
  byte_buffer changes;
  live.at.handles.save_changes(0, changes);

  auto folded = fold(copy.bytes(), changes.bytes());
  short_lived restored;
  restored.at.handles.load(0, folded.bytes());
  CHECK(saved(restored.at.handles) == saved(live.at.handles));
  CHECK_FALSE(restored.has(1));
  CHECK(restored.has(2));
  // What was restored expires when it would have.
  restored.end_epoch(114);
  CHECK(restored.has(2));
  restored.end_epoch(115);
  CHECK_FALSE(restored.has(2));
}

TEST_CASE("after a full copy, times that were in it are no changes") {
  short_lived x;
  x.set(1, 100);
  auto copy = saved(x.at.handles);
  x.at.handles.forget_changes(0);
  CHECK_FALSE(x.at.handles.changed(0));
  x.set(1, 105);
  byte_buffer changes;
  x.at.handles.save_changes(0, changes);
  short_lived other;
  other.at.handles.load(0, fold(copy.bytes(), changes.bytes()).bytes());
  other.end_epoch(114);
  CHECK(other.has(1));
  other.end_epoch(115);
  CHECK_FALSE(other.has(1));
}

TEST_CASE("random lives are those of a model, restored or not") {
  random_generator random{11};
  short_lived x;
  auto other = std::make_unique<short_lived>();
  std::map<int, event_time> model;
  for (event_time watermark = 0; watermark < 3'000; watermark += 3) {
    x.at.watermark = other->at.watermark = watermark;
    for (int i = 0; i < 4; ++i) {
      auto key = static_cast<int>(random.below(40));
      auto time = watermark + static_cast<event_time>(random.below(12)) - 6;
      x.set(key, time);
      other->set(key, time);
      auto& written = model.try_emplace(key, time).first->second;
      written = std::max({written, time, watermark});
      if (random.below(4) != 0)
        continue;
      x.value.clear();
      other->value.clear();
      model.erase(key);
    }
    std::erase_if(
      model, [&](auto& each) { return each.second + 10 <= watermark + 3; });
    x.end_epoch(watermark + 3);
    other->end_epoch(watermark + 3);
    for (int key = 0; key < 40; ++key)
      REQUIRE(x.has(key) == model.contains(key));
    auto bytes = saved(x.at.handles);
    REQUIRE(saved(other->at.handles) == bytes);
    if (random.below(10) == 0) {
      other = std::make_unique<short_lived>();
      other->at.handles.load(0, bytes.bytes());
    }
  }
}

TEST_CASE("a time to live can be given to saved state, and taken from it") {
  owner<int> at;
  value_state<int, int> forever{at, "value"};
  at.handles.host(1);
  const int one = 1;
  const int two = 2;
  at.point_to(one);
  forever.set(10);
  short_lived x;
  x.at.handles.load(0, saved(at.handles).bytes());
  x.end_epoch(1'000);
  CHECK(x.has(1)); // it is not known how old it is
  x.set(1, 1'000);
  x.set(2, 1'000);
  at.handles.load(0, saved(x.at.handles).bytes());
  at.point_to(two);
  CHECK(forever.get() == 20);
  x.end_epoch(1'010);
  CHECK_FALSE(x.has(1));
}

// -- in an operator -----------------------------------------------------------

namespace {

struct seen {
  std::uint32_t key = 0;
  std::uint32_t count = 0;

  bool operator==(const seen&) const = default;
};

/// Counts, and forgets keys that do not come for 100 microseconds.
class forgetful : public keyed_operator<std::uint32_t, seen> {
public:
  void on(const std::uint32_t&) {
    emit({key(), count.edit() += 1});
  }

private:
  value<std::uint32_t> count{*this, "count", expires_after(100us)};
};

const auto itself = [](const std::uint32_t& x) { return x; };

/// What comes out if the slices move before every epoch after `moved_from`.
auto counted(std::uint64_t seed, bool round_trip, bool moves) {
  topology graph{"test", {}};
  graph.source("in", fed_by_hand<std::uint32_t>{})
    .key_by(itself)
    .process<forgetful>("count")
    .sink("out", recorded<seen>{});
  fixture_options options;
  options.round_trip_state = round_trip;
  operator_fixture fixture{graph, "count", options};
  auto& in = fixture.input<std::uint32_t, decltype(itself)>(0, itself);
  random_generator random{seed};
  random_generator moving{seed + 1};
  for (event_time watermark = 0; watermark < 2'000; watermark += 20) {
    for (int i = 0; i < 5; ++i)
      in.send(static_cast<slice_id>(random.below(4)),
              {{watermark + 20 + static_cast<event_time>(random.below(30)),
                static_cast<std::uint32_t>(random.below(30))}});
    if (moves)
      fixture.rehost(random_hosting(moving, 4, 3));
    fixture.run(watermark + 20);
  }
  std::map<slice_id, byte_buffer> held;
  for (slice_id slice = 0; slice < 4; ++slice)
    held[slice] = fixture.saved(slice);
  return std::pair{fixture.results_by_slice<seen>("out"), held};
}

} // namespace

TEST_CASE("what expires does not depend on where slices are, nor on restores "
          "[counterexample 3]") {
  for (std::uint64_t seed : {1, 2, 3}) {
    auto alone = counted(seed, false, false);
    CHECK(counted(seed, true, false) == alone);
    CHECK(counted(seed, false, true) == alone);
    // Some do come back after their time.
    auto starts = 0;
    for (auto& [slice, tuples] : alone.first)
      for (auto& tuple : tuples)
        starts += tuple.value.count == 1 ? 1 : 0;
    CHECK(starts > 40);
  }
}
