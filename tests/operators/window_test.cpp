// Tumbling and sliding windows, alone and against a naive model.
#include "tests/operators/readings.hpp"

#include "operators/window.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <tuple>

using namespace braid;
using namespace braid::test;
using namespace std::chrono_literals;
using std::chrono::microseconds;

namespace {

template <class Value>
using windowed = windowed_value<std::uint32_t, Value>;

/// Writes down every value, in the order in which they came.
const auto list_values = [](std::string& list, const reading& x) {
  list += std::to_string(x.value) + ' ';
};

/// Knows how to merge, so that sliding windows share panes.
struct sum_and_count {
  struct accumulator {
    std::int64_t sum;
    std::int64_t count;
  };

  void add(accumulator& into, const reading& x) const {
    into.sum += x.value;
    ++into.count;
  }

  void merge(accumulator& into, const accumulator& other) const {
    into.sum += other.sum;
    into.count += other.count;
  }

  std::string result(const accumulator& x) const {
    return std::to_string(x.sum) + " of " + std::to_string(x.count);
  }
};

/// Windows of strings, the way sensible people would not program them: every
/// window is searched for, and holds all its values.
class window_model {
public:
  using values = std::vector<std::int32_t>;
  using output =
    std::map<slice_id, std::vector<emitted<windowed<std::string>>>>;

  struct layout {
    event_time size;
    event_time slide;
    event_time offset;
    event_time lateness;
  };

  window_model(layout windows, std::uint32_t slices,
               std::string (*result)(const values&))
    : windows_(windows), slices_(slices), result_(result) {}

  void play(const scenario& epochs) {
    for (auto& epoch : epochs) {
      ++epoch_;
      changed_.clear();
      for (auto& [slice, tuples] : epoch.input)
        for (auto& tuple : tuples)
          take(tuple);
      fire(epoch.watermark);
      watermark_ = epoch.watermark;
      std::erase_if(kept_, [&](auto& x) {
        return is_gone(std::get<1>(x.first), watermark_);
      });
    }
  }

  output results;
  std::map<slice_id, std::vector<emitted<reading>>> late;

private:
  /// Slice, end, begin, sensor: the order of firing.
  using place = std::tuple<slice_id, event_time, event_time, std::uint32_t>;

  bool is_gone(event_time end, event_time watermark) const {
    return watermark >= end - 1
           && (watermark == end_of_time
               || watermark >= end - 1 + windows_.lateness);
  }

  void take(const timed<reading>& tuple) {
    auto slice = slice_of(key_hash(tuple.value.sensor), slices_);
    auto too_late = true;
    for (auto begin = tuple.time - windows_.size + 1; begin <= tuple.time;
         ++begin) {
      auto end = begin + windows_.size;
      if ((begin - windows_.offset) % windows_.slide != 0
          || is_gone(end, watermark_))
        continue;
      too_late = false;
      place at{slice, end, begin, tuple.value.sensor};
      kept_[at].push_back(tuple.value.value);
      if (end - 1 <= watermark_)
        changed_.insert(at);
    }
    if (too_late)
      late[slice].push_back({epoch_, slice, tuple.time, tuple.value});
  }

  void fire(event_time watermark) {
    for (auto& [at, all] : kept_) {
      auto& [slice, end, begin, sensor] = at;
      if ((watermark_ < end - 1 && end - 1 <= watermark)
          || changed_.contains(at))
        results[slice].push_back(
          {epoch_, slice, end - 1, {sensor, {begin, end}, result_(all)}});
    }
  }

  layout windows_;
  std::uint32_t slices_;
  std::string (*result_)(const values&);
  std::map<place, values> kept_;
  std::set<place> changed_;
  epoch_number epoch_ = 0;
  event_time watermark_ = beginning_of_time;
};

std::string listed(const window_model::values& all) {
  std::string result;
  for (auto value : all)
    list_values(result, {0, value});
  return result;
}

std::string summed(const window_model::values& all) {
  sum_and_count::accumulator sum{};
  for (auto value : all)
    sum_and_count{}.add(sum, {0, value});
  return sum_and_count{}.result(sum);
}

/// A topology of readings, `window`ed by a test, and its operator at work.
struct window_fixture {
  topology graph{"test", {}};
  stream<reading> source = graph.source("readings", fed_by_hand<reading>{});

  template <class Result>
  void end(const stream<Result>& results) {
    results.sink("results", recorded<Result>{});
    results.template side<reading>("late").sink("late", recorded<reading>{});
  }
};

/// Plays random readings into windows and the model of them.
template <class Shape, class Aggregate>
void compare(std::uint64_t seed, Shape shape, window_model::layout windows,
             Aggregate&& aggregate,
             std::string (*result)(const window_model::values&)) {
  random_generator random{seed};
  scenario_options input;
  input.disorder = static_cast<event_time>(random.below(40));
  auto epochs = random_scenario(random, input);
  auto options = random_options(random, input.upstream_slices);
  auto slices = static_cast<std::uint32_t>(options.hosting.size());

  window_fixture test;
  test.end(
    aggregate(test.source.key_by(sensor_of).window(shape).allowed_lateness(
      microseconds{windows.lateness})));
  operator_fixture run{test.graph, "windows", options};
  play(run, epochs, random, slices);

  window_model model{windows, slices, result};
  model.play(epochs);
  INFO("seed " << seed);
  CHECK(run.results_by_slice<windowed<std::string>>("results")
        == model.results);
  CHECK(run.results_by_slice<reading>("late") == model.late);
}

event_time pick(random_generator& random, event_time least, event_time most) {
  return least
         + static_cast<event_time>(
           random.below(static_cast<std::uint64_t>(most - least + 1)));
}

} // namespace

TEST_CASE("a window lies where 1970 and its offset say, also before 1970") {
  tumbling ten{10us};
  CHECK(ten.first_of(0) == 0);
  CHECK(ten.first_of(9) == 0);
  CHECK(ten.first_of(10) == 10);
  CHECK(ten.first_of(-1) == -10);
  CHECK(ten.first_of(-10) == -10);
  CHECK(ten.first_of(-11) == -20);
  CHECK(tumbling(10us, 3us).first_of(2) == -7);
  CHECK(tumbling(10us, 13us).first_of(3) == 3);
  CHECK(tumbling(10us, -7us).first_of(12) == 3);
}

TEST_CASE("a tuple lies in all sliding windows around it") {
  sliding windows{10us, 4us};
  CHECK(windows.pane() == 2);
  CHECK(windows.first_of(9) == 0);
  CHECK(windows.last_of(9) == 8);
  CHECK(windows.first_of(-1) == -8);
  CHECK(windows.last_of(-1) == -4);
  CHECK(windows.pane_of(-1) == -2);
}

TEST_CASE("impossible windows are refused with a reason") {
  CHECK_THROWS_WITH(tumbling(0us),
                    Catch::StartsWith("a window size of 0 us; give it at least "
                                      "1 us and at most"));
  CHECK_THROWS_AS(tumbling(-1s), topology_error);
  CHECK_THROWS_AS(session(0us), topology_error);
  CHECK_THROWS_AS(sliding(10s, 0us), topology_error);
  CHECK_THROWS_WITH(sliding(2us, 3us),
                    "windows of 2 us that slide by 3 us leave gaps; slide by "
                    "at most their size");
  CHECK_THROWS_AS(window_lifetime{-1us}, topology_error);
}

TEST_CASE("windows fire once the watermark has reached their last instant") {
  window_fixture test;
  test.end(
    test.source.key_by(sensor_of).window(tumbling(10us)).count("windows"));
  operator_fixture run{test.graph, "windows", {{0}, {0}}};
  auto& in = run.input<reading>(0, sensor_of);
  in.send(0, {{3, {1, 0}}, {9, {1, 0}}, {10, {1, 0}}, {4, {2, 0}}});
  run.run(8);
  CHECK(run.results<windowed<std::uint64_t>>("results").empty());
  run.run(9);
  using result = emitted<windowed<std::uint64_t>>;
  std::vector<result> expected{{2, 0, 9, {1, {0, 10}, 2}},
                               {2, 0, 9, {2, {0, 10}, 1}}};
  CHECK(run.results<windowed<std::uint64_t>>("results") == expected);
  run.finish();
  expected.push_back({3, 0, 19, {1, {10, 20}, 1}});
  CHECK(run.results<windowed<std::uint64_t>>("results") == expected);
}

TEST_CASE("lateness is judged by the watermark of the epoch before "
          "[counterexample 12]") {
  window_fixture test;
  test.end(
    test.source.key_by(sensor_of).window(tumbling(10us)).count("windows"));
  operator_fixture run{test.graph, "windows", {{0}, {0}}};
  auto& in = run.input<reading>(0, sensor_of);
  run.run(8);
  // In this epoch the watermark passes the window, whose tuple is on time.
  in.send(0, {{50, {1, 0}}, {5, {1, 0}}});
  run.run(30);
  CHECK(run.results<windowed<std::uint64_t>>("results").size() == 1);
  CHECK(run.results<reading>("late").empty());
  in.send(0, {{5, {1, 0}}, {29, {1, 0}}, {30, {1, 7}}});
  run.run(30);
  std::vector<emitted<reading>> late{{3, 0, 5, {1, 0}}, {3, 0, 29, {1, 0}}};
  CHECK(run.results<reading>("late") == late);
}

TEST_CASE("a late tuple within the allowed lateness fires its window again") {
  window_fixture test;
  test.end(test.source.key_by(sensor_of)
             .window(tumbling(10us))
             .allowed_lateness(5us)
             .count("windows"));
  operator_fixture run{test.graph, "windows", {{0}, {0}}};
  auto& in = run.input<reading>(0, sensor_of);
  in.send(0, {{1, {1, 0}}, {2, {2, 0}}});
  run.run(9);
  // Two tuples, but once an epoch; the other key's window did not change.
  in.send(0, {{3, {1, 0}}, {4, {1, 0}}});
  run.run(13);
  in.send(0, {{5, {3, 0}}});
  run.run(14);
  in.send(0, {{6, {3, 0}}});
  run.run(15);
  std::vector<windowed<std::uint64_t>> expected{
    {1, {0, 10}, 1}, {2, {0, 10}, 1}, {1, {0, 10}, 3}, {3, {0, 10}, 1}};
  CHECK(values_of(run.results<windowed<std::uint64_t>>("results")) == expected);
  CHECK(run.results<reading>("late").size() == 1);
}

TEST_CASE("a tuple too late for some sliding windows still enters the others") {
  auto sum = [](std::int32_t& total, const reading& x) { total += x.value; };
  auto add = [](std::int32_t& total, std::int32_t more) { total += more; };
  auto by_pane = GENERATE(false, true);
  window_fixture test;
  auto windows = test.source.key_by(sensor_of).window(sliding(10us, 5us));
  test.end(by_pane ? windows.reduce("windows", 0, sum, add)
                   : windows.reduce("windows", 0, sum));
  operator_fixture run{test.graph, "windows", {{0}, {0}}};
  auto& in = run.input<reading>(0, sensor_of);
  in.send(0, {{6, {1, 1}}});
  run.run(9);
  // Too late for [0, 10), in time for [5, 15).
  in.send(0, {{7, {1, 20}}});
  run.run(9);
  in.send(0, {{4, {1, 300}}});
  run.finish();
  std::vector<windowed<std::int32_t>> expected{{1, {0, 10}, 1},
                                               {1, {5, 15}, 21}};
  CHECK(values_of(run.results<windowed<std::int32_t>>("results")) == expected);
  CHECK(values_of(run.results<reading>("late"))
        == std::vector<reading>{{1, 300}});
}

TEST_CASE("the order of firing follows contents, not their history "
          "[counterexample 3]") {
  window_fixture test;
  test.end(
    test.source.key_by(sensor_of).window(sliding(20us, 10us)).count("windows"));
  std::vector<timed<reading>> tuples;
  for (std::uint32_t i = 0; i < 500; ++i)
    tuples.push_back({static_cast<event_time>(i % 40), {i * 7919 % 251, 0}});
  auto results = [&](bool backwards, bool restored) {
    operator_fixture run{test.graph, "windows", {{0, 0}, {0}}};
    auto& in = run.input<reading>(0, sensor_of);
    auto input = tuples;
    if (backwards)
      std::reverse(input.begin(), input.end());
    in.send(0, input);
    run.run(-50);
    if (restored)
      run.rehost({1, 0});
    run.run(15);
    run.finish();
    return run.results_by_slice<windowed<std::uint64_t>>("results");
  };
  auto expected = results(false, false);
  CHECK(expected.size() == 2);
  CHECK(results(true, false) == expected);
  CHECK(results(false, true) == expected);
  auto before = [](auto& a, auto& b) {
    return std::tuple{a.value.window.end, a.value.key}
           < std::tuple{b.value.window.end, b.value.key};
  };
  for (auto& [slice, fired] : expected)
    CHECK(std::is_sorted(fired.begin(), fired.end(), before));
}

TEST_CASE("each slice takes its input and fires before the next "
          "[counterexample 1]") {
  window_fixture test;
  auto windows =
    test.source.key_by(sensor_of).window(tumbling(10us)).count("windows");
  test.end(windows);
  auto run_on = [&](slice_table hosting) {
    operator_fixture run{test.graph, "windows", {std::move(hosting), {0}}};
    auto& in = run.input<reading>(0, sensor_of);
    for (std::uint32_t i = 0; i < 40; ++i)
      in.send(0, {{5, {i, 0}}});
    run.run(20);
    return run.results<windowed<std::uint64_t>>("results");
  };
  // Slices ascend on one partition, and so they do on two one after the other.
  CHECK(run_on({0, 0, 0, 0}) == run_on({0, 0, 1, 1}));
}

TEST_CASE("times beyond all bounds lie in the outermost windows") {
  window_fixture test;
  test.end(test.source.key_by(sensor_of)
             .window(sliding(10s, 3s))
             .allowed_lateness(microseconds{longest_window})
             .count("windows"));
  operator_fixture run{test.graph, "windows", {{0}, {0}}};
  auto& in = run.input<reading>(0, sensor_of);
  in.send(0, {{beginning_of_time, {1, 0}}, {end_of_time, {1, 0}}});
  run.run(beginning_of_time);
  run.run(0);
  run.finish();
  in.send(0, {{0, {1, 0}}});
  run.finish();
  auto results = run.results<windowed<std::uint64_t>>("results");
  REQUIRE(results.size() >= 2);
  CHECK(results.front().value.window.begin <= earliest_in_window);
  CHECK(results.back().value.window.end > latest_in_window);
  CHECK(run.results<reading>("late").size() == 1);
}

TEST_CASE("nothing is kept of windows that are gone") {
  window_fixture test;
  test.end(test.source.key_by(sensor_of)
             .window(sliding(10us, 2us))
             .allowed_lateness(4us)
             .count("windows"));
  operator_fixture run{test.graph, "windows", {{0}, {0}}};
  auto empty = run.saved(0);
  run.input<reading>(0, sensor_of).send(0, {{1, {1, 0}}, {0, {2, 0}}});
  run.run(12);
  CHECK(!(run.saved(0) == empty));
  run.run(13);
  CHECK(run.saved(0) == empty);
}

TEST_CASE("tumbling windows agree with their model") {
  auto seed = GENERATE(range(0, 60));
  random_generator random{static_cast<std::uint64_t>(seed)};
  auto size = pick(random, 1, 25);
  auto offset = pick(random, -30, 30);
  auto lateness = random.below(2) == 0 ? 0 : pick(random, 1, 40);
  compare(
    static_cast<std::uint64_t>(seed),
    tumbling(microseconds{size}, microseconds{offset}),
    {size, size, offset, lateness},
    [](auto windows) {
      return windows.reduce("windows", std::string{}, list_values);
    },
    listed);
}

TEST_CASE("sliding windows agree with their model") {
  auto seed = GENERATE(range(0, 60));
  auto by_pane = GENERATE(false, true);
  random_generator random{static_cast<std::uint64_t>(seed)};
  auto size = pick(random, 1, 25);
  auto slide = pick(random, 1, size);
  auto offset = pick(random, -30, 30);
  auto lateness = random.below(2) == 0 ? 0 : pick(random, 1, 40);
  sliding shape{microseconds{size}, microseconds{slide}, microseconds{offset}};
  window_model::layout layout{size, slide, offset, lateness};
  if (by_pane)
    compare(
      static_cast<std::uint64_t>(seed), shape, layout,
      [](auto windows) {
        return windows.aggregate("windows", sum_and_count{});
      },
      summed);
  else
    compare(
      static_cast<std::uint64_t>(seed), shape, layout,
      [](auto windows) {
        return windows.reduce("windows", std::string{}, list_values);
      },
      listed);
}
