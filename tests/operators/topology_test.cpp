// A topology that cannot run is refused when it is composed, with the name and
// the remedy.
#include "tests/operators/readings.hpp"

#include "operators/topology.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace braid;
using namespace braid::test;
using namespace std::chrono_literals;

namespace {

class sorting : public keyed_operator<std::uint32_t, reading> {
public:
  void on(const reading& x) {
    emit(x);
  }

private:
  side_output<reading> odd{*this, "odd"};
};

class twice_named : public keyed_operator<std::uint32_t, reading> {
public:
  void on(const reading&) {
    // nop
  }

private:
  value<int> first{*this, "state"};
  list<int> second{*this, "state"};
};

class two_sides : public keyed_operator<std::uint32_t, reading> {
public:
  void on(const reading&) {
    // nop
  }

private:
  side_output<reading> first{*this, "side"};
  side_output<int> second{*this, "side"};
};

class two_broadcasts : public keyed_operator<std::uint32_t, reading> {
public:
  void on(const reading&) {
    // nop
  }

private:
  broadcast_state<int> first{*this, "rules"};
  broadcast_state<int> second{*this, "rules"};
};

struct topology_fixture {
  topology graph{"test", {}};

  stream<reading> source(const std::string& name = "readings") {
    return graph.source(name, fed_by_hand<reading>{});
  }

  auto keyed(const std::string& name = "readings") {
    return source(name).key_by(sensor_of);
  }
};

/// A small topology; `scale` changes what its operators do, not the graph.
void compose(topology& graph, const std::string& name, int scale) {
  graph.source("readings", fed_by_hand<reading>{})
    .map("scale",
         [scale](const reading& x) {
           return reading{x.sensor, x.value * scale};
         })
    .key_by(sensor_of)
    .count(name)
    .sink("results", recorded<keyed_value<std::uint32_t, std::uint64_t>>{});
}

} // namespace

TEST_CASE("a topology needs a source and a sink") {
  topology_fixture test;
  CHECK_THROWS_WITH(test.graph.validate(),
                    "topology 'test': has no source; begin with "
                    "topology.source");
  test.source();
  CHECK_THROWS_WITH(test.graph.validate(),
                    "topology 'test': has no sink; end a stream with "
                    ".sink(...)");
}

TEST_CASE("what an operator emits must be used by somebody") {
  topology_fixture test;
  auto readings = test.source();
  readings.sink("results", recorded<reading>{});
  CHECK_NOTHROW(test.graph.validate());
  readings.key_by(sensor_of).count("counts");
  CHECK_THROWS_WITH(test.graph.validate(),
                    "topology 'test': nobody uses what 'counts' emits; end its "
                    "stream with .sink(...)");
}

TEST_CASE("operators have names, each its own, fused ones included") {
  topology_fixture test;
  auto readings = test.source();
  readings.sink("results", recorded<reading>{});
  SECTION("a sink like a source") {
    readings.sink("readings", recorded<reading>{});
    CHECK_THROWS_WITH(test.graph.validate(),
                      "topology 'test': two operators are named 'readings'; "
                      "give each its own name");
  }
  SECTION("a map like a sink") {
    readings.map("results", [](const reading& x) { return x; })
      .sink("more", recorded<reading>{});
    CHECK_THROWS_AS(test.graph.validate(), topology_error);
  }
  SECTION("no name") {
    CHECK_THROWS_WITH(readings.sink("", recorded<reading>{}),
                      "topology 'test': an operator has no name; give it one");
  }
}

TEST_CASE("a side output is found by name and type") {
  topology_fixture test;
  auto sorted = test.keyed().process<sorting>("sorting");
  CHECK_NOTHROW(sorted.side<reading>("odd"));
  CHECK_THROWS_WITH(sorted.side<reading>("od"),
                    "operator 'sorting' has no side output 'od'; it has 'odd'");
  CHECK_THROWS_WITH(sorted.side<int>("odd"),
                    "side output 'odd' of operator 'sorting' has another type; "
                    "use the type of the side_output member");
  CHECK_THROWS_WITH(
    sorted.filter("some", [](const reading&) { return true; })
      .side<reading>("odd"),
    "side output 'odd' is asked of a stream that is not the direct result of "
    "an operator; keep the operator's stream");
}

TEST_CASE("windows and joins have side outputs for what comes too late") {
  topology_fixture test;
  auto windows = test.keyed().window(tumbling(1s)).count("windows");
  CHECK_NOTHROW(windows.side<reading>("late"));
  CHECK_THROWS_WITH(windows.side<int>("late"),
                    Catch::StartsWith("side output 'late' of operator "
                                      "'windows' has another type"));
  auto both =
    join(test.keyed("left"), test.keyed("right"))
      .between(-1s, 1s)
      .apply("join", [](const reading& x, const reading&) { return x; });
  CHECK_NOTHROW(both.side<reading>("late_left"));
  CHECK_THROWS_WITH(both.side<reading>("late"),
                    "operator 'join' has no side output 'late'; it has "
                    "'late_left', 'late_right'");
}

TEST_CASE("an operator's states and side outputs have names of their own") {
  topology_fixture test;
  CHECK_THROWS_WITH(test.keyed("a").process<twice_named>("op"),
                    "operator 'op' has two states named 'state'; give each its "
                    "own name");
  CHECK_THROWS_WITH(test.keyed("b").process<two_broadcasts>("op"),
                    "operator 'op' has two states named 'rules'; give each its "
                    "own name");
  CHECK_THROWS_WITH(test.keyed("c").process<two_sides>("op"),
                    "operator 'op' has two side outputs named 'side'; give "
                    "each its own name");
}

TEST_CASE("slices and partitions are at least one, and not too many") {
  topology_fixture test;
  auto counts = test.keyed().count("counts");
  CHECK_THROWS_WITH(counts.slices(0), "operator 'counts' is to have 0 slices; "
                                      "give it 1 to 65536");
  CHECK_THROWS_AS(counts.slices(65537), topology_error);
  CHECK_THROWS_WITH(counts.parallelism(0),
                    "operator 'counts' is to have no partitions; give it at "
                    "least 1");
  counts.slices(65536).parallelism(3);
  CHECK(test.graph.operators()[1].slices == 65536u);
  CHECK(test.graph.operators()[1].parallelism == 3u);
  auto both = test.source("more").union_with(test.source("most"));
  CHECK_THROWS_WITH(both.slices(3),
                    "slices is asked of a union; ask it of its parts");
}

TEST_CASE("times are assigned ahead of the first operator with state") {
  topology_fixture test;
  auto time_of = [](const reading& x) { return event_time{x.value}; };
  auto readings = test.source();
  CHECK_NOTHROW(readings.assign_times("times", time_of));
  CHECK_THROWS_WITH(
    readings.key_by(sensor_of).process<sorting>("sorting").assign_times(
      "late", time_of),
    "assign_times 'late' stands behind an operator with state; "
    "assign times right behind the source");
}

TEST_CASE("edges are numbered as declared, and know port and routing "
          "[counterexample 9]") {
  topology_fixture test;
  auto first = test.source("first");
  auto second = test.source("second");
  first.union_with(second).key_by(sensor_of).count("counts").sink(
    "results", recorded<keyed_value<std::uint32_t, std::uint64_t>>{});
  connect(second, first.broadcast());
  auto inputs = test.graph.inputs_of(2);
  REQUIRE(inputs.size() == 2);
  CHECK(inputs[0].from == 0);
  CHECK(inputs[1].from == 1);
  CHECK(inputs[0].how == routing::keyed);
  CHECK(test.graph.outputs_of(2).at(0).how == routing::forward);
  first.rebalance().sink("spread", recorded<reading>{});
  CHECK(test.graph.edges().back().how == routing::rebalance);
  CHECK_NOTHROW(test.graph.validate());
}

TEST_CASE("a fingerprint tells topologies apart, not their builds") {
  auto fingerprint = [](const std::string& topology_name,
                        const std::string& name, int scale) {
    topology graph{topology_name, {}};
    compose(graph, name, scale);
    return graph.fingerprint();
  };
  CHECK(fingerprint("a", "counts", 1) == fingerprint("a", "counts", 2));
  CHECK(fingerprint("a", "counts", 1) != fingerprint("b", "counts", 1));
  CHECK(fingerprint("a", "counts", 1) != fingerprint("a", "tallies", 1));
}

TEST_CASE("fused operators run in the operator before them") {
  topology graph{"test", {}};
  compose(graph, "counts", 1);
  REQUIRE(graph.operators().size() == 3);
  CHECK(graph.operators()[0].fused == std::vector<std::string>{"scale"});
  CHECK(graph.upstream_first() == std::vector<operator_id>{0, 1, 2});
}
