// Event-time timers: when they fire, in which order, and where it ends.
#include "tests/operators/one_operator.hpp"

#include "operators/timers.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace braid;
using namespace braid::test;

namespace {

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

struct timer_fixture
  : one_operator<timer_user, scheduled, decltype(key_of_scheduled)> {
  timer_fixture()
    : one_operator<timer_user, scheduled, decltype(key_of_scheduled)>(
      key_of_scheduled) {}
};

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
