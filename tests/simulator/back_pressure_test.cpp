// Epochs in flight bound every queue, and nobody waits for ever. The simulator
// itself watches that no channel has more epochs than it may.
#include "tests/simulator/described_operators.hpp"
#include "tests/simulator/hosting.hpp"
#include "tests/simulator/scripted_source.hpp"
#include "tests/simulator/seeds.hpp"

#include "operators/stream.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::simulator;

namespace {

constexpr event_time ms = 1'000;

source_script at_once(std::uint64_t splits, std::uint64_t tuples) {
  source_script result;
  for (std::uint64_t split = 0; split < splits; ++split) {
    auto& made = result.splits.emplace_back();
    for (std::uint64_t i = 0; i < tuples; ++i)
      made.push_back({{i % 17, i, 0}, 0});
  }
  return result;
}

class pass_operator final : public unkeyed_operator<item> {
public:
  void on(const item& x) {
    emit(x);
  }
};

/// From one source to one sink by two ways, "quick" and "slow".
void compose_diamond(topology& graph, const recording_ptr& into) {
  auto source = graph.source("source", scripted_source{at_once(4, 200)});
  auto quick = source.process<pass_operator>("quick");
  auto slow = source.key_by(key_of_item{}).process<chain_operator>("slow");
  slow.slices(4);
  connect(quick.key_by(key_of_item{}),
          slow.map("others", [](const item& x) { return other_item{x}; })
            .key_by(key_of_other_item{}))
    .process<join_operator>("join")
    .slices(4)
    .sink("sink", recording_sink{into});
}

std::map<epoch_number, std::uint64_t> sizes_of(const recorded_slices& slices) {
  std::map<epoch_number, std::uint64_t> result;
  for (auto& [slice, tuples] : slices)
    for (auto& x : tuples)
      ++result[x.epoch];
  return result;
}

/// The fast source of [38]: 40 epochs' worth of tuples, all there at once.
void compose_fast(topology& graph, const recording_ptr& into) {
  graph.source("fast", scripted_source{at_once(1, 4'000)})
    .sink("sink", recording_sink{into});
}

/// The same beside one that has nothing, or little, to say for a minute.
composer compose_beside(std::uint64_t tuples) {
  return [tuples](topology& graph, const recording_ptr& into) {
    auto fast = graph.source("fast", scripted_source{at_once(1, 4'000)});
    source_script seldom{{{}}, simulation::beginning + 60'000 * ms};
    for (std::uint64_t i = 0; i < tuples; ++i)
      seldom.splits[0].push_back(
        {{0, i, 0},
         simulation::beginning + static_cast<event_time>(i) * 3 * ms});
    auto slow = graph.source("slow", scripted_source{seldom});
    fast.union_with(slow.process<pass_operator>("pass"))
      .sink("sink", recording_sink{into, 1});
  };
}

/// When the sink had the last of the 4,000 tuples, by the epochs' time.
event_time end_of_fast(const recording& found) {
  std::uint64_t tuples = 0;
  for (auto& x : found.at("sink").at(0))
    if (x.tuple.key != 0 && ++tuples == 3'764)
      return x.time - simulation::beginning;
  return end_of_time;
}

} // namespace

TEST_CASE("the limit of epochs in flight never stops the epoch that would free "
          "it, count mode included [counterexample 33]") {
  for (std::uint64_t tuples : {1, 30, 1'000})
    for (epoch_number in_flight : {1, 2})
      for_each_seed(5, [&](std::uint64_t seed) {
        auto settings = counting(tuples);
        settings.flow.in_flight = in_flight;
        auto run = run_hosted(compose_diamond, {3, true}, settings, seed);
        CHECK(run.report.most_epochs_in_flight <= in_flight);
        // The join emits up to four tuples for each of its four splits'.
        CHECK(run.report.most_tuples_in_flight <= in_flight * tuples * 4 * 4);
      });
}

TEST_CASE("by the clock the limit of epochs in flight stops nobody for ever, "
          "either [counterexample 33]") {
  for_each_seed(20, [&](std::uint64_t seed) {
    partition_settings settings;
    settings.flow.in_flight = 1;
    settings.cuts.max_tuples = 10;
    auto run = run_hosted(compose_diamond, {3, true}, settings, seed);
    CHECK(run.report.most_epochs_in_flight == 1);
  });
}

TEST_CASE("in a diamond one way may be a hundred times slower "
          "[counterexample 35]") {
  auto expected = run_hosted(compose_diamond, {1}, counting(5), 0).found;
  for (std::string slow : {"slow", "quick", "join", "sink"})
    for_each_seed(8, [&](std::uint64_t seed) {
      simulation_options options;
      options.slow = {slow};
      auto settings = counting(5);
      settings.flow.in_flight = 1 + seed % 4;
      auto run =
        run_hosted(compose_diamond, {2, true}, settings, seed, options);
      CHECK(difference(expected, run.found).empty());
      // Other ways wait for the slow one: nothing piles up anywhere.
      CHECK(run.report.most_epochs_in_flight <= settings.flow.in_flight);
      CHECK(run.report.most_tuples_in_flight
            <= settings.flow.in_flight * 5 * 4 * 4);
    });
}

TEST_CASE("a fan-out of a thousand shrinks epochs at their source "
          "[counterexample 37]") {
  constexpr std::uint64_t fan_out = 1'000;
  auto compose = [](topology& graph, const recording_ptr& into) {
    graph.source("source", scripted_source{at_once(2, 500)})
      .key_by(key_of_item{})
      .process<chain_operator>("chain")
      .slices(4)
      .flat_map("fan out",
                [](const item& x, emitter<item>& out) {
                  for (std::uint64_t i = 0; i < fan_out; ++i)
                    out.emit(user::copy(x, i));
                })
      .sink("sink", recording_sink{into});
  };
  partition_settings settings;
  settings.cuts.max_tuples = 100;
  settings.cuts.max_bytes = 400'000; // about ten tuples, fanned out
  auto run = run_hosted(compose, {1}, settings, 1);
  auto sizes = sizes_of(run.found.at("sink"));
  CHECK(sizes[1] == 100 * fan_out);
  // Those in flight on two hops when it is noticed are as large as the first;
  // after that, as many tuples as just fit.
  auto fitting = settings.cuts.max_bytes / fan_out / (sizeof(item) + 4);
  CHECK(sizes.size() > 20);
  for (auto& [epoch, size] : sizes)
    if (epoch > 2 * settings.flow.in_flight + 1) {
      INFO("epoch " << epoch);
      CHECK(size <= fitting * fan_out);
      CHECK((size >= (fitting - 2) * fan_out || epoch == sizes.size()));
    }
}

TEST_CASE("a fast source keeps its speed beside an idle or slow one "
          "[counterexample 38]") {
  partition_settings settings;
  settings.cuts.max_tuples = 100;
  for_each_seed(5, [&](std::uint64_t seed) {
    simulation_options options;
    options.uneven = false;
    auto alone = run_hosted(compose_fast, {1}, settings, seed, options);
    auto undisturbed = end_of_fast(alone.found);
    // Left to its own, the other would close an epoch every 100 or 5 ms.
    for (std::uint64_t tuples : {0, 20}) {
      auto beside =
        run_hosted(compose_beside(tuples), {1}, settings, seed, options);
      INFO("alone " << undisturbed << ", beside " << end_of_fast(beside.found));
      CHECK(undisturbed < 10 * ms);
      CHECK(end_of_fast(beside.found) < 8 * undisturbed);
    }
  });
}
