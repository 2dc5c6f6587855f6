// What the public code of SEEP (lsds/SEEP on GitHub, last commit of January
// 2015) does against its paper, found by reading it: each defect that could
// exist here is a test. Those of the failure detector (there is none) and of
// recovery that needs a person are tests/cluster/recovery_test.cpp.
#include "tests/simulator/hosting.hpp"
#include "tests/simulator/scripted_source.hpp"
#include "tests/simulator/seeds.hpp"

#include "operators/key_hash.hpp"
#include "operators/stream.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <set>

using namespace braid;
using namespace braid::simulator;

namespace {

constexpr event_time start = simulation::beginning;

/// `count` tuples a split, which can all be read at once and have the same
/// event time.
source_script burst(std::uint32_t splits, std::uint64_t count,
                    std::uint64_t keys) {
  source_script result;
  result.ends_at = start;
  for (std::uint32_t split = 0; split < splits; ++split) {
    auto& tuples = result.splits.emplace_back();
    for (std::uint64_t i = 0; i < count; ++i)
      tuples.push_back({{(i * splits + split) % keys, i, start}, start});
  }
  return result;
}

/// Its results depend on the order of each key's tuples, on their number, and
/// on what was emitted before.
class chain_of_hashes final : public keyed_operator<std::uint64_t, item> {
public:
  void on(const item& x) {
    auto& hash = chains.edit();
    hash = hash * 0x9E3779B97F4A7C15 + x.value + 1;
    for (int i = 0; i < 3; ++i)
      emit({x.key, hash + static_cast<std::uint64_t>(i), x.stamp});
  }

private:
  value<std::uint64_t> chains{*this, "chains"};
};

std::uint64_t key_of(const item& x) {
  return x.key;
}

/// Two chains of hashes, so that one has the other upstream.
composer two_chains(const source_script& script) {
  return [script](topology& graph, const recording_ptr& into) {
    graph.source("source", scripted_source{script})
      .key_by(key_of)
      .process<chain_of_hashes>("first")
      .key_by(key_of)
      .process<chain_of_hashes>("second")
      .sink("sink", recording_sink{into});
  };
}

partition_settings checkpointed(std::uint64_t tuples_an_epoch) {
  auto result = counting(tuples_an_epoch);
  result.checkpoints.taken = true;
  result.checkpoints.every = 2;
  return result;
}

simulation_options losing_nodes(std::uint32_t nodes, std::uint32_t replicas) {
  simulation_options result;
  result.nodes = nodes;
  result.replicas = replicas;
  // Seldom enough for epochs to become stable in between.
  result.crash_odds = 2'000;
  return result;
}

/// Runs it undisturbed, and then with losses until there were some of them and
/// some went back to a checkpoint; all must give the same.
void survives(const composer& compose, const partition_settings& settings,
              const simulation_options& options) {
  auto expected = run_hosted(compose, {3, false}, settings, 0).found;
  std::uint64_t crashes = 0;
  std::uint64_t restored = 0;
  auto whole = for_each_seed(30, [&](std::uint64_t seed) {
    auto run = run_hosted(compose, {3, seed % 2 == 0}, settings, seed, options);
    CHECK(difference(expected, run.found).empty());
    crashes += run.report.crashes;
    restored += run.report.restored_at > 0;
  });
  CHECK((!whole || crashes > 30));
  CHECK((!whole || restored > 5));
}

} // namespace

// 1: tuples are told apart by the millisecond in which they were sent, so more
// than a thousand a second are discarded or taken twice.
TEST_CASE("SEEP's defect 1: any number of tuples of one moment are each taken "
          "once, also when they come again") {
  survives(two_chains(burst(2, 1'500, 5)), checkpointed(50),
           losing_nodes(4, 1));
}

// 2: a checkpoint says that tuples are in it which only wait in a queue.
// 3: what it says of its inputs is read after the state was copied.
TEST_CASE("SEEP's defects 2 and 3: what waits for a partition is not in its "
          "checkpoint, and is sent again") {
  // Epochs of few tuples queue up before partitions that are slow.
  auto options = losing_nodes(4, 1);
  options.slow = {"first", "second"};
  options.slowness = 20;
  auto settings = checkpointed(7);
  settings.flow.in_flight = 8;
  survives(two_chains(burst(2, 250, 5)), settings, options);
}

// 4: a checkpoint may be taken in the middle of a tuple, where it emits.
TEST_CASE("SEEP's defect 4: what a tuple emits never parts what it changes") {
  // Each tuple's results are more than a batch.
  auto settings = checkpointed(20);
  settings.flow.batch_bytes = 40;
  survives(two_chains(burst(2, 200, 3)), settings, losing_nodes(4, 1));
}

// 5: buffers are backed up, and never restored.
TEST_CASE("SEEP's defect 5: what a lost partition had sent is there for those "
          "that are lost with it or after it") {
  auto options = losing_nodes(4, 2);
  options.most_crashes = 30;
  options.crash_odds = 150;
  survives(two_chains(burst(2, 1'000, 5)), checkpointed(50), options);
}

// 6: the key at which state is split is not the one at which tuples are, but in
// the first interval.
TEST_CASE("SEEP's defect 6: tuples go where the state of their keys is, "
          "however often slices are split") {
  source_script script;
  script.ends_at = start;
  auto& tuples = script.splits.emplace_back();
  for (int times = 0; times < 3; ++times)
    for (int bit = 0; bit < 64; ++bit)
      for (std::uint64_t off : {0, 1, 2}) {
        auto key = (std::uint64_t{1} << bit) + off - 1;
        tuples.push_back({{key, tuples.size(), start}, start});
      }
  auto compose = two_chains(script);
  auto expected = run_hosted(compose, {}, counting(50), 0).found;
  CHECK(count_tuples(expected) == tuples.size() * 9);
  for (std::uint32_t partitions = 2; partitions <= 9; ++partitions)
    for (bool apart : {false, true}) {
      auto found = run_hosted(compose, {partitions, apart}, counting(50), 1);
      CHECK(difference(expected, found.found).empty());
    }
}

// 7: the hash takes eight bits of the key; the largest key goes nowhere.
TEST_CASE("SEEP's defect 7: hashes take all bits of a key, and every key has a "
          "slice") {
  constexpr std::uint32_t slices = 128;
  std::set<std::uint32_t> hashes;
  std::set<std::uint32_t> used;
  for (std::uint64_t i = 0; i < 4'096; ++i) {
    // They differ in their highest bits alone.
    auto hash = key_hash(i << 52);
    hashes.insert(hash);
    used.insert(slice_of(hash, slices));
  }
  CHECK(hashes.size() > 4'090);
  CHECK(used.size() == slices);
  using limits = std::numeric_limits<std::int32_t>;
  for (std::int32_t key : {limits::min(), -1, 0, 1, limits::max()})
    CHECK(slice_of(key_hash(key), slices) < slices);
  CHECK(slice_of(~std::uint32_t{0}, slices) == slices - 1);
}

// 8: state that is large cannot be saved, and state cannot be split at all.
TEST_CASE("SEEP's defect 8: state of many keys is restored, and in parts") {
  auto options = losing_nodes(5, 1);
  options.small_parts = true;
  survives(two_chains(burst(2, 1'500, 1'000)), checkpointed(50), options);
}
