// Dead letters of all kinds of operators: of what they take, and of windows and
// timers that fire.
#include "tests/operators/amid_failures.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>

using namespace braid;
using namespace braid::test;
using namespace std::chrono_literals;
using std::chrono::microseconds;

namespace {

/// Values that code in these tests cannot stand.
bool is_poison(std::int32_t value) {
  return value % 50 == 17 || value % 50 == 18;
}

void require_wholesome(std::int32_t value) {
  if (is_poison(value))
    throw std::runtime_error{"cannot stand " + std::to_string(value)};
}

/// Six epochs of 20 readings, at times 0 .. 119, of 5 sensors; without those
/// that are poison if `cleaned`.
auto readings_in(std::size_t port, bool cleaned = false) {
  return [=](operator_fixture& fixture) {
    auto& in = fixture.input<reading>(port, sensor_of);
    for (std::int32_t n = 0; n < 120; ++n) {
      if (!cleaned || !is_poison(n))
        in.send(static_cast<slice_id>(n % 4),
                {{n, {static_cast<std::uint32_t>(n % 5), n}}});
      if (n % 20 == 19)
        fixture.run(n - 10);
    }
    fixture.finish();
  };
}

/// `compose(keyed stream)` returns the stream of the operator "operator".
template <class Compose>
std::unique_ptr<topology> composed(Compose compose) {
  auto graph = std::make_unique<topology>("test", settings{});
  auto result =
    compose(graph->source("in", fed_by_hand<reading>{}).key_by(sensor_of));
  using value_type = typename decltype(result)::value_type;
  result.sink("out", recorded<value_type>{});
  result.dead_letters().sink("dead", recorded<dead_letter>{});
  return graph;
}

/// Tuples that are passed over are as if they had not been there.
template <class Result>
void check_tuples(const topology& graph) {
  auto found = run_everywhere<Result>(graph, readings_in(0));
  fixture_options options;
  auto cleaned =
    run_amid_failures<Result>(graph, options, readings_in(0, true));
  CHECK(options.skipped.empty());
  CHECK(found.results == cleaned.results);
  std::set<std::int32_t> dead;
  for (auto& letter : found.all_letters()) {
    dead.insert(letter.template as<reading>().value);
    CHECK(letter.time == letter.template as<reading>().value);
    CHECK(letter.operator_name == "operator");
    CHECK(letter.at.kind == call_kind::tuple);
    CHECK_THAT(letter.error, Catch::Contains("cannot stand "));
  }
  CHECK(dead == std::set<std::int32_t>{17, 18, 67, 68, 117, 118});
}

const auto sum_of_wholesome = [](std::int64_t& sum, const reading& x) {
  sum += x.value; // too early
  require_wholesome(x.value);
};

const auto add_sums = [](std::int64_t& sum, const std::int64_t& other) {
  sum += other;
};

using sum_of_key = keyed_value<std::uint32_t, std::int64_t>;
using windowed_sum = windowed_value<std::uint32_t, std::int64_t>;

/// Cannot stand a certain sum of values, when it is asked for it.
struct choosy_sum {
  using accumulator = std::int64_t;

  std::int64_t refused = 0;

  void add(accumulator& into, const reading& x) const {
    into += x.value;
  }

  void merge(accumulator& into, const accumulator& other) const {
    into += other;
  }

  std::int64_t result(const accumulator& x) const {
    if (x == refused)
      throw std::runtime_error{"cannot stand the sum " + std::to_string(x)};
    return x;
  }
};

} // namespace

TEST_CASE("running aggregates pass over what they cannot add") {
  for (auto when : {emit::each_update, emit::each_epoch, emit::at_end})
    check_tuples<sum_of_key>(*composed([&](auto keyed) {
      return keyed.reduce("operator", std::int64_t{0}, sum_of_wholesome, when);
    }));
}

TEST_CASE("windows pass over what they cannot add") {
  check_tuples<windowed_sum>(*composed([](auto keyed) {
    return keyed.window(tumbling(microseconds{25}))
      .reduce("operator", std::int64_t{0}, sum_of_wholesome);
  }));
  check_tuples<windowed_sum>(*composed([](auto keyed) {
    return keyed.window(sliding(microseconds{30}, microseconds{10}))
      .allowed_lateness(microseconds{20})
      .reduce("operator", std::int64_t{0}, sum_of_wholesome, add_sums);
  }));
  check_tuples<windowed_sum>(*composed([](auto keyed) {
    return keyed.window(session(microseconds{7}))
      .reduce("operator", std::int64_t{0}, sum_of_wholesome, add_sums);
  }));
}

TEST_CASE("an aggregate passes over a result that cannot be made") {
  // Of sensor 2 after its first epoch: 2 + 7 + 12 + 17.
  auto graph = composed([](auto keyed) {
    return keyed.aggregate("operator", choosy_sum{38}, emit::each_epoch);
  });
  auto found = run_everywhere<sum_of_key>(*graph, readings_in(0));
  auto letters = found.all_letters();
  REQUIRE(letters.size() == 1);
  CHECK(letters.front().as<std::uint32_t>() == 2);
  CHECK(letters.front().at.kind == call_kind::window);
  // Of the last tuple in canonical order: by upstream slice first.
  CHECK(letters.front().time == 7);
  // Five sensors in six epochs, but for the one. The sum itself is kept.
  CHECK(found.all_results().size() == 5 * 6 - 1);
}

TEST_CASE("a window that cannot fire becomes a dead letter, the others fire") {
  auto windows = GENERATE(true, false);
  auto compose = [&](std::int64_t refused) {
    return composed([&](auto keyed) {
      if (windows)
        return keyed.window(sliding(microseconds{20}, microseconds{10}))
          .aggregate("operator", choosy_sum{refused});
      return keyed.window(session(microseconds{4}))
        .aggregate("operator", choosy_sum{refused});
    });
  };
  // Of sensor 3: 43 + 48 + 53 + 58, in the window from 40 to 60; or a session
  // of 48 alone.
  auto found =
    run_everywhere<windowed_sum>(*compose(windows ? 202 : 48), readings_in(0));
  auto letters = found.all_letters();
  REQUIRE(letters.size() == 1);
  auto& letter = letters.front();
  CHECK(letter.as<std::uint32_t>() == 3);
  CHECK(letter.at.kind == call_kind::window);
  CHECK(letter.at.begin == (windows ? 40 : 48));
  CHECK(letter.at.end == (windows ? 60 : 52));
  CHECK(letter.time == letter.at.end - 1);
  CHECK_THAT(to_string(letter.at),
             Catch::Contains("window " + std::to_string(letter.at.begin)));

  fixture_options options;
  auto undisturbed =
    run_amid_failures<windowed_sum>(*compose(-1), options, readings_in(0));
  for (auto& each : undisturbed.results)
    std::erase_if(each.second, [&](auto& x) {
      return x.value.key == 3 && x.value.window.begin == letter.at.begin;
    });
  CHECK(found.results == undisturbed.results);
}

namespace {

/// Remembers readings until a timer for each, and cannot stand some then.
class late_judge : public keyed_operator<std::uint32_t, reading> {
public:
  void on(const reading&) {
    count.edit() += 1;
    set_timer(time() + 5);
  }

  void on_timer(event_time at) {
    emit({key(), count.edit()--});
    require_wholesome(static_cast<std::int32_t>(at - 5));
  }

private:
  value<std::int32_t> count{*this, "count"};
};

} // namespace

TEST_CASE("a timer that cannot fire becomes a dead letter, the others fire") {
  auto graph = composed(
    [](auto keyed) { return keyed.template process<late_judge>("operator"); });
  auto found = run_everywhere<reading>(*graph, readings_in(0));
  std::set<event_time> dead;
  for (auto& letter : found.all_letters()) {
    CHECK(letter.at.kind == call_kind::timer);
    CHECK(letter.at.begin == letter.time);
    CHECK(letter.as<std::uint32_t>() == (letter.time - 5) % 5);
    dead.insert(letter.time);
  }
  CHECK(dead == std::set<event_time>{22, 23, 72, 73, 122, 123});
  CHECK(found.all_results().size() == 120 - 6);
}

namespace {

using pair_of = std::pair<std::int32_t, std::int32_t>;

/// Joins readings with readings; the pair of equal poison is refused.
template <class Pair>
std::unique_ptr<topology> composed_join(Pair pair) {
  auto graph = std::make_unique<topology>("test", settings{});
  auto left = graph->source("left", fed_by_hand<reading>{});
  auto right = graph->source("right", fed_by_hand<reading>{});
  auto joined = pair(join(left.key_by(sensor_of), right.key_by(sensor_of)))
                  .apply("operator", [](const reading& a, const reading& b) {
                    if (a.value == b.value)
                      require_wholesome(a.value);
                    return pair_of{a.value, b.value};
                  });
  joined.sink("out", recorded<pair_of>{});
  joined.dead_letters().sink("dead", recorded<dead_letter>{});
  return graph;
}

/// Both sides get the same, but the right one only some of what is poison.
void play_join(operator_fixture& fixture) {
  auto& left = fixture.input<reading>(0, sensor_of);
  auto& right = fixture.input<reading>(1, sensor_of);
  for (std::int32_t n = 0; n < 80; ++n) {
    reading x{static_cast<std::uint32_t>(n % 5), n};
    left.send(static_cast<slice_id>(n % 4), {{n, x}});
    if (!is_poison(n) || n == 18)
      right.send(static_cast<slice_id>(n % 3), {{n, x}});
    if (n % 20 == 19)
      fixture.run(n - 10);
  }
  fixture.finish();
}

} // namespace

TEST_CASE("a join passes over the tuple with which a pair cannot be made") {
  auto graph = composed_join([](auto joined) {
    return joined.between(microseconds{-5}, microseconds{5});
  });
  auto found = run_everywhere<pair_of>(*graph, play_join);
  auto letters = found.all_letters();
  REQUIRE(letters.size() == 1);
  // The one that came second, and brought the pair about.
  CHECK(letters.front().as<reading>().value == 18);
  CHECK(letters.front().at.port == 1);
  auto results = found.all_results();
  CHECK(std::count(results.begin(), results.end(), pair_of{13, 18}) == 0);
  CHECK(std::count(results.begin(), results.end(), pair_of{18, 13}) == 1);
  CHECK(std::count(results.begin(), results.end(), pair_of{18, 23}) == 1);
}

TEST_CASE("a join in windows passes over the window in which a pair cannot be "
          "made") {
  auto graph = composed_join(
    [](auto joined) { return joined.window(tumbling(microseconds{20})); });
  auto found = run_everywhere<pair_of>(*graph, play_join);
  auto letters = found.all_letters();
  REQUIRE(letters.size() == 1);
  CHECK(letters.front().as<std::uint32_t>() == 3);
  CHECK(letters.front().at.begin == 0);
  CHECK(letters.front().at.end == 20);
  for (auto& [left, right] : found.all_results())
    CHECK_FALSE((left % 5 == 3 && left < 20));
}
