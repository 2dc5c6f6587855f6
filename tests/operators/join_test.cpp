// Joins in windows and by distance in time, alone and against naive models.
#include "tests/operators/readings.hpp"

#include "operators/join.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <tuple>

using namespace braid;
using namespace braid::test;
using namespace std::chrono_literals;
using std::chrono::microseconds;

namespace {

/// Both values, left and right.
using pairs = std::vector<std::pair<std::int32_t, std::int32_t>>;
using pair_of = std::pair<std::int32_t, std::int32_t>;

const auto both_values = [](const reading& left, const reading& right) {
  return pair_of{left.value, right.value};
};

/// A topology that joins readings with readings.
struct join_fixture {
  topology graph{"test", {}};

  /// `pair(joined)` says which pairs.
  template <class Pair>
  explicit join_fixture(Pair pair) {
    auto left = graph.source("left", fed_by_hand<reading>{});
    auto right = graph.source("right", fed_by_hand<reading>{});
    auto joined = pair(join(left.key_by(sensor_of), right.key_by(sensor_of)))
                    .apply("join", both_values);
    joined.sink("results", recorded<pair_of>{});
    joined.template side<reading>("late_left")
      .sink("late_left", recorded<reading>{});
    joined.template side<reading>("late_right")
      .sink("late_right", recorded<reading>{});
  }

  operator_fixture run(fixture_options options = {{0}, {0}}) & {
    return {graph, "join", std::move(options)};
  }
};

auto in_windows_of(event_time size, event_time slide) {
  return [=](auto joined) {
    return joined.window(sliding(microseconds{size}, microseconds{slide}));
  };
}

auto between(event_time lower, event_time upper) {
  return [=](auto joined) {
    return joined.between(microseconds{lower}, microseconds{upper});
  };
}

void send(operator_fixture& run, std::size_t side,
          const std::vector<timed<reading>>& tuples) {
  run.input<reading>(side, sensor_of).send(0, tuples);
}

pairs joined(const operator_fixture& run) {
  return values_of(run.results<pair_of>("results"));
}

/// A tuple as it came to the join.
struct arrival {
  epoch_number epoch;
  event_time time;
  reading value;
  slice_id slice;
};

struct model_output {
  std::map<slice_id, std::vector<emitted<pair_of>>> results;
  std::map<slice_id, std::vector<emitted<reading>>> late[2];
};

/// Plays both sides into `run` and sorts out which tuples `is_late`.
template <class IsLate>
std::vector<arrival> arrivals_of(const scenario& epochs, int side,
                                 std::uint32_t slices, model_output& model,
                                 IsLate is_late) {
  std::vector<arrival> result;
  epoch_number number = 0;
  auto before = beginning_of_time;
  for (auto& epoch : epochs) {
    ++number;
    for (auto& [upstream, tuples] : epoch.input)
      for (auto& [time, value] : tuples) {
        auto slice = slice_of(key_hash(value.sensor), slices);
        if (is_late(time, before))
          model.late[side][slice].push_back({number, slice, time, value});
        else
          result.push_back({number, time, value, slice});
      }
    before = epoch.watermark;
  }
  return result;
}

/// Two streams with the same epochs and watermarks.
struct two_scenarios {
  scenario left;
  scenario right;

  two_scenarios(random_generator& random, const scenario_options& input)
    : left(random_scenario(random, input)),
      right(random_scenario(random, input)) {
    for (std::size_t i = 0; i < left.size(); ++i)
      right[i].watermark = left[i].watermark;
  }

  /// Makes event time pass so many times faster.
  void stretch(event_time factor) {
    for (auto* side : {&left, &right})
      for (auto& epoch : *side) {
        for (auto& [slice, tuples] : epoch.input)
          for (auto& tuple : tuples)
            tuple.time *= factor;
        if (epoch.watermark != beginning_of_time
            && epoch.watermark != end_of_time)
          epoch.watermark *= factor;
      }
  }
};

void play_both(operator_fixture& run, const two_scenarios& epochs,
               random_generator& random, std::uint32_t slices) {
  for (std::size_t i = 0; i < epochs.left.size(); ++i) {
    for (auto& [slice, tuples] : epochs.left[i].input)
      run.input<reading>(0, sensor_of).send(slice, tuples);
    for (auto& [slice, tuples] : epochs.right[i].input)
      run.input<reading>(1, sensor_of).send(slice, tuples);
    auto watermark = epochs.left[i].watermark;
    run.run(watermark, watermark == end_of_time);
    if (random.below(8) == 0)
      run.rehost(random_hosting(
        random, slices,
        std::min(slices, static_cast<std::uint32_t>(1 + random.below(3)))));
  }
}

void check_equal(const operator_fixture& run, const model_output& model) {
  CHECK(run.results_by_slice<pair_of>("results") == model.results);
  CHECK(run.results_by_slice<reading>("late_left") == model.late[0]);
  CHECK(run.results_by_slice<reading>("late_right") == model.late[1]);
}

/// All pairs of all windows, sorted into the epoch in which each fires.
void fire_windows(model_output& model, const std::vector<arrival> (&sides)[2],
                  const scenario& epochs, event_time size, event_time slide) {
  auto before = beginning_of_time;
  for (epoch_number epoch = 1; epoch <= epochs.size(); ++epoch) {
    auto after = epochs[epoch - 1].watermark;
    // End, sensor, left arrival, right arrival.
    std::map<std::tuple<event_time, std::uint32_t, std::size_t, std::size_t>,
             std::pair<slice_id, pair_of>>
      fired;
    for (std::size_t l = 0; l < sides[0].size(); ++l)
      for (std::size_t r = 0; r < sides[1].size(); ++r) {
        auto& [left_epoch, left_time, left, slice] = sides[0][l];
        auto& [right_epoch, right_time, right, right_slice] = sides[1][r];
        if (left.sensor != right.sensor || left_epoch > epoch
            || right_epoch > epoch)
          continue;
        for (auto end = left_time + 1; end <= left_time + size; ++end)
          if ((end - size) % slide == 0 && end - size <= right_time
              && right_time < end && before < end - 1 && end - 1 <= after)
            fired[{end, left.sensor, l, r}] = {slice, both_values(left, right)};
      }
    for (auto& [at, result] : fired)
      model.results[result.first].push_back(
        {epoch, result.first, std::get<0>(at) - 1, result.second});
    before = after;
  }
}

/// Each tuple in the order of arrival, with what came before it on the other
/// side, by time.
void join_intervals(model_output& model, const std::vector<arrival> (&sides)[2],
                    std::size_t epochs, event_time lower, event_time upper) {
  auto matches = [&](const arrival& left, const arrival& right) {
    return left.value.sensor == right.value.sensor
           && left.time + lower <= right.time
           && right.time <= left.time + upper;
  };
  auto emit = [&](const arrival& left, const arrival& right,
                  epoch_number epoch) {
    model.results[left.slice].push_back({epoch, left.slice,
                                         std::max(left.time, right.time),
                                         both_values(left.value, right.value)});
  };
  for (epoch_number epoch = 1; epoch <= epochs; ++epoch)
    for (auto side : {0, 1})
      for (auto& tuple : sides[side]) {
        if (tuple.epoch != epoch)
          continue;
        // What came before: right tuples of this epoch come after left ones.
        std::multimap<event_time, const arrival*> others;
        for (auto& other : sides[1 - side])
          if (other.epoch < epoch || (other.epoch == epoch && side == 1))
            others.emplace(other.time, &other);
        for (auto& [time, other] : others) {
          auto& left = side == 0 ? tuple : *other;
          auto& right = side == 0 ? *other : tuple;
          if (matches(left, right))
            emit(left, right, epoch);
        }
      }
}

} // namespace

TEST_CASE("a window join pairs all of a window, left then right arrival") {
  join_fixture test{in_windows_of(10, 10)};
  auto run = test.run();
  send(run, 1, {{9, {1, 11}}, {0, {1, 12}}, {10, {1, 13}}, {3, {2, 14}}});
  send(run, 0, {{5, {1, 1}}});
  run.run(4);
  send(run, 0, {{4, {1, 2}}, {5, {1, 3}}, {5, {3, 4}}});
  run.run(8);
  CHECK(joined(run).empty());
  run.run(9);
  // The first left tuple of the second epoch is late, though in the window.
  CHECK(joined(run)
        == pairs{{1, 11}, {1, 12}, {2, 11}, {2, 12}, {3, 11}, {3, 12}});
  CHECK(run.results<pair_of>("results").front().time == 9);
  run.finish();
  CHECK(joined(run).size() == 6);
}

TEST_CASE("a window join in sliding windows pairs once a window") {
  join_fixture test{in_windows_of(10, 5)};
  auto run = test.run();
  send(run, 0, {{7, {1, 2}}, {3, {1, 1}}});
  send(run, 1, {{8, {1, 3}}});
  run.finish();
  // [0, 10) has both left tuples, in the order of arrival; [5, 15) has one.
  CHECK(joined(run) == pairs{{2, 3}, {1, 3}, {2, 3}});
}

TEST_CASE("tuples too late for a window join go to the side of their side") {
  join_fixture test{in_windows_of(10, 10)};
  auto run = test.run();
  run.run(9);
  send(run, 0, {{9, {1, 1}}, {10, {1, 2}}});
  send(run, 1, {{8, {1, 3}}});
  run.finish();
  CHECK(joined(run).empty());
  CHECK(values_of(run.results<reading>("late_left"))
        == std::vector<reading>{{1, 1}});
  CHECK(values_of(run.results<reading>("late_right"))
        == std::vector<reading>{{1, 3}});
}

TEST_CASE("an interval join pairs on arrival, bounds included") {
  join_fixture test{between(-2, 5)};
  auto run = test.run();
  send(run, 0, {{10, {1, 1}}, {10, {2, 9}}});
  send(run, 1, {{7, {1, 2}}, {8, {1, 3}}, {15, {1, 4}}, {16, {1, 5}}});
  run.run(0);
  CHECK(joined(run) == pairs{{1, 3}, {1, 4}});
  CHECK(run.results<pair_of>("results")[0].time == 10);
  CHECK(run.results<pair_of>("results")[1].time == 15);
  // Later: with all that came before it, by time.
  send(run, 0, {{10, {1, 6}}});
  run.run(0);
  CHECK(joined(run) == pairs{{1, 3}, {1, 4}, {6, 3}, {6, 4}});
}

TEST_CASE("tuples older than the watermark are too late for an interval join") {
  join_fixture test{between(-10, 10)};
  auto run = test.run();
  run.run(5);
  send(run, 0, {{4, {1, 1}}, {5, {1, 2}}});
  send(run, 1, {{4, {1, 3}}, {6, {1, 4}}});
  run.run(7);
  CHECK(joined(run) == pairs{{2, 4}});
  CHECK(values_of(run.results<reading>("late_left"))
        == std::vector<reading>{{1, 1}});
  CHECK(values_of(run.results<reading>("late_right"))
        == std::vector<reading>{{1, 3}});
}

TEST_CASE("joins keep nothing that cannot be joined any more") {
  auto by_window = GENERATE(true, false);
  constexpr event_time second = 1'000'000;
  auto test = by_window
                ? std::make_unique<join_fixture>(in_windows_of(second, second))
                : std::make_unique<join_fixture>(between(-second, second));
  auto run = test->run();
  auto tuples = [&](event_time time) {
    for (std::uint32_t i = 0; i < 100; ++i) {
      send(run, 0, {{time, {i, 1}}});
      send(run, 1, {{time, {i, 2}}});
    }
  };
  auto empty = run.saved(0).size();
  std::size_t most = 0;
  for (event_time time = 0; time < 40 * second; time += second / 4) {
    tuples(time);
    run.run(time - 1);
    most = std::max(most, run.saved(0).size());
  }
  // Never more than some seconds' worth.
  CHECK(most < 200 * 40 * 8 * 4);
  run.finish();
  CHECK(run.saved(0).size() == empty);
}

TEST_CASE("two streams of different types are joined by one type of key") {
  topology graph{"test", {}};
  auto readings = graph.source("readings", fed_by_hand<reading>{});
  auto names =
    graph.source("names", fed_by_hand<std::pair<std::uint32_t, std::string>>{});
  auto first = [](const std::pair<std::uint32_t, std::string>& x) {
    return x.first;
  };
  join(readings.key_by(sensor_of), names.key_by(first))
    .between(-1s, 1s)
    .apply("join",
           [](const reading& x, const auto& y) {
             return y.second + '=' + std::to_string(x.value);
           })
    .sink("results", recorded<std::string>{});
  operator_fixture run{graph, "join", {{0, 0}, {0}, true}};
  run.input<reading>(0, sensor_of).send(0, {{0, {1, 20}}, {0, {2, 30}}});
  run.run(-1);
  run.input<std::pair<std::uint32_t, std::string>>(1, first).send(
    0, {{5, {2, "roof"}}, {6, {3, "cellar"}}});
  run.finish();
  CHECK(values_of(run.results<std::string>("results"))
        == std::vector<std::string>{"roof=30"});
}

TEST_CASE("bounds in the wrong order are refused") {
  CHECK_THROWS_WITH(time_interval(1us, -1us),
                    Catch::StartsWith("a join between 1 us and -1 us; give the "
                                      "lower bound first"));
}

TEST_CASE("window joins agree with their model") {
  auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 40)));
  random_generator random{seed};
  auto size = static_cast<event_time>(1 + random.below(15));
  auto slide =
    static_cast<event_time>(1 + random.below(static_cast<std::uint64_t>(size)));
  scenario_options input;
  input.disorder = static_cast<event_time>(random.below(30));
  input.epochs = 15;
  two_scenarios epochs{random, input};
  auto options = random_options(random, input.upstream_slices);
  auto slices = static_cast<std::uint32_t>(options.hosting.size());
  join_fixture test{in_windows_of(size, slide)};
  auto run = test.run(options);
  play_both(run, epochs, random, slices);

  model_output model;
  auto is_late = [&](event_time time, event_time watermark) {
    // The last window of the tuple begins at the last multiple of the slide.
    auto begin = time;
    while (begin % slide != 0)
      --begin;
    return begin + size - 1 <= watermark;
  };
  std::vector<arrival> sides[2] = {
    arrivals_of(epochs.left, 0, slices, model, is_late),
    arrivals_of(epochs.right, 1, slices, model, is_late)};
  fire_windows(model, sides, epochs.left, size, slide);
  INFO("seed " << seed);
  check_equal(run, model);
}

TEST_CASE("interval joins agree with their model") {
  auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 40)));
  random_generator random{seed};
  // In steps of a fifth of a second, so that state is swept meanwhile.
  constexpr event_time step = 200'000;
  auto lower = (static_cast<event_time>(random.below(20)) - 12) * step;
  auto upper = lower + static_cast<event_time>(random.below(15)) * step;
  scenario_options input;
  input.disorder = static_cast<event_time>(random.below(30));
  input.epochs = 20;
  two_scenarios epochs{random, input};
  epochs.stretch(step);
  auto options = random_options(random, input.upstream_slices);
  auto slices = static_cast<std::uint32_t>(options.hosting.size());
  join_fixture test{between(lower, upper)};
  auto run = test.run(options);
  play_both(run, epochs, random, slices);

  model_output model;
  auto is_late = [](event_time time, event_time watermark) {
    return time < watermark;
  };
  std::vector<arrival> sides[2] = {
    arrivals_of(epochs.left, 0, slices, model, is_late),
    arrivals_of(epochs.right, 1, slices, model, is_late)};
  join_intervals(model, sides, epochs.left.size(), lower, upper);
  INFO("seed " << seed);
  check_equal(run, model);
}
