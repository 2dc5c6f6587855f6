// State that is frozen is written later, and is what it was when it was frozen:
// the same records that a twin wrote then.
#include "tests/operators/every_handle.hpp"
#include "tests/operators/records_in_order.hpp"

#include "operators/session_contents.hpp"
#include "operators/state_fold.hpp"
#include "operators/window_contents.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace braid;
using braid::test::every_handle;
using braid::test::owner;
using braid::test::records_in_order;
using braid::test::tagged;

namespace {

byte_buffer saved_at_once(state_registry& states, std::uint32_t local,
                          record_extent extent) {
  byte_buffer result;
  if (extent == record_extent::changes) {
    states.save_changes(local, result);
  } else {
    states.save(local, result);
    states.forget_changes(local);
  }
  return records_in_order(result);
}

byte_buffer saved_frozen(state_registry& states, std::uint32_t local) {
  byte_buffer result;
  states.save_frozen(local, result);
  return records_in_order(result);
}

record_extent random_extent(random_generator& random) {
  return random.below(4) == 0 ? record_extent::everything
                              : record_extent::changes;
}

} // namespace

TEMPLATE_TEST_CASE("what is frozen does not change", "", std::uint32_t,
                   std::string, double, tagged, no_key) {
  auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 12)));
  random_generator plan{seed};
  random_generator random{seed + 100};
  random_generator same_random{seed + 100};
  every_handle<TestType> live;
  every_handle<TestType> twin;
  auto keys = 1 + plan.below(300);
  auto change = [&](std::uint64_t times) {
    for (; times > 0; --times) {
      live.change(random, keys);
      twin.change(same_random, keys);
    }
  };
  for (auto round = 0; round < 40; ++round) {
    CAPTURE(seed, round);
    change(plan.below(plan.below(4) == 0 ? 600 : 40));
    auto extent = random_extent(plan);
    auto expected = saved_at_once(twin.op.handles, 1, extent);
    live.op.handles.freeze(1, extent);
    REQUIRE(!live.op.handles.changed(1));
    change(plan.below(plan.below(4) == 0 ? 600 : 40));
    if (plan.below(8) == 0) {
      auto whole = live.everything();
      live.op.handles.load(1, whole.bytes());
      twin.op.handles.load(1, whole.bytes());
      change(plan.below(40));
    }
    REQUIRE(saved_frozen(live.op.handles, 1) == expected);
    REQUIRE(live.everything() == twin.everything());
    REQUIRE(live.op.handles.changed(1) == twin.op.handles.changed(1));
  }
  REQUIRE(records_in_order(live.changes()) == records_in_order(twin.changes()));
}

TEST_CASE("what a sweep changes is kept first") {
  auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 20)));
  using table = tracked_table<std::uint32_t, std::uint64_t>;
  random_generator random{seed};
  state_table<std::uint32_t, std::uint64_t> live{"x"};
  state_table<std::uint32_t, std::uint64_t> twin{"x"};
  state_registry live_states;
  state_registry twin_states;
  live_states.add(live);
  twin_states.add(twin);
  live_states.host(1);
  twin_states.host(1);
  auto sweep = [&](std::uint64_t divisor) {
    for (auto* each : {&live, &twin})
      each->of(0).sweep([&](std::uint32_t key, std::uint64_t& value) {
        if ((key + value) % divisor == 0)
          return table::fate::erase;
        if ((key + value) % divisor != 1)
          return table::fate::keep;
        ++value;
        return table::fate::changed;
      });
  };
  auto edit = [&] {
    for (auto n = random.below(50); n > 0; --n) {
      auto key = static_cast<std::uint32_t>(random.below(60));
      auto value = random.below(1'000);
      live.of(0).edit(key) = value;
      twin.of(0).edit(key) = value;
    }
  };
  for (auto round = 0; round < 20; ++round) {
    CAPTURE(seed, round);
    edit();
    auto extent = random_extent(random);
    auto expected = saved_at_once(twin_states, 0, extent);
    live_states.freeze(0, extent);
    edit();
    sweep(2 + random.below(5));
    edit();
    sweep(2 + random.below(5));
    REQUIRE(saved_frozen(live_states, 0) == expected);
  }
  REQUIRE(saved_at_once(live_states, 0, record_extent::everything)
          == saved_at_once(twin_states, 0, record_extent::everything));
}

TEST_CASE("windows that are gone meanwhile are in what was frozen") {
  auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 20)));
  using contents = window_contents<std::string, std::uint64_t>;
  random_generator random{seed};
  sliding windows{std::chrono::microseconds{20}, std::chrono::microseconds{10}};
  auto storage =
    random.below(2) == 0 ? window_storage::by_pane : window_storage::by_window;
  contents live{"windows", windows,
                window_lifetime{std::chrono::microseconds{5}}, storage};
  contents twin{"windows", windows,
                window_lifetime{std::chrono::microseconds{5}}, storage};
  state_registry live_states;
  state_registry twin_states;
  live_states.add(live);
  twin_states.add(twin);
  live_states.host(1);
  twin_states.host(1);
  event_time watermark = 0;
  auto epoch = [&] {
    auto begin = random;
    for (auto* each : {&live, &twin}) {
      random = begin;
      each->begin_epoch(watermark);
      contents::fate fate;
      for (auto n = random.below(30); n > 0; --n) {
        each->look_up(fate, 0,
                      watermark + static_cast<event_time>(random.below(60)));
        auto key = std::to_string(random.below(20));
        for (auto* table : fate.tables)
          table->edit(key) += n;
      }
    }
    watermark += static_cast<event_time>(random.below(40));
    live.drop_gone(0, watermark);
    twin.drop_gone(0, watermark);
  };
  std::set<std::size_t> sizes;
  for (auto round = 0; round < 40; ++round) {
    CAPTURE(seed, round);
    epoch();
    auto extent = random_extent(random);
    auto expected = saved_at_once(twin_states, 0, extent);
    live_states.freeze(0, extent);
    for (auto n = random.below(4); n > 0; --n)
      epoch();
    REQUIRE(saved_frozen(live_states, 0) == expected);
    sizes.insert(expected.size());
  }
  CHECK(sizes.size() > 5);
}

TEST_CASE("state with a time to live is frozen with its times") {
  auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 20)));
  random_generator random{seed};
  owner<std::uint32_t> op;
  owner<std::uint32_t> same;
  value_state<std::uint32_t, int> live{
    op, "x", expires_after(std::chrono::microseconds{10})};
  value_state<std::uint32_t, int> twin{
    same, "x", expires_after(std::chrono::microseconds{10})};
  op.handles.host(1);
  same.handles.host(1);
  auto epoch = [&] {
    for (auto n = random.below(40); n > 0; --n) {
      auto key = static_cast<std::uint32_t>(random.below(50));
      auto clears = random.below(5) == 0;
      op.point_to(key);
      same.point_to(key);
      if (clears) {
        live.clear();
        twin.clear();
      } else {
        ++live.edit();
        ++twin.edit();
      }
    }
    op.time = same.time += static_cast<event_time>(random.below(8));
    op.watermark = same.watermark = op.time - 2;
    live.expire(0, op.watermark);
    twin.expire(0, op.watermark);
  };
  for (auto round = 0; round < 40; ++round) {
    CAPTURE(seed, round);
    epoch();
    auto extent = random_extent(random);
    auto expected = saved_at_once(same.handles, 0, extent);
    op.handles.freeze(0, extent);
    for (auto n = random.below(4); n > 0; --n)
      epoch();
    REQUIRE(saved_frozen(op.handles, 0) == expected);
  }
}
