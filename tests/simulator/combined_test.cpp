// Aggregates before the exchange: the same results from fewer tuples, also
// amid losses.
#include "tests/simulator/hosting.hpp"
#include "tests/simulator/scripted_source.hpp"

#include "operators/combined_stream.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::simulator;

namespace {

/// Sums values; and knows the largest, which is no sum.
struct sum_and_most {
  struct accumulator {
    std::uint64_t sum = 0;
    std::uint64_t most = 0;

    template <class Archive>
    void serialize(Archive& archive, unsigned) {
      archive& sum& most;
    }
  };

  void add(accumulator& into, const item& x) const {
    into.sum += x.value;
    into.most = std::max(into.most, x.value);
  }

  void merge(accumulator& into, const accumulator& more) const {
    into.sum += more.sum;
    into.most = std::max(into.most, more.most);
  }

  std::uint64_t result(const accumulator& value) const {
    return value.sum * 1'000 + value.most;
  }
};

std::uint64_t key_of(const item& x) {
  return x.key;
}

/// Three splits; most tuples have key 0.
source_script skewed() {
  source_script result;
  result.ends_at = simulation::beginning;
  for (std::uint64_t split = 0; split < 3; ++split) {
    auto& tuples = result.splits.emplace_back();
    for (std::uint64_t i = 0; i < 600; ++i)
      tuples.push_back(
        {{i % 10 == 0 ? i % 7 : 0, i * 3 + split, simulation::beginning},
         simulation::beginning});
  }
  return result;
}

item as_item(const keyed_value<std::uint64_t, std::uint64_t>& x) {
  return {x.key, x.value, simulation::beginning};
}

composer summing(bool combined, emit when) {
  return [=](topology& graph, const recording_ptr& into) {
    auto keyed =
      graph.source("source", scripted_source{skewed()}).key_by(key_of);
    auto sums = combined
                  ? keyed.combined().aggregate("sums", sum_and_most{}, when)
                  : keyed.aggregate("sums", sum_and_most{}, when);
    sums.map("items", as_item).sink("sink", recording_sink{into});
  };
}

partition_settings epochs_of(std::uint64_t tuples) {
  auto result = counting(tuples);
  result.checkpoints.taken = true;
  result.checkpoints.every = 3;
  return result;
}

} // namespace

TEST_CASE("what is combined before the exchange gives the same results") {
  for (auto when : {emit::each_epoch, emit::at_end}) {
    auto expected =
      run_hosted(summing(false, when), {}, epochs_of(40), 0).found;
    REQUIRE(count_tuples(expected) > 6);
    auto found = same_however_hosted(summing(true, when), epochs_of(40));
    CHECK(difference(expected, found).empty());
  }
}

TEST_CASE("what is combined is the same after losses") {
  auto compose = summing(true, emit::each_epoch);
  auto expected = run_hosted(compose, {3, false}, epochs_of(20), 0).found;
  simulation_options options;
  options.nodes = 4;
  options.replicas = 1;
  options.crash_odds = 1'000;
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto run = run_hosted(compose, {3, false}, epochs_of(20), seed, options);
    CHECK(difference(expected, run.found).empty());
    crashes += run.report.crashes;
  }
  CHECK(crashes > 10);
}

TEST_CASE("each slice sends one tuple a key and epoch") {
  auto sent = [](bool combined) {
    return run_hosted(summing(combined, emit::at_end), {}, epochs_of(60), 0)
      .report.most_tuples_in_flight;
  };
  CHECK(sent(true) * 4 < sent(false));
}

TEST_CASE("updates of what is combined cannot be given out") {
  topology graph{"test", {}};
  auto into = std::make_shared<recording>();
  CHECK_THROWS_WITH(summing(true, emit::each_update)(graph, into),
                    Catch::Contains("operator 'sums'")
                      && Catch::Contains("emit::each_epoch"));
}
