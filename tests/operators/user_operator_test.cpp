// What user-written operators can rely on: order, timers, state, broadcast,
// side outputs, random numbers, and errors that name the place.
#include "tests/operators/readings.hpp"

#include "operators/stream_operator.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <unordered_map>

using namespace braid;
using namespace braid::test;

namespace {

using text_output = keyed_value<std::uint32_t, std::string>;

/// Runs what the first number says, later what it has noted down.
struct scheduled {
  std::uint32_t key;
  std::vector<event_time> timers;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& key& timers;
  }
};

const auto key_of_scheduled = [](const scheduled& x) { return x.key; };

/// Sets the timers that it is told. One at 10 sets another at 5 and at 12; one
/// at 20 cancels that at 21.
class timer_user : public keyed_operator<std::uint32_t, text_output> {
public:
  void on(const scheduled& x) {
    for (auto at : x.timers)
      set_timer(at);
    emit({key(), "on"});
  }

  void on_timer(event_time at) {
    emit({key(), std::to_string(at)});
    if (at == 10) {
      set_timer(5);
      set_timer(12);
    }
    if (at == 20)
      cancel_timer(21);
  }
};

/// A topology with one operator behind a keyed stream of `T`.
template <class Operator, class T, class KeyOf>
struct one_operator {
  topology graph{"test", {}};
  stream<typename Operator::output_type> result;

  explicit one_operator(KeyOf key_of)
    : result(graph.source("input", fed_by_hand<T>{})
               .key_by(key_of)
               .template process<Operator>("operator")) {
    result.sink("results", recorded<typename Operator::output_type>{});
  }

  operator_fixture run(fixture_options options = {{0}, {0}}) & {
    return {graph, "operator", std::move(options)};
  }
};

template <class Operator>
struct reading_operator : one_operator<Operator, reading, decltype(sensor_of)> {
  reading_operator()
    : one_operator<Operator, reading, decltype(sensor_of)>(sensor_of) {}
};

struct timer_fixture
  : one_operator<timer_user, scheduled, decltype(key_of_scheduled)> {
  timer_fixture()
    : one_operator<timer_user, scheduled, decltype(key_of_scheduled)>(
      key_of_scheduled) {}
};

std::vector<text_output> texts(const operator_fixture& run) {
  return values_of(run.results<text_output>("results"));
}

} // namespace

TEST_CASE("timers fire by time, then key, however they were set "
          "[counterexample 3]") {
  timer_fixture test;
  auto forwards = GENERATE(true, false);
  auto round_trip = GENERATE(true, false);
  auto run = test.run({{0}, {0}, round_trip});
  auto& in = run.input<scheduled>(0, key_of_scheduled);
  std::vector<timed<scheduled>> tuples;
  for (std::uint32_t key = 0; key < 100; ++key)
    tuples.push_back({0, {key * 7 % 100, {3, 1}}});
  if (!forwards)
    std::reverse(tuples.begin(), tuples.end());
  in.send(0, tuples);
  run.run(0);
  run.run(2);
  run.run(3);
  auto results = texts(run);
  REQUIRE(results.size() == 300);
  for (std::uint32_t key = 0; key < 100; ++key) {
    CHECK(results[100 + key] == text_output{key, "1"});
    CHECK(results[200 + key] == text_output{key, "3"});
  }
}

TEST_CASE("a timer that is set in a timer fires in its turn, if due at once") {
  timer_fixture test;
  auto run = test.run();
  run.input<scheduled>(0, key_of_scheduled).send(0, {{0, {1, {10, 11}}}});
  run.run(11);
  CHECK(texts(run)
        == std::vector<text_output>{{1, "on"}, {1, "10"}, {1, "5"}, {1, "11"}});
  run.run(12);
  CHECK(texts(run).back() == text_output{1, "12"});
  CHECK(run.results<text_output>("results").back().time == 12);
}

TEST_CASE("a timer set twice fires once, a cancelled one not at all") {
  timer_fixture test;
  auto run = test.run();
  run.input<scheduled>(0, key_of_scheduled)
    .send(0, {{0, {1, {20, 21, 21, 22, 22}}}, {0, {2, {21}}}});
  run.run(0);
  run.run(30);
  CHECK(texts(run)
        == std::vector<text_output>{
          {1, "on"}, {2, "on"}, {1, "20"}, {2, "21"}, {1, "22"}});
}

TEST_CASE("a timer at the end of time fires when the stream ends") {
  timer_fixture test;
  auto run = test.run();
  run.input<scheduled>(0, key_of_scheduled).send(0, {{0, {1, {end_of_time}}}});
  run.run(end_of_time - 1);
  CHECK(texts(run).size() == 1);
  run.finish();
  CHECK(texts(run).size() == 2);
}

TEST_CASE("each slice takes its input and fires before the next begins "
          "[counterexample 1]") {
  timer_fixture test;
  auto outcome = [&](slice_table hosting) {
    auto run = test.run({std::move(hosting), {0}});
    auto& in = run.input<scheduled>(0, key_of_scheduled);
    for (std::uint32_t key = 0; key < 20; ++key)
      in.send(0, {{0, {key, {1}}}});
    run.run(1);
    return run.results<text_output>("results");
  };
  CHECK(outcome({0, 0, 0, 0}) == outcome({0, 0, 1, 1}));
  CHECK(outcome({0, 0, 0, 0}) == outcome({0, 1, 2, 3}));
}

namespace {

/// A timer that always sets the next one, until the stream ends if `Asks`.
template <bool Asks>
class every_minute : public keyed_operator<std::uint32_t, text_output> {
public:
  void on(const reading&) {
    set_timer(time() + 60);
  }

  void on_timer(event_time at) {
    emit({key(), std::to_string(at)});
    if (!Asks || !ended())
      set_timer(at + 60);
  }
};

} // namespace

TEST_CASE("a timer that sets the next one stops when the stream has ended") {
  reading_operator<every_minute<true>> test;
  auto run = test.run();
  run.input<reading>(0, sensor_of).send(0, {{0, {1, 1}}});
  run.run(125);
  CHECK(texts(run) == std::vector<text_output>{{1, "60"}, {1, "120"}});
  run.finish();
  CHECK(texts(run).size() == 3);
}

TEST_CASE("a timer that sets timers without end is an error, not a hang") {
  reading_operator<every_minute<false>> test;
  auto run = test.run();
  run.input<reading>(0, sensor_of).send(0, {{0, {1, 1}}});
  run.run(0);
  CHECK_THROWS_WITH(run.finish(),
                    Catch::Contains("ask ended() before setting the next one"));
}

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
    if (x.value >= threshold.get())
      emit(x);
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
    emit({key(), static_cast<std::int32_t>(drawn.get() % 1000)});
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
  CHECK_THROWS_WITH(run.run(0), Catch::StartsWith("operator 'operator', slice")
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

namespace {

/// Draws a number a tuple, and sends the even ones aside.
class dice : public keyed_operator<std::uint32_t, std::uint64_t> {
public:
  void on(const reading&) {
    auto drawn = random().below(1'000'000);
    emit(drawn);
    if (drawn % 2 == 0)
      even.emit(keyed_value<std::uint32_t, std::uint64_t>{key(), drawn});
  }

private:
  side_output<keyed_value<std::uint32_t, std::uint64_t>> even{*this, "even"};
};

} // namespace

TEST_CASE(
  "random numbers are the same on every execution, by slice and epoch") {
  reading_operator<dice> test;
  auto results = [&](slice_table hosting) {
    auto run = test.run({std::move(hosting), {0}});
    for (auto epoch = 0; epoch < 3; ++epoch) {
      for (std::uint32_t i = 0; i < 20; ++i)
        run.input<reading>(0, sensor_of).send(0, {{0, {i, 0}}});
      run.run(0);
    }
    return run.results_by_slice<std::uint64_t>("results");
  };
  auto first = results({0, 0, 0, 0});
  CHECK(results({0, 0, 0, 0}) == first);
  CHECK(results({3, 1, 0, 2}) == first);
  std::map<std::uint64_t, int> drawn;
  for (auto& [slice, tuples] : first)
    for (auto& tuple : tuples)
      ++drawn[tuple.value];
  // Sixty draws of a million that repeated themselves would be none.
  CHECK(drawn.size() >= 59);
}

TEST_CASE("side outputs carry what is emitted on them, with its time") {
  using even = keyed_value<std::uint32_t, std::uint64_t>;
  reading_operator<dice> test;
  test.result.side<even>("even").sink("even", recorded<even>{});
  auto run = test.run({{0, 1}, {0}});
  for (std::uint32_t i = 0; i < 50; ++i)
    run.input<reading>(0, sensor_of).send(0, {{i, {i, 0}}});
  run.run(0);
  std::size_t count = 0;
  for (auto& tuple : run.results<std::uint64_t>("results"))
    count += tuple.value % 2 == 0;
  CHECK(run.results<even>("even").size() == count);
  CHECK(count > 0);
  for (auto& tuple : run.results<even>("even"))
    CHECK(tuple.time == tuple.value.key);
}

namespace {

/// Fails in the way that the tuple says.
class failing : public keyed_operator<std::uint32_t, reading> {
public:
  void on(const reading& x) {
    if (x.value == 1)
      throw std::out_of_range{"too far"};
    if (x.value == 2)
      throw 2;
    if (x.value == 3)
      set_timer(time());
  }
};

class failing_in_timer : public keyed_operator<std::uint32_t, reading> {
public:
  void on(const reading& x) {
    set_timer(x.value);
  }

  void on_timer(event_time) {
    throw std::runtime_error{"no more"};
  }
};

} // namespace

TEST_CASE("what a handler throws is reported with operator, slice and epoch") {
  reading_operator<failing> test;
  auto run = test.run({{0, 0, 0}, {0}});
  run.run(0);
  auto [value, why] = GENERATE(table<std::int32_t, std::string>(
    {{1, "too far"},
     {2, "something was thrown that is no std::exception"},
     {3, "a timer is set, but the operator has no public "
         "on_timer(braid::event_time)"}}));
  run.input<reading>(0, sensor_of).send(0, {{0, {5, value}}});
  auto slice = slice_of(key_hash(std::uint32_t{5}), 3);
  CHECK_THROWS_MATCHES(run.run(0), operator_error,
                       Catch::Message("operator 'operator', slice "
                                      + std::to_string(slice)
                                      + ", epoch 2: " + why));
}

TEST_CASE("what a timer throws is reported with operator, slice and epoch") {
  reading_operator<failing_in_timer> test;
  auto run = test.run();
  run.input<reading>(0, sensor_of).send(0, {{0, {5, 8}}});
  run.run(7);
  CHECK_THROWS_MATCHES(
    run.run(8), operator_error,
    Catch::Message("operator 'operator', slice 0, epoch 2: no more"));
}

namespace {

/// Its bytes leave a member out.
struct forgetful {
  std::string kept;
  std::uint32_t saves = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    // What is read is not what was written.
    std::uint32_t count = ++saves;
    archive& kept& count;
  }
};

class forgetting : public keyed_operator<std::uint32_t, reading> {
public:
  void on(const reading&) {
    state.edit().kept += 'x';
  }

private:
  value<forgetful> state{*this, "state"};
};

/// Remembers the watermark that handlers see, and how many tuples came to the
/// slice.
class per_slice
  : public unkeyed_operator<std::pair<std::uint64_t, event_time>> {
public:
  void on(const reading&) {
    emit({++count.edit(), watermark()});
  }

private:
  value<std::uint64_t> count{*this, "count"};
};

} // namespace

TEST_CASE("the round trip finds state that serialising changes "
          "[counterexample 3]") {
  reading_operator<forgetting> test;
  auto run = test.run({{0}, {0}, true});
  run.input<reading>(0, sensor_of).send(0, {{0, {5, 8}}});
  CHECK_THROWS_WITH(run.run(7), Catch::StartsWith("operator 'operator': state "
                                                  "changes when it is saved"));
}

TEST_CASE("without keys, tuples stay in their slice, and state is per slice "
          "[counterexample 7]") {
  topology graph{"test", {}};
  graph.source("readings", fed_by_hand<reading>{})
    .process<per_slice>("operator")
    .sink("results", recorded<std::pair<std::uint64_t, event_time>>{});
  auto hosting = GENERATE(slice_table{0, 0, 0}, slice_table{0, 1, 0});
  operator_fixture run{graph, "operator", {hosting, hosting, true}};
  for (slice_id slice = 0; slice < 3; ++slice)
    for (slice_id i = 0; i <= slice; ++i)
      run.input<reading>(0).send(slice, {{0, {0, 0}}});
  run.run(30);
  run.input<reading>(0).send(2, {{0, {0, 0}}});
  run.run(40);
  auto results =
    run.results_by_slice<std::pair<std::uint64_t, event_time>>("results");
  CHECK(results[0].size() == 1);
  CHECK(results[1].size() == 2);
  // The watermark is that of the epoch before [counterexample 12].
  CHECK(results[2].back().value == std::pair<std::uint64_t, event_time>{4, 30});
}
