// The simulator finds what it is there to find.
#include "tests/simulator/hosting.hpp"
#include "tests/simulator/scripted_source.hpp"
#include "tests/simulator/simulator.hpp"

#include "operators/stream.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::simulator;

namespace {

void compose_line(topology& graph, const recording_ptr& into) {
  source_script script;
  for (std::uint64_t split = 0; split < 3; ++split) {
    auto& made = script.splits.emplace_back();
    for (std::uint64_t i = 0; i < 40; ++i)
      made.push_back({{i % 7, i, 0}, simulation::beginning});
  }
  graph.source("source", scripted_source{script})
    .key_by([](const item& x) { return x.key; })
    .count("count")
    .slices(3)
    .map("items",
         [](const keyed_value<std::uint64_t, std::uint64_t>& x) {
           return item{x.key, x.value, 0};
         })
    .sink("sink", recording_sink{into});
}

} // namespace

TEST_CASE("one seed makes one run, another seed another") {
  auto first = run_hosted(compose_line, {2}, counting(3), 7);
  auto again = run_hosted(compose_line, {2}, counting(3), 7);
  auto other = run_hosted(compose_line, {2}, counting(3), 8);
  CHECK(first.report.turns == again.report.turns);
  CHECK(first.report.messages == again.report.messages);
  CHECK(first.report.turns != other.report.turns);
  CHECK(difference(first.found, other.found).empty());
}

TEST_CASE("batches pass through their encoded form when asked to") {
  simulation_options options;
  options.encoded_percent = 100;
  auto encoded = run_hosted(compose_line, {2}, counting(3), 1, options);
  CHECK(encoded.report.encoded_batches > 0);
  options.encoded_percent = 0;
  auto handed = run_hosted(compose_line, {2}, counting(3), 1, options);
  CHECK(handed.report.encoded_batches == 0);
  CHECK(difference(encoded.found, handed.found).empty());
}

TEST_CASE("a deadlock is found and described") {
  simulation_options options;
  options.lose_credits = true;
  CHECK_THROWS_WITH(run_hosted(compose_line, {2}, counting(3), 1, options),
                    Catch::Contains("deadlock")
                      && Catch::Contains("'source' 0, node 0, incarnation 0: "
                                         "blocked"));
}

TEST_CASE("a run that does not end is given up") {
  simulation_options options;
  options.most_turns = 100;
  CHECK_THROWS_WITH(run_hosted(compose_line, {2}, counting(3), 1, options),
                    Catch::Contains("not done after 100 turns"));
}

TEST_CASE("recordings that differ say where") {
  recording left{{"sink", {{3, {{1, 10, {5, 6, 7}}, {2, 20, {8, 9, 0}}}}}}};
  auto right = left;
  CHECK(difference(left, right).empty());
  right["sink"][3][1].tuple.value = 1;
  CHECK_THAT(difference(left, right),
             Catch::Contains("'sink', slice 3, tuple 1")
               && Catch::Contains("value 9") && Catch::Contains("value 1"));
  right["sink"][3].pop_back();
  CHECK_THAT(difference(left, right), Catch::Contains("found    nothing"));
  right["sink"].clear();
  right["other"][0].push_back({});
  CHECK_THAT(difference(left, right), Catch::Contains("'other'"));
}
