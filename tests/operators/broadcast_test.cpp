// Operators with two inputs, of which one may be broadcast: order, state that
// belongs to no slice, and what a broadcast must not do.
#include "tests/operators/one_operator.hpp"

#include "operators/stream_operator.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace braid;
using namespace braid::test;

namespace {

struct name {
  std::uint32_t sensor;
  std::uint32_t letter;
};

const auto sensor_of_name = [](const name& x) { return x.sensor; };

/// Knows both inputs, and tells them apart.
class two_inputs : public keyed_operator<std::uint32_t, text_output> {
public:
  void on(const reading& x) {
    emit({key(), std::to_string(x.value) + names.get()});
  }

  void on(const name& x) {
    names.edit() += static_cast<char>(x.letter);
  }

private:
  value<std::string> names{*this, "names"};
};

} // namespace

TEST_CASE("tuples of the first input come before those of the second") {
  topology graph{"test", {}};
  auto names = graph.source("names", fed_by_hand<name>{});
  auto readings = graph.source("readings", fed_by_hand<reading>{});
  connect(names.key_by(sensor_of_name), readings.key_by(sensor_of))
    .process<two_inputs>("operator")
    .sink("results", recorded<text_output>{});
  operator_fixture run{graph, "operator", {{0, 0}, {0, 0}, true}};
  auto& readings_in = run.input<reading>(1, sensor_of);
  auto& names_in = run.input<name>(0, sensor_of_name);
  readings_in.send(0, {{0, {5, 1}}});
  names_in.send(1, {{0, {5, 'b'}}});
  names_in.send(0, {{0, {5, 'a'}}});
  run.run(0);
  readings_in.send(0, {{0, {5, 2}}, {0, {6, 3}}});
  run.rehost({1, 0});
  run.run(0);
  auto results = run.results_by_slice<text_output>("results");
  auto of_five = values_of(results.at(slice_of(key_hash(std::uint32_t{5}), 2)));
  CHECK(of_five[0] == text_output{5, "1ab"});
  CHECK(of_five[1] == text_output{5, "2ab"});
}

TEST_CASE(
  "two upstream operators of one input take turns by edge, not by slice "
  "[counterexample 9]") {
  topology graph{"test", {}};
  auto first = graph.source("first", fed_by_hand<reading>{});
  auto second = graph.source("second", fed_by_hand<reading>{});
  class values : public keyed_operator<std::uint32_t, reading> {
  public:
    void on(const reading& x) {
      emit(x);
    }
  };
  first.union_with(second)
    .key_by(sensor_of)
    .process<values>("operator")
    .sink("results", recorded<reading>{});
  auto upstream = GENERATE(slice_table{0, 0, 0, 0}, slice_table{3, 1, 0, 2});
  operator_fixture run{graph, "operator", {{0}, upstream}};
  for (slice_id slice : {3u, 2u, 0u}) {
    auto value = static_cast<std::int32_t>(slice);
    run.input<reading>(1, sensor_of).send(slice, {{0, {1, 10 + value}}});
    run.input<reading>(0, sensor_of).send(slice, {{0, {1, value}}});
  }
  run.run(0);
  CHECK(
    values_of(run.results<reading>("results"))
    == std::vector<reading>{{1, 0}, {1, 2}, {1, 3}, {1, 10}, {1, 12}, {1, 13}});
}

namespace {

struct rule {
  std::int32_t threshold;
  std::int32_t what;
};

/// What the handler of a broadcast tries to do.
enum attempt { set_threshold, emit_tuple, emit_aside, use_state, use_timer };

class filtered : public keyed_operator<std::uint32_t, reading> {
public:
  void on(const reading& x) {
    if (x.value < 0)
      threshold.edit() = 7;
    // What was drawn must be the same for all partitions, too.
    if (x.value >= threshold.get())
      emit({x.sensor, static_cast<std::int32_t>(drawn.get() % 1000)});
  }

  void on_broadcast(const rule& x) {
    switch (x.what) {
      case set_threshold:
        threshold.edit() = x.threshold;
        drawn.edit() = random()();
        break;
      case emit_tuple:
        emit({});
        break;
      case emit_aside:
        aside.emit(1);
        break;
      case use_state:
        seen.set(1);
        break;
      case use_timer:
        set_timer(5);
        break;
    }
  }

  void on_timer(event_time) {
    emit({key(), 0});
  }

private:
  broadcast_state<std::int32_t> threshold{*this, "threshold"};
  broadcast_state<std::uint64_t> drawn{*this, "drawn"};
  value<std::int32_t> seen{*this, "seen"};
  side_output<int> aside{*this, "aside"};
};

struct broadcast_fixture {
  topology graph{"test", {}};

  broadcast_fixture() {
    auto readings = graph.source("readings", fed_by_hand<reading>{});
    auto rules = graph.source("rules", fed_by_hand<rule>{});
    connect(readings.key_by(sensor_of), rules.broadcast())
      .process<filtered>("operator")
      .sink("results", recorded<reading>{});
  }
};

} // namespace

TEST_CASE("a broadcast is applied before the epoch's other input, everywhere "
          "[counterexample 8]") {
  broadcast_fixture test;
  auto results = [&](slice_table hosting, bool moved) {
    operator_fixture run{test.graph, "operator", {std::move(hosting), {0, 1}}};
    auto& readings = run.input<reading>(0, sensor_of);
    auto& rules = run.input<rule>(1);
    auto send = [&] {
      for (std::uint32_t i = 0; i < 30; ++i)
        readings.send(0, {{0, {i, static_cast<std::int32_t>(i)}}});
    };
    send();
    rules.send(1, {{0, {20, set_threshold}}});
    rules.send(0, {{0, {10, set_threshold}}});
    run.run(0);
    if (moved)
      run.rehost({2, 0, 1, 0});
    send();
    run.run(0);
    return run.results_by_slice<reading>("results");
  };
  auto expected = results({0, 0, 0, 0}, false);
  std::size_t count = 0;
  for (auto& [slice, tuples] : expected)
    count += tuples.size();
  CHECK(count == 20);
  CHECK(results({0, 1, 2, 1}, false) == expected);
  CHECK(results({1, 0, 0, 1}, true) == expected);
}

TEST_CASE("a broadcast handler must not emit, nor use what belongs to a key "
          "[counterexample 8]") {
  broadcast_fixture test;
  operator_fixture run{test.graph, "operator", {{0, 0}, {0}}};
  // A tuple first, so that a key has been at hand.
  run.input<reading>(0, sensor_of).send(0, {{0, {1, 1}}});
  run.run(0);
  auto [what, why] = GENERATE(table<attempt, const char*>(
    {{emit_tuple, "a broadcast handler must not emit"},
     {emit_aside, "a broadcast handler must not emit"},
     {use_state, "neither a constructor nor on_broadcast can use them"},
     {use_timer, "neither a constructor nor on_broadcast can use them"}}));
  run.input<rule>(1).send(0, {{0, {0, what}}});
  CHECK_THROWS_WITH(run.run(0), Catch::StartsWith("operator 'operator', epoch ")
                                  && Catch::Contains(why));
}

TEST_CASE("broadcast state changes in on_broadcast alone") {
  broadcast_fixture test;
  operator_fixture run{test.graph, "operator", {{0}, {0}}};
  run.input<reading>(0, sensor_of).send(0, {{0, {1, -1}}});
  CHECK_THROWS_WITH(run.run(0),
                    Catch::Contains("broadcast state 'threshold' changes only "
                                    "in on_broadcast"));
}
