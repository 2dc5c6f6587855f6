// Cuts are the only choice made outside, and all that depends on time is part
// of them.
#include "tests/simulator/cut_file.hpp"
#include "tests/simulator/described_operators.hpp"
#include "tests/simulator/hosting.hpp"
#include "tests/simulator/scripted_source.hpp"

#include "operators/stream.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace braid;
using namespace braid::simulator;

namespace {

constexpr event_time ms = 1'000;

/// `splits` splits of `tuples` tuples, one every `pace`, stamped so, too.
source_script paced(std::uint64_t splits, std::uint64_t tuples,
                    event_time pace) {
  source_script result;
  for (std::uint64_t split = 0; split < splits; ++split) {
    auto& made = result.splits.emplace_back();
    for (std::uint64_t i = 0; i < tuples; ++i) {
      auto at = static_cast<event_time>(i + 1) * pace;
      made.push_back(
        {{i % 5, 100 * i + split, at}, simulation::beginning + at});
    }
  }
  return result;
}

/// Marks what is later than the watermark.
class find_late final : public unkeyed_operator<item> {
public:
  void on(const item& x) {
    emit({time() <= watermark() ? 1u : 0u, x.value, now()});
  }
};

/// Fires when event time has come a little further.
class remind final : public keyed_operator<std::uint64_t, item> {
public:
  void on(const item& x) {
    last_.set(x.value);
    set_timer(time() + 10 * ms);
  }

  void on_timer(event_time at) {
    emit({key(), last_.get(), at});
  }

private:
  value<std::uint64_t> last_{*this, "last"};
};

item same(const item& x) {
  return x;
}

event_time stamp_of(const item& x) {
  return x.stamp;
}

/// Two streams of which one is slow, joined in many ways.
void compose_two_paces(topology& graph, const recording_ptr& into) {
  auto fast = graph.source("fast", scripted_source{paced(3, 120, ms)})
                .assign_times("fast times", stamp_of);
  auto slow = graph.source("slow", scripted_source{paced(2, 12, 40 * ms)})
                .assign_times("slow times", stamp_of);
  auto both = fast.union_with(slow);
  both.process<find_late>("late").sink("late sink", recording_sink{into, 1});
  both.key_by(key_of_item{})
    .process<chain_operator>("chain")
    .slices(5)
    .sink("chain sink", recording_sink{into});
}

std::set<epoch_number> epochs_of(const recorded_slices& slices) {
  std::set<epoch_number> result;
  for (auto& [slice, tuples] : slices)
    for (auto& x : tuples)
      result.insert(x.epoch);
  return result;
}

/// Runs by the clock and records the cuts.
recording record(const composer& compose, const cut_file& file,
                 std::uint64_t seed) {
  partition_settings settings;
  settings.cuts.record = file.begin();
  return run_hosted(compose, {2, true}, settings, seed).found;
}

partition_settings repeating(const cut_file& file) {
  partition_settings result;
  result.cuts.repeat = file.load();
  return result;
}

} // namespace

TEST_CASE("in count mode no epoch is closed for a related source's sake "
          "[counterexample 10]") {
  auto found = same_however_hosted(
    [](topology& graph, const recording_ptr& into) {
      auto fast = graph.source("fast", scripted_source{paced(2, 60, 0)});
      auto slow = graph.source("slow", scripted_source{paced(1, 20, 300 * ms)});
      fast.union_with(slow).sink("sink", recording_sink{into, 1});
    },
    counting(5));
  std::map<epoch_number, std::size_t> sizes;
  for (auto& x : found.at("sink").at(0))
    ++sizes[x.epoch];
  CHECK(sizes
        == std::map<epoch_number, std::size_t>{{1, 15},
                                               {2, 15},
                                               {3, 15},
                                               {4, 15},
                                               {5, 10},
                                               {6, 10},
                                               {7, 10},
                                               {8, 10},
                                               {9, 10},
                                               {10, 10},
                                               {11, 10},
                                               {12, 10}});
}

TEST_CASE("an idle stream does not hold back those beside it "
          "[counterexample 11]") {
  auto compose = [](topology& graph, const recording_ptr& into) {
    auto lively =
      graph.source("lively", scripted_source{paced(2, 300, 10 * ms)})
        .assign_times("lively times", stamp_of);
    source_script nothing{{{}, {}}, simulation::beginning + 4'000 * ms};
    auto silent = graph.source("silent", scripted_source{nothing})
                    .assign_times("silent times", stamp_of);
    lively.union_with(silent)
      .key_by(key_of_item{})
      .process<remind>("remind")
      .slices(3)
      .sink("sink", recording_sink{into});
  };
  cut_file file;
  auto found = record(compose, file, 1);
  // The silent stream is idle after a second of three; timers fire from then
  // on, not all at the end.
  CHECK(epochs_of(found.at("sink")).size() > 50);
  auto again = same_however_hosted(compose, repeating(file));
  CHECK(difference(found, again).empty());
}

TEST_CASE("a stream that wakes up is judged by how far the others have come "
          "[counterexample 11]") {
  auto compose = [](topology& graph, const recording_ptr& into) {
    auto lively =
      graph.source("lively", scripted_source{paced(2, 300, 10 * ms)})
        .assign_times("lively times", stamp_of);
    // Says something old after two seconds.
    source_script once;
    once.splits = {{{{0, 7, 5 * ms}, simulation::beginning + 2'000 * ms}}};
    auto sleepy = graph.source("sleepy", scripted_source{once})
                    .assign_times("sleepy times", stamp_of);
    lively.union_with(sleepy).process<find_late>("late").sink(
      "sink", recording_sink{into, 1});
  };
  cut_file file;
  auto found = record(compose, file, 1);
  std::set<std::uint64_t> late;
  for (auto& x : found.at("sink").at(0))
    if (x.tuple.key == 1)
      late.insert(x.tuple.value);
  CHECK(late == std::set<std::uint64_t>{7});
  auto again = same_however_hosted(compose, repeating(file));
  CHECK(difference(found, again).empty());
}

TEST_CASE("the time of epochs never decreases, and is part of the cuts "
          "[counterexample 11]") {
  cut_file file;
  auto found = record(compose_two_paces, file, 3);
  event_time newest = 0;
  for (auto& x : found.at("late sink").at(0)) {
    CHECK(x.tuple.stamp >= newest);
    newest = std::max(newest, x.tuple.stamp);
  }
  CHECK(newest > simulation::beginning + 400 * ms);
  auto again = same_however_hosted(compose_two_paces, repeating(file));
  CHECK(difference(found, again).empty());
}

TEST_CASE("a late watermark does not depend on hosting [counterexample 12]") {
  // Split s is s * 20 ms ahead; now and then one falls behind itself.
  source_script uneven;
  for (event_time split = 0; split < 4; ++split) {
    auto& made = uneven.splits.emplace_back();
    for (event_time i = 0; i < 60; ++i) {
      auto stamp = (i + 20 * split - (i % 9 == 8 ? 30 : 0)) * ms;
      made.push_back(
        {{0, static_cast<std::uint64_t>(4 * i + split), stamp}, 0});
    }
  }
  auto found = same_however_hosted(
    [&](topology& graph, const recording_ptr& into) {
      graph.source("source", scripted_source{uneven})
        .assign_times("times", stamp_of)
        .process<find_late>("late")
        .sink("sink", recording_sink{into});
    },
    counting(2));
  // Split 0 decides, and only who falls back by 30 ms behind it is late.
  for (slice_id slice = 0; slice < 4; ++slice) {
    std::size_t late = 0;
    for (auto& x : found.at("sink").at(slice))
      late += x.tuple.key;
    CHECK(late == (slice < 2 ? 6 : 0));
  }
}

TEST_CASE("with recorded cuts a run comes out the same under another "
          "parallelism, without them it does not [counterexample 14]") {
  cut_file file;
  auto found = record(compose_two_paces, file, 1);
  auto settings = repeating(file);
  settings.cuts.length = std::chrono::microseconds{1};
  settings.cuts.max_tuples = 3;
  auto again = same_however_hosted(compose_two_paces, settings);
  CHECK(difference(found, again).empty());
  auto otherwise = run_hosted(compose_two_paces, {1, false}, {}, 9).found;
  CHECK(!difference(found, otherwise).empty());
}

TEST_CASE("sources that end at different epochs end the topology once") {
  auto found = same_however_hosted(
    [](topology& graph, const recording_ptr& into) {
      auto brief = graph.source("brief", scripted_source{paced(2, 3, 0)});
      auto empty = graph.source("empty", scripted_source{source_script{{{}}}});
      source_script unlike = paced(3, 40, 0);
      unlike.splits[1].resize(10);
      auto unequal = graph.source("unequal", scripted_source{unlike});
      brief.union_with(empty, unequal)
        .key_by(key_of_item{})
        .count("count", emit::at_end)
        .slices(4)
        .map("items",
             [](const keyed_value<std::uint64_t, std::uint64_t>& x) {
               return item{x.key, x.value, 0};
             })
        .sink("sink", recording_sink{into, 1});
      empty.map("same", same).sink("empty sink", recording_sink{into});
    },
    counting(4));
  std::uint64_t all = 0;
  for (auto& x : found.at("sink").at(0)) {
    CHECK(x.epoch == 10);
    all += x.tuple.value;
  }
  CHECK(all == 2 * 3 + 40 + 10 + 40);
  CHECK(found.at("empty sink").empty());
}
