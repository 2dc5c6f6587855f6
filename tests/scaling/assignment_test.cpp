#include "scaling/assignment.hpp"

#include "operators/collect_sink.hpp"
#include "operators/stream.hpp"

#include <catch2/catch.hpp>

using namespace braid;

namespace {

struct counted_source {
  using value_type = std::uint64_t;

  std::uint32_t count = 1;

  std::uint32_t splits() const {
    return count;
  }

  std::unique_ptr<source_reader<std::uint64_t>>
  open(std::uint32_t, const source_context&) const {
    return nullptr;
  }
};

class passing final : public unkeyed_operator<std::uint64_t> {
public:
  void on(const std::uint64_t& x) {
    emit(x);
  }
};

auto to_sink(bool keep_slices = true) {
  return collect(std::make_shared<collected<std::uint64_t>>(),
                 {.keep_slices = keep_slices});
}

/// A source of `splits` splits, an operator without keys, a sink.
std::unique_ptr<topology> line(std::uint32_t splits) {
  auto graph = std::make_unique<topology>("line", settings{});
  graph->source("source", counted_source{splits})
    .process<passing>("pass")
    .sink("sink", to_sink());
  return graph;
}

} // namespace

TEST_CASE("slices are shared out evenly, neighbours together") {
  auto owners = assign_evenly(*line(7), {3, {}}, 1);
  REQUIRE(owners.size() == 3);
  for (auto& one : owners) {
    CHECK(one.table == slice_table{0, 0, 0, 1, 1, 2, 2});
    CHECK(one.partitions() == 3);
    CHECK(one.slices() == 7);
  }
}

TEST_CASE("no operator has more partitions than slices") {
  auto owners = assign_evenly(*line(2), {5, {}}, 1);
  for (auto& one : owners) {
    CHECK(one.table == slice_table{0, 1});
    CHECK(one.partitions() == 2);
  }
}

TEST_CASE("partitions go round the nodes, over all operators") {
  topology graph{"test", settings{}};
  graph.source("a", counted_source{3}).sink("a sink", to_sink(false));
  graph.source("b", counted_source{3}).sink("b sink", to_sink(false));
  auto owners = assign_evenly(graph, {3, {}}, 2);
  using nodes = std::vector<node_index>;
  CHECK(owners[0].nodes == nodes{0, 1, 0});
  CHECK(owners[1].nodes == nodes{1});
  CHECK(owners[2].nodes == nodes{0, 1, 0});
  CHECK(owners[3].nodes == nodes{1});
}

TEST_CASE("partitions that keep the slice run where their upstream does") {
  auto owners = assign_evenly(*line(5), {5, {}}, 2);
  for (auto& one : owners)
    CHECK(one.nodes == std::vector<node_index>{0, 1, 0, 1, 0});
  // With other partitions there is nobody to follow.
  auto fewer = assign_evenly(*line(5), {5, {{"pass", 2}}}, 2);
  CHECK(fewer[1].nodes == std::vector<node_index>{1, 0});
}

TEST_CASE("the submission says how many partitions, by name first, then the "
          "topology") {
  topology graph{"test", settings{}};
  graph.source("source", counted_source{8})
    .parallelism(3)
    .process<passing>("pass")
    .parallelism(2)
    .sink("sink", to_sink());
  auto owners = assign_evenly(graph, {4, {{"pass", 5}}}, 1);
  CHECK(owners[0].partitions() == 3);
  CHECK(owners[1].partitions() == 5);
  CHECK(owners[2].partitions() == 4);
}

TEST_CASE("operators have as many slices as they ask for, or as is usual") {
  topology graph{"test", settings{}};
  auto source = graph.source("source", counted_source{5});
  auto key = [](const std::uint64_t& x) { return x; };
  source.key_by(key).count("keyed").sink(
    "256", collect(std::make_shared<
                   collected<keyed_value<std::uint64_t, std::uint64_t>>>()));
  source.process<passing>("as upstream").sink("5", to_sink());
  source.process<passing>("asked").slices(9).sink("9", to_sink());
  source.process<passing>("one").sink("1", to_sink(false));
  auto owners = assign_evenly(graph, {}, 1);
  auto slices_of = [&](const std::string& name) {
    for (operator_id id = 0; id < owners.size(); ++id)
      if (graph.operators()[id].name == name)
        return owners[id].slices();
    return 0u;
  };
  CHECK(slices_of("source") == 5);
  CHECK(slices_of("keyed") == topology::default_slices);
  CHECK(slices_of("as upstream") == 5);
  CHECK(slices_of("5") == 5);
  CHECK(slices_of("asked") == 9);
  CHECK(slices_of("9") == 9);
  CHECK(slices_of("1") == 1);
}

TEST_CASE("of several streams the one with the most slices counts, unless it "
          "is broadcast") {
  struct apply_rules final : unkeyed_operator<std::uint64_t> {
    void on(const std::uint64_t& x) {
      emit(x);
    }
    void on_broadcast(const std::uint64_t&) {}
  };
  topology graph{"test", settings{}};
  auto few = graph.source("few", counted_source{3});
  auto more = graph.source("more", counted_source{4});
  auto most = graph.source("most", counted_source{9});
  connect(few.union_with(more), most.broadcast())
    .process<apply_rules>("rules")
    .sink("sink", to_sink());
  CHECK(assign_evenly(graph, {}, 1)[3].slices() == 4);
}

TEST_CASE("a forward edge between unequal numbers of slices is rebalanced "
          "[counterexample 7]") {
  topology graph{"test", settings{}};
  auto source = graph.source("source", counted_source{4});
  source.process<passing>("same").sink("same sink", to_sink());
  source.process<passing>("other").slices(5).sink("other sink", to_sink());
  auto owners = assign_evenly(graph, {2, {}}, 1);
  for (auto& edge : graph.edges()) {
    auto& to = graph.operators()[edge.to].name;
    CHECK(routing_of(edge, owners)
          == (to == "other" ? routing::rebalance : routing::forward));
  }
}

TEST_CASE("a partition is told its slices and where its output goes") {
  auto graph = line(5);
  auto owners = assign_evenly(*graph, {2, {{"sink", 3}}}, 1);
  auto setup = setup_of(*graph, owners, 1, 1, 1'000);
  CHECK(setup.topology == "line");
  CHECK(setup.operator_name == "pass");
  CHECK(setup.partition == 1);
  CHECK(setup.slices.ids() == std::vector<slice_id>{3, 4});
  CHECK(setup.slices.total() == 5);
  REQUIRE(setup.targets.size() == 1);
  CHECK(setup.targets[0].edge == 1);
  CHECK(setup.targets[0].how == routing::forward);
  CHECK(setup.targets[0].slices == slice_table{0, 0, 1, 1, 2});
  CHECK(setup.targets[0].partitions == 3);
  CHECK(setup.targets[0].batch_bytes == 1'000);
}

TEST_CASE("a parallelism that cannot be is refused by name") {
  CHECK_THROWS_WITH(assign_evenly(*line(2), {1, {{"pas", 2}}}, 1),
                    Catch::Contains("'pas'") && Catch::Contains("'line'"));
  CHECK_THROWS_WITH(assign_evenly(*line(2), {1, {{"pass", 0}}}, 1),
                    Catch::Contains("'pass'") && Catch::Contains("at least 1"));
  CHECK_THROWS_AS(assign_evenly(*line(2), {0, {}}, 1), topology_error);
}

TEST_CASE("a source must have some splits, but not too many") {
  CHECK_THROWS_WITH(assign_evenly(*line(0), {}, 1),
                    Catch::Contains("'source'")
                      && Catch::Contains("nothing to read"));
  CHECK_THROWS_WITH(assign_evenly(*line(max_slices + 1), {}, 1),
                    Catch::Contains("'source'") && Catch::Contains("65536"));
  CHECK(assign_evenly(*line(max_slices), {}, 1)[0].slices() == max_slices);
}
