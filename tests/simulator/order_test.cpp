// The order in which a slice sees its input, in whole topologies.
#include "tests/simulator/described_operators.hpp"
#include "tests/simulator/hosting.hpp"
#include "tests/simulator/scripted_source.hpp"

#include "operators/stream.hpp"

#include <bit>
#include <catch2/catch.hpp>
#include <numeric>

using namespace braid;
using namespace braid::simulator;

namespace {

using numbers = std::vector<std::uint64_t>;

/// One split for each list, its values as keys and stamps, too.
source_script script(const std::vector<numbers>& splits) {
  source_script result;
  for (auto& split : splits) {
    auto& tuples = result.splits.emplace_back();
    for (auto value : split)
      tuples.push_back({{value, value, static_cast<event_time>(value)}, 0});
  }
  return result;
}

/// Passes tuples on and, when the stream ends, says so for each.
class echo_operator final : public unkeyed_operator<item> {
public:
  void on(const item& x) {
    emit(x);
    seen_.append(x.value);
    set_timer(end_of_time);
  }

  void on_timer(event_time) {
    for (auto earlier : seen_.get())
      emit({0, earlier + 1'000, 0}, now());
  }

private:
  list<std::uint64_t> seen_{*this, "seen"};
};

class pass_operator final : public unkeyed_operator<item> {
public:
  void on(const item& x) {
    emit(x);
  }
};

class both_operator final : public unkeyed_operator<item> {
public:
  void on(const item& x) {
    emit(x);
  }

  void on(const other_item& x) {
    emit({0, x.content.value + 1'000, 0});
  }
};

/// Chains all that a key sees.
class order_operator final : public keyed_operator<std::uint64_t, item> {
public:
  void on(const item& x) {
    chain_.set(user::mixed(chain_.get(), x.value));
    emit({key(), chain_.get(), 0});
  }

private:
  value<std::uint64_t> chain_{*this, "chain"};
};

numbers sorted(numbers values) {
  std::sort(values.begin(), values.end());
  return values;
}

} // namespace

TEST_CASE("a slice takes its input and fires its timers before the next does "
          "[counterexample 1]") {
  auto found = same_however_hosted(
    [](topology& graph, const recording_ptr& into) {
      graph.source("source", scripted_source{script({{1, 2}, {3, 4}})})
        .process<echo_operator>("echo")
        .sink("sink", recording_sink{into, 1});
    },
    counting(2));
  CHECK(values_of(found, "sink")
        == numbers{1, 2, 1'001, 1'002, 3, 4, 1'003, 1'004});
}

TEST_CASE("runs of slices that are hosted crosswise are merged "
          "[counterexample 2]") {
  auto compose = [](topology& graph, const recording_ptr& into) {
    graph.source("source", scripted_source{script({{10}, {11}, {12}, {13}})})
      .process<echo_operator>("echo")
      .sink("sink", recording_sink{into, 1});
  };
  // {0, 2} and {1, 3}.
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    auto found = run_hosted(compose, {2, true}, counting(1), seed).found;
    CHECK(values_of(found, "sink")
          == numbers{10, 1'010, 11, 1'011, 12, 1'012, 13, 1'013});
  }
}

TEST_CASE("sums of doubles do not depend on hosting [counterexample 6]") {
  // Adding these in another order, or in parts, gives another sum.
  const std::vector<double> addends{1e16, 1.0, -1e16, 0.1, 3e15, -7.3};
  source_script all;
  all.splits.resize(4);
  for (std::uint64_t i = 0; i < 400; ++i) {
    auto addend = addends[i % addends.size()] * static_cast<double>(i % 7);
    all.splits[i % 4].push_back(
      {{i % 3, std::bit_cast<std::uint64_t>(addend), 0}, 0});
  }
  auto found = same_however_hosted(
    [&](topology& graph, const recording_ptr& into) {
      graph.source("source", scripted_source{all})
        .key_by(key_of_item{})
        .reduce("sum", 0.0,
                [](double& sum, const item& x) {
                  sum += std::bit_cast<double>(x.value);
                })
        .slices(5)
        .map("as items",
             [](const keyed_value<std::uint64_t, double>& x) {
               return item{x.key, std::bit_cast<std::uint64_t>(x.value), 0};
             })
        .sink("sink", recording_sink{into, 1});
    },
    counting(9));

  std::map<std::uint64_t, double> expected;
  for (std::size_t epoch = 0; epoch < 100; epoch += 9)
    for (auto& split : all.splits)
      for (auto i = epoch; i < std::min(epoch + 9, split.size()); ++i)
        expected[split[i].tuple.key] +=
          std::bit_cast<double>(split[i].tuple.value);
  std::map<std::uint64_t, double> last;
  for (auto& x : found.at("sink").at(0))
    last[x.tuple.key] = std::bit_cast<double>(x.tuple.value);
  CHECK(last == expected);
}

TEST_CASE("rebalancing spreads evenly, and the same whoever hosts what "
          "[counterexample 7]") {
  numbers many(100);
  std::iota(many.begin(), many.end(), 0);
  auto found = same_however_hosted(
    [&](topology& graph, const recording_ptr& into) {
      graph.source("source", scripted_source{script({many, many, many})})
        .rebalance()
        .process<pass_operator>("pass")
        .slices(5)
        .sink("sink", recording_sink{into});
    },
    counting(20));
  for (slice_id slice = 0; slice < 5; ++slice)
    CHECK(values_of(found, "sink", slice).size() == 60);
}

TEST_CASE("how many splits there are does not depend on parallelism "
          "[counterexample 7]") {
  topology graph{"test", settings{}};
  auto into = std::make_shared<recording>();
  graph.source("source", scripted_source{script({{1}, {2}, {3}})})
    .sink("sink", recording_sink{into});
  for (std::uint32_t partitions : {1, 2, 3, 8})
    CHECK(assign_evenly(graph, {partitions, {}}, 1)[0].slices() == 3);
}

TEST_CASE("two streams on one port come one after the other, slice by slice "
          "[counterexample 9]") {
  auto compose = [](bool fused) {
    return [fused](topology& graph, const recording_ptr& into) {
      auto left = graph.source(
        "left", scripted_source{script({{10, 20}, {11, 21}, {12, 22}})});
      auto right = graph.source(
        "right", scripted_source{script({{30, 40}, {31, 41}, {32, 42}})});
      auto same = [](const item& x) { return x; };
      // The other way round than declared; fusing changes nothing.
      (fused ? right.map("same", same) : right)
        .union_with(left)
        .sink("sink", recording_sink{into, 1});
    };
  };
  for (auto fused : {false, true}) {
    auto found = same_however_hosted(compose(fused), counting(1));
    CHECK(values_of(found, "sink")
          == numbers{30, 31, 32, 10, 11, 12, 40, 41, 42, 20, 21, 22});
  }
}

TEST_CASE("two ports come one after the other, whatever the edges' numbers "
          "[counterexample 9]") {
  auto found = same_however_hosted(
    [](topology& graph, const recording_ptr& into) {
      auto second =
        graph.source("second", scripted_source{script({{1, 2}, {3, 4}})})
          .map("others", [](const item& x) { return other_item{x}; });
      auto first =
        graph.source("first", scripted_source{script({{5, 6}, {7, 8}})});
      connect(first, second)
        .process<both_operator>("both")
        .slices(1)
        .sink("sink", recording_sink{into, 1});
    },
    counting(1));
  // What comes from the second port is marked.
  CHECK(values_of(found, "sink")
        == numbers{5, 7, 1'001, 1'003, 6, 8, 1'002, 1'004});
}

TEST_CASE("whatever a key's tuples, their order is the same however hosted") {
  auto found = same_however_hosted(
    [](topology& graph, const recording_ptr& into) {
      numbers left(60), right(60);
      std::iota(left.begin(), left.end(), 0);
      std::iota(right.begin(), right.end(), 30);
      graph
        .source("source", scripted_source{script({left, right, left, right})})
        .key_by([](const item& x) { return x.key % 7; })
        .process<order_operator>("order")
        .slices(3)
        .sink("sink", recording_sink{into, 1});
    },
    counting(4));
  auto values = values_of(found, "sink");
  CHECK(values.size() == 240);
  CHECK(sorted(values) != values);
}
