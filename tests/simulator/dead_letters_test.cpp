// Tuples that make an operator throw, amid losses: the results and the dead
// letters are the same every time, wherever the partitions were.
#include "tests/simulator/hosting.hpp"
#include "tests/simulator/scripted_source.hpp"
#include "tests/simulator/seeds.hpp"

#include "operators/stream.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::simulator;

namespace {

constexpr std::uint64_t tuples = 400;

bool is_poison(const item& x) {
  return x.value % 67 == 11;
}

/// Has changed its state, and emitted, when it finds out.
class particular final : public keyed_operator<std::uint64_t, item> {
public:
  void on(const item& x) {
    count.edit() += 1;
    emit({key(), count.get() * 1'000 + x.value, 0});
    if (is_poison(x))
      throw std::runtime_error{"poison " + std::to_string(x.value)};
  }

private:
  value<std::uint64_t> count{*this, "count"};
};

scripted_source three_splits() {
  source_script script{{{}, {}, {}}, 0};
  for (std::uint64_t i = 0; i < tuples; ++i)
    script.splits[i % 3].push_back({{i % 7, i, 0}, 0});
  return scripted_source{script};
}

item item_of(const dead_letter& x) {
  return {x.at.epoch, x.as<item>().value, static_cast<event_time>(x.at.index)};
}

std::unique_ptr<topology> compose(const recording_ptr& found) {
  auto graph = std::make_unique<topology>("dead_letters", settings{});
  auto passed = graph->source("source", three_splits())
                  .key_by([](const item& x) { return x.key; })
                  .process<particular>("particular");
  passed.sink("passed", recording_sink{found});
  passed.dead_letters()
    .map("letters", item_of)
    .sink("letters", recording_sink{found});
  return graph;
}

item refused_if(bool refused, const item& x) {
  if (refused)
    throw std::runtime_error{"refused " + std::to_string(x.value)};
  return x;
}

/// Code that throws in functions fused into the source and the aggregate, in
/// the aggregate, and at the end of its edge.
std::unique_ptr<topology> compose_others(const recording_ptr& found) {
  auto graph = std::make_unique<topology>("dead_letters", settings{});
  auto source = graph->source("source", three_splits());
  auto sums =
    source
      .map("first",
           [](const item& x) { return refused_if(x.value % 97 == 5, x); })
      .key_by([](const item& x) { return x.key; })
      .reduce(
        "sums", std::uint64_t{0},
        [](std::uint64_t& sum, const item& x) {
          sum += 1'000 + refused_if(x.value % 89 == 6, x).value;
        },
        emit::each_update);
  auto items =
    sums.map("items",
             [](const auto& x) {
               return item{x.key, x.value, 0};
             })
      .filter("second",
              [](const item& x) {
                return refused_if(x.value % 83 == 7, x).value % 5 != 0;
              })
      .key_by(
        [](const item& x) { return refused_if(x.value % 79 == 8, x).key; })
      .process<particular>("particular");
  items.sink("passed", recording_sink{found});
  source.dead_letters()
    .union_with(sums.dead_letters())
    .map("letters", item_of)
    .sink("letters", recording_sink{found});
  return graph;
}

struct outcome {
  recording found;
  simulation_report report;
};

using composing = std::unique_ptr<topology> (*)(const recording_ptr&);

outcome run(composing compose_into, std::uint64_t seed,
            std::uint32_t crash_odds) {
  random_generator random{seed};
  auto found = std::make_shared<recording>();
  auto graph = compose_into(found);
  partition_settings how;
  how.cuts.count = 5;
  how.checkpoints.taken = true;
  how.checkpoints.every = 1 + random.below(6);
  simulation_options options;
  options.nodes = 4;
  options.replicas = 2;
  options.crash_odds = crash_odds;
  options.max_attempts = 1 + static_cast<std::uint32_t>(random.below(3));
  options.most_turns = 5'000'000;
  simulation world{*graph, scattered(*graph, 4, random, options.nodes), how,
                   random(), options};
  auto report = world.run();
  return {*found, report};
}

} // namespace

TEST_CASE("dead letters are the same at every execution [counterexample 13]") {
  auto undisturbed = run(compose, 0, 0);
  std::uint64_t letters = 0;
  for (auto& [slice, written] : undisturbed.found.at("letters"))
    letters += written.size();
  std::uint64_t poison = 0;
  for (std::uint64_t i = 0; i < tuples; ++i)
    poison += is_poison({0, i, 0}) ? 1 : 0;
  CHECK(letters == poison);
  CHECK(count_tuples(undisturbed.found) == tuples);

  std::uint64_t crashes = 0;
  std::uint64_t repeated = 0;
  auto all = for_each_seed(200, [&](std::uint64_t seed) {
    auto disturbed = run(compose, seed, 1'000);
    crashes += disturbed.report.crashes;
    repeated += disturbed.report.failures > poison;
    if (auto what = difference(undisturbed.found, disturbed.found);
        !what.empty())
      throw simulation_failure{what};
  });
  if (!all)
    return;
  CHECK(crashes > 0);
  CHECK(repeated > 0);
}

TEST_CASE(
  "dead letters of fused functions, aggregates and keys are the same at "
  "every execution [counterexample 13]") {
  auto undisturbed = run(compose_others, 0, 0);
  std::uint64_t letters = 0;
  for (auto& [slice, written] : undisturbed.found.at("letters"))
    letters += written.size();
  CHECK(letters >= 10);

  std::uint64_t crashes = 0;
  std::uint64_t repeated = 0;
  auto all = for_each_seed(60, [&](std::uint64_t seed) {
    auto disturbed = run(compose_others, seed, 1'000);
    crashes += disturbed.report.crashes;
    repeated += disturbed.report.failures > letters;
    if (auto what = difference(undisturbed.found, disturbed.found);
        !what.empty())
      throw simulation_failure{what};
  });
  if (!all)
    return;
  CHECK(crashes > 0);
  CHECK(repeated > 0);
}
