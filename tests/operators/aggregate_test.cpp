// Running aggregates: what they emit, when, and in which order.
#include "tests/operators/readings.hpp"

#include "operators/aggregate.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>

using namespace braid;
using namespace braid::test;

namespace {

using total = keyed_value<std::uint32_t, std::string>;
using totals_by_slice = std::map<slice_id, std::vector<emitted<total>>>;

const auto list_value = [](std::string& list, const reading& x) {
  list += std::to_string(x.value) + ' ';
};

/// A topology that lists each sensor's values.
struct list_fixture {
  topology graph{"test", {}};

  explicit list_fixture(emit when) {
    graph.source("readings", fed_by_hand<reading>{})
      .key_by(sensor_of)
      .reduce("lists", std::string{"> "}, list_value, when)
      .sink("results", recorded<total>{});
  }

  operator_fixture run(fixture_options options = {{0}, {0}}) & {
    return {graph, "lists", std::move(options)};
  }
};

/// What the three policies emit, from a plain map.
totals_by_slice model(const scenario& epochs, emit when, std::uint32_t slices) {
  totals_by_slice result;
  std::map<std::uint32_t, std::string> lists;
  epoch_number number = 0;
  for (auto& epoch : epochs) {
    ++number;
    auto emit_one = [&](std::uint32_t sensor, event_time time) {
      auto slice = slice_of(key_hash(sensor), slices);
      result[slice].push_back({number, slice, time, {sensor, lists[sensor]}});
    };
    std::map<std::uint32_t, event_time> changed;
    for (auto& [upstream, tuples] : epoch.input)
      for (auto& [time, value] : tuples) {
        auto& list = lists.try_emplace(value.sensor, "> ").first->second;
        list_value(list, value);
        changed[value.sensor] = time;
        if (when == emit::each_update)
          emit_one(value.sensor, time);
      }
    if (when == emit::each_epoch)
      for (auto& [sensor, time] : changed)
        emit_one(sensor, time);
    if (when == emit::at_end && number == epochs.size())
      for (auto& [sensor, list] : lists)
        emit_one(sensor, static_cast<event_time>(number) * 1000);
  }
  return result;
}

/// Counts, and objects to one value.
struct count_all_but {
  using accumulator = std::uint64_t;

  std::int32_t refused;

  void add(accumulator& into, const reading& x) const {
    if (x.value == refused)
      throw std::invalid_argument{"no such value"};
    ++into;
  }

  double result(const accumulator& x) const {
    return static_cast<double>(x);
  }
};

} // namespace

TEST_CASE("each_update emits whenever a tuple changed a key's value") {
  list_fixture test{emit::each_update};
  auto run = test.run();
  run.input<reading>(0, sensor_of)
    .send(0, {{5, {1, 1}}, {7, {2, 2}}, {6, {1, 3}}});
  run.run(0);
  CHECK(run.results<total>("results")
        == std::vector<emitted<total>>{{1, 0, 5, {1, "> 1 "}},
                                       {1, 0, 7, {2, "> 2 "}},
                                       {1, 0, 6, {1, "> 1 3 "}}});
}

TEST_CASE("each_epoch emits a changed key once, by key, with its last time") {
  list_fixture test{emit::each_epoch};
  auto run = test.run();
  auto& in = run.input<reading>(0, sensor_of);
  in.send(0, {{5, {2, 1}}, {7, {1, 2}}, {6, {2, 3}}});
  run.run(0);
  in.send(0, {{8, {1, 4}}});
  run.run(0);
  run.run(0);
  CHECK(run.results<total>("results")
        == std::vector<emitted<total>>{{1, 0, 7, {1, "> 2 "}},
                                       {1, 0, 6, {2, "> 1 3 "}},
                                       {2, 0, 8, {1, "> 2 4 "}}});
}

TEST_CASE("at_end emits every key once the stream has ended") {
  list_fixture test{emit::at_end};
  auto run = test.run();
  run.input<reading>(0, sensor_of).send(0, {{5, {2, 1}}, {7, {1, 2}}});
  run.run(0);
  run.run(100);
  CHECK(run.results<total>("results").empty());
  run.finish();
  CHECK(values_of(run.results<total>("results"))
        == std::vector<total>{{1, "> 2 "}, {2, "> 1 "}});
}

TEST_CASE("an aggregate emits the same whatever order its input arrived in "
          "[counterexample 5]") {
  auto when = GENERATE(emit::each_update, emit::each_epoch, emit::at_end);
  list_fixture test{when};
  auto results = [&](slice_table upstream) {
    auto run = test.run({{0, 0, 0}, std::move(upstream)});
    auto& in = run.input<reading>(0, sensor_of);
    for (slice_id slice = 0; slice < 4; ++slice)
      for (std::uint32_t i = 0; i < 50; ++i)
        in.send(slice, {{i, {i % 7, static_cast<std::int32_t>(slice)}}});
    run.run(0);
    run.finish();
    return run.results<total>("results");
  };
  auto expected = results({0, 0, 0, 0});
  CHECK(results({0, 1, 2, 3}) == expected);
  CHECK(results({1, 0, 1, 0}) == expected);
}

TEST_CASE("running aggregates agree with a plain map") {
  auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 30)));
  auto when = GENERATE(emit::each_update, emit::each_epoch, emit::at_end);
  random_generator random{seed};
  scenario_options input;
  auto epochs = random_scenario(random, input);
  auto options = random_options(random, input.upstream_slices);
  auto slices = static_cast<std::uint32_t>(options.hosting.size());
  list_fixture test{when};
  auto run = test.run(options);
  play(run, epochs, random, slices);
  INFO("seed " << seed);
  CHECK(run.results_by_slice<total>("results") == model(epochs, when, slices));
}

TEST_CASE("count counts by key, and keys that are no number are one key") {
  topology graph{"test", {}};
  graph.source("numbers", fed_by_hand<double>{})
    .key_by(itself)
    .count("counts")
    .sink("results", recorded<keyed_value<double, std::uint64_t>>{});
  operator_fixture run{graph, "counts", {{0}, {0}, true}};
  auto nan = std::numeric_limits<double>::quiet_NaN();
  auto& in = run.input<double>(0, itself);
  for (auto i = 0; i < 2; ++i) {
    in.send(0, {{0, nan}, {0, 0.0}, {0, -0.0}, {0, -nan}});
    run.run(0);
  }
  auto results =
    values_of(run.results<keyed_value<double, std::uint64_t>>("results"));
  REQUIRE(results.size() == 4);
  CHECK((results[2].key == 0.0 && results[2].value == 4));
  CHECK((std::isnan(results[3].key) && results[3].value == 4));
}

TEST_CASE("an exception names the operator, slice and epoch") {
  topology graph{"test", {}};
  graph.source("readings", fed_by_hand<reading>{})
    .key_by(sensor_of)
    .aggregate("tallies", count_all_but{13})
    .sink("results", recorded<keyed_value<std::uint32_t, double>>{});
  operator_fixture run{graph, "tallies", {{0, 0, 0, 0}, {0}}};
  run.run(0);
  run.input<reading>(0, sensor_of).send(0, {{0, {4, 12}}, {0, {5, 13}}});
  auto slice = slice_of(key_hash(std::uint32_t{5}), 4);
  CHECK_THROWS_MATCHES(run.run(0), operator_error,
                       Catch::Message("operator 'tallies', slice "
                                      + std::to_string(slice)
                                      + ", epoch 2: no such value"));
}
