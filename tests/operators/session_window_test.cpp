// Session windows, alone and against naive models.
#include "tests/operators/readings.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <tuple>

using namespace braid;
using namespace braid::test;
using namespace std::chrono_literals;
using std::chrono::microseconds;

namespace {

using listed_session = windowed_value<std::uint32_t, std::string>;
using results_by_slice =
  std::map<slice_id, std::vector<emitted<listed_session>>>;

const auto list_value = [](std::string& list, const reading& x) {
  list += std::to_string(x.value) + ' ';
};

const auto append_list = [](std::string& list, const std::string& other) {
  list += other;
};

/// Sessions that list their values, in the order of coming and joining.
struct session_fixture {
  topology graph{"test", {}};

  session_fixture(event_time gap, event_time lateness) {
    auto sessions =
      graph.source("readings", fed_by_hand<reading>{})
        .key_by(sensor_of)
        .window(session(microseconds{gap}))
        .allowed_lateness(microseconds{lateness})
        .reduce("sessions", std::string{}, list_value, append_list);
    sessions.sink("results", recorded<listed_session>{});
    sessions.side<reading>("late").sink("late", recorded<reading>{});
  }

  operator_fixture run(fixture_options options = {{0}, {0}}) & {
    return {graph, "sessions", std::move(options)};
  }
};

/// Looks through all sessions for everything.
class session_model {
public:
  session_model(event_time gap, event_time lateness, std::uint32_t slices)
    : gap_(gap), lateness_(lateness), slices_(slices) {}

  void play(const scenario& epochs) {
    for (auto& epoch : epochs) {
      ++epoch_;
      for (auto& [upstream, tuples] : epoch.input)
        for (auto& tuple : tuples)
          take(tuple);
      fire(epoch.watermark);
      watermark_ = epoch.watermark;
      std::erase_if(kept_, [&](auto& x) { return is_gone(x.end); });
    }
  }

  results_by_slice results;
  std::map<slice_id, std::vector<emitted<reading>>> late;

private:
  struct kept_session {
    slice_id slice;
    event_time end;
    event_time begin;
    std::uint32_t sensor;
    std::string values;
    epoch_number changed;
  };

  bool is_gone(event_time end) const {
    return watermark_ >= end - 1
           && (watermark_ == end_of_time || watermark_ >= end - 1 + lateness_);
  }

  void take(const timed<reading>& tuple) {
    auto sensor = tuple.value.sensor;
    auto slice = slice_of(key_hash(sensor), slices_);
    kept_session all{slice, tuple.time + gap_, tuple.time, sensor, {}, epoch_};
    std::map<event_time, std::string> joined;
    auto touched = std::erase_if(kept_, [&](auto& x) {
      if (x.sensor != sensor || x.begin >= tuple.time + gap_
          || x.end <= tuple.time)
        return false;
      all.begin = std::min(all.begin, x.begin);
      all.end = std::max(all.end, x.end);
      joined[x.begin] = x.values;
      return true;
    });
    if (touched == 0 && is_gone(all.end)) {
      late[slice].push_back({epoch_, slice, tuple.time, tuple.value});
      return;
    }
    for (auto& [begin, values] : joined)
      all.values += values;
    list_value(all.values, tuple.value);
    kept_.push_back(all);
  }

  void fire(event_time watermark) {
    std::sort(kept_.begin(), kept_.end(), [](auto& a, auto& b) {
      return std::tie(a.slice, a.end, a.begin, a.sensor)
             < std::tie(b.slice, b.end, b.begin, b.sensor);
    });
    for (auto& x : kept_)
      if (x.end - 1 <= watermark
          && (x.end - 1 > watermark_ || x.changed == epoch_))
        results[x.slice].push_back(
          {epoch_, x.slice, x.end - 1, {x.sensor, {x.begin, x.end}, x.values}});
  }

  event_time gap_;
  event_time lateness_;
  std::uint32_t slices_;
  std::vector<kept_session> kept_;
  epoch_number epoch_ = 0;
  event_time watermark_ = beginning_of_time;
};

/// The sessions of all tuples at once, whatever their epochs: the begins and
/// ends of each sensor's.
std::set<std::tuple<std::uint32_t, event_time, event_time>>
clustered(const scenario& epochs, event_time gap) {
  std::map<std::uint32_t, std::vector<event_time>> times;
  for (auto& epoch : epochs)
    for (auto& [slice, tuples] : epoch.input)
      for (auto& tuple : tuples)
        times[tuple.value.sensor].push_back(tuple.time);
  std::set<std::tuple<std::uint32_t, event_time, event_time>> result;
  for (auto& [sensor, all] : times) {
    std::sort(all.begin(), all.end());
    auto begin = all.front();
    for (std::size_t i = 0; i < all.size(); ++i)
      if (i + 1 == all.size() || all[i + 1] - all[i] >= gap) {
        result.emplace(sensor, begin, all[i] + gap);
        begin = i + 1 == all.size() ? 0 : all[i + 1];
      }
  }
  return result;
}

std::vector<listed_session> fired(const operator_fixture& run) {
  return values_of(run.results<listed_session>("results"));
}

} // namespace

TEST_CASE("a session ends a gap behind its last tuple") {
  session_fixture test{10, 0};
  auto run = test.run();
  auto& in = run.input<reading>(0, sensor_of);
  in.send(0, {{0, {1, 1}}, {9, {1, 2}}, {19, {1, 3}}, {5, {2, 4}}});
  run.run(13);
  CHECK(fired(run).empty());
  run.run(18);
  std::vector<listed_session> expected{{2, {5, 15}, "4 "},
                                       {1, {0, 19}, "1 2 "}};
  CHECK(fired(run) == expected);
  run.finish();
  expected.push_back({1, {19, 29}, "3 "});
  CHECK(fired(run) == expected);
  CHECK(run.results<listed_session>("results").back().time == 28);
}

TEST_CASE("a tuple joins the two sessions that it bridges") {
  session_fixture test{10, 0};
  auto run = test.run();
  auto& in = run.input<reading>(0, sensor_of);
  in.send(0, {{30, {1, 3}}, {0, {1, 1}}, {15, {1, 2}}});
  run.run(-1);
  in.send(0, {{9, {1, 4}}, {24, {1, 5}}});
  run.finish();
  CHECK(fired(run) == std::vector<listed_session>{{1, {0, 40}, "1 2 4 3 5 "}});
}

TEST_CASE("a late tuple that changes a fired session fires it again, whole") {
  session_fixture test{10, 20};
  auto run = test.run();
  auto& in = run.input<reading>(0, sensor_of);
  in.send(0, {{0, {1, 1}}, {20, {1, 2}}});
  run.run(9);
  std::vector<listed_session> expected{{1, {0, 10}, "1 "}};
  CHECK(fired(run) == expected);
  // Widens the fired session; the result does not wait for the watermark.
  in.send(0, {{5, {1, 3}}});
  run.run(15);
  expected.push_back({1, {0, 15}, "1 3 "});
  CHECK(fired(run) == expected);
  // Bridges to one that has not fired: they wait for its end.
  in.send(0, {{12, {1, 4}}});
  run.run(20);
  CHECK(fired(run) == expected);
  run.run(29);
  expected.push_back({1, {0, 30}, "1 3 2 4 "});
  CHECK(fired(run) == expected);
  CHECK(run.results<reading>("late").empty());
}

TEST_CASE("a tuple whose session is gone is late") {
  session_fixture test{10, 5};
  auto run = test.run();
  auto& in = run.input<reading>(0, sensor_of);
  auto empty = run.saved(0);
  in.send(0, {{0, {1, 1}}});
  run.run(14);
  CHECK(run.saved(0) == empty);
  // Its own session would be gone, the second one's is not.
  in.send(0, {{0, {1, 2}}, {1, {1, 3}}});
  run.finish();
  CHECK(values_of(run.results<reading>("late"))
        == std::vector<reading>{{1, 2}});
  CHECK(fired(run)
        == std::vector<listed_session>{{1, {0, 10}, "1 "}, {1, {1, 11}, "3 "}});
}

TEST_CASE("sessions count, and a merged one counts all") {
  topology graph{"test", {}};
  graph.source("readings", fed_by_hand<reading>{})
    .key_by(sensor_of)
    .window(session(10us))
    .count("sessions")
    .sink("results", recorded<windowed_value<std::uint32_t, std::uint64_t>>{});
  operator_fixture run{graph, "sessions", {{0}, {0}}};
  run.input<reading>(0, sensor_of)
    .send(0, {{0, {7, 0}}, {12, {7, 0}}, {6, {7, 0}}});
  run.finish();
  CHECK(values_of(
          run.results<windowed_value<std::uint32_t, std::uint64_t>>("results"))
        == std::vector<windowed_value<std::uint32_t, std::uint64_t>>{
          {7, {0, 22}, 3}});
}

TEST_CASE("sessions fire by end, begin and key, whatever their history "
          "[counterexample 3]") {
  auto results = [](bool backwards, bool restored) {
    session_fixture test{10, 0};
    auto run = test.run({{0, 0}, {0}});
    std::vector<timed<reading>> tuples;
    for (std::uint32_t i = 0; i < 300; ++i)
      tuples.push_back({static_cast<event_time>(i % 3), {i * 7919 % 101, 1}});
    if (backwards)
      std::reverse(tuples.begin(), tuples.end());
    run.input<reading>(0, sensor_of).send(0, tuples);
    run.run(0);
    if (restored)
      run.rehost({1, 0});
    run.finish();
    return run.results_by_slice<listed_session>("results");
  };
  auto expected = results(false, false);
  CHECK(results(true, false) == expected);
  CHECK(results(false, true) == expected);
}

TEST_CASE("sessions agree with their model") {
  auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 80)));
  random_generator random{seed};
  auto gap = static_cast<event_time>(1 + random.below(12));
  auto lateness =
    random.below(2) == 0 ? 0 : static_cast<event_time>(random.below(40));
  scenario_options input;
  input.disorder = static_cast<event_time>(random.below(40));
  auto epochs = random_scenario(random, input);
  auto options = random_options(random, input.upstream_slices);
  auto slices = static_cast<std::uint32_t>(options.hosting.size());

  session_fixture test{gap, lateness};
  auto run = test.run(options);
  play(run, epochs, random, slices);
  session_model model{gap, lateness, slices};
  model.play(epochs);
  INFO("seed " << seed);
  CHECK(run.results_by_slice<listed_session>("results") == model.results);
  CHECK(run.results_by_slice<reading>("late") == model.late);
}

TEST_CASE("sessions of tuples in time are those of all tuples at once") {
  auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 30)));
  random_generator random{seed};
  auto gap = static_cast<event_time>(1 + random.below(9));
  scenario_options input;
  input.disorder = 8;
  auto epochs = random_scenario(random, input);
  // Watermarks lag by more than the disorder, so no tuple is late.
  for (auto& epoch : epochs)
    if (epoch.watermark != beginning_of_time && epoch.watermark != end_of_time)
      epoch.watermark -= input.disorder + 1;

  session_fixture test{gap, 0};
  auto run = test.run({{0}, slice_table(input.upstream_slices, 0)});
  play(run, epochs, random, 1);
  std::set<std::tuple<std::uint32_t, event_time, event_time>> found;
  for (auto& result : fired(run))
    CHECK(
      found.emplace(result.key, result.window.begin, result.window.end).second);
  CHECK(found == clustered(epochs, gap));
  CHECK(run.results<reading>("late").empty());
}
