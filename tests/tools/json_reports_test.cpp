#include "tests/tools/reports.hpp"
#include "tools/json_reports.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace braid;
using namespace braid::testing;

namespace {

std::vector<std::string> names_in(const json& list) {
  std::vector<std::string> result;
  for (auto& each : list)
    result.push_back(each.at("name").get<std::string>());
  return result;
}

} // namespace

TEST_CASE("nodes are listed with the supervising one first") {
  auto nodes = nodes_json(made_up_cluster())["nodes"];
  CHECK(names_in(nodes) == std::vector<std::string>{"boss", "worker"});
  CHECK(nodes[0]["state"] == "up");
  CHECK(nodes[0]["partitions"] == 2);
  CHECK(nodes[0]["incarnation"] == "18446744073709551615");
  CHECK(nodes[1]["supervisor"] == false);
  CHECK(nodes[1]["last_heard_us"] == 120'000);
  CHECK(nodes[1]["busy_percent"] == 54.3);
  CHECK(nodes[0]["backup_bytes"] == 0);
  CHECK(nodes[1]["backup_bytes"] == 5'120);
}

TEST_CASE("a lost node keeps its place, but nothing runs there") {
  auto cluster = made_up_cluster();
  cluster.nodes[0].lost = true;
  auto node = nodes_json(cluster)["nodes"][1];
  CHECK(node["state"] == "lost");
  CHECK(node["partitions"] == 0);
  CHECK(node["backup_bytes"] == 0);
  auto run = run_json(cluster, cluster.runs[1]);
  CHECK(run["operators"][1]["partitions"].size() == 1);
  CHECK(tree_json(cluster)["nodes"][1]["children"].empty());
}

TEST_CASE("runs are listed with what sources read, and what can be submitted") {
  auto answer = runs_json(made_up_cluster());
  auto& runs = answer["runs"];
  CHECK(names_in(runs)
        == std::vector<std::string>{"word_count-1", "word_count-2"});
  CHECK(runs[0]["state"] == "failed");
  CHECK(runs[0]["over"] == true);
  CHECK(runs[0]["reason"] == "node x is lost");
  CHECK(runs[0]["ended_at_us"] == 1'700'000'004'200'000);
  CHECK(runs[0]["partitions_done"] == 1);
  CHECK(runs[0]["stable_epoch"] == 0);
  CHECK(runs[0]["recoveries"] == 0);
  CHECK(runs[1]["ended_at_us"].is_null());
  CHECK(runs[1]["stable_epoch"] == 38);
  CHECK(runs[1]["recoveries"] == 1);
  CHECK(runs[1]["partitions"] == 3);
  CHECK(runs[1]["tuples_per_second"] == 12'345);
  CHECK(answer["topologies"] == json{"join", "word_count"});
}

TEST_CASE("a run shows its operators and their partitions in order") {
  auto cluster = made_up_cluster();
  auto run = run_json(cluster, cluster.runs[1]);
  auto& counts = run["operators"][1];
  CHECK(counts["name"] == "counts");
  CHECK(counts["parallelism"] == 2);
  CHECK(counts["tuples_in"] == 10'000);
  // That of the one that is behind.
  CHECK(counts["epoch"] == 40);
  CHECK(counts["partitions"][0]["node"] == "boss");
  CHECK(counts["partitions"][1]["node"] == "worker");
  CHECK(counts["partitions"][1]["state"] == "busy");
  CHECK(counts["replay_bytes"] == 0);
  CHECK(run["operators"][0]["replay_bytes"] == 1'310'720);
  CHECK(run["operators"][0]["partitions"][0]["replay_bytes"] == 1'310'720);
  CHECK(run["operators"][0]["fused"] == json::array({"words"}));
}

TEST_CASE("the tree leads from nodes to supervisors and partitions") {
  auto nodes = tree_json(made_up_cluster())["nodes"];
  CHECK(nodes[0]["kind"] == "node");
  auto& top = nodes[0]["children"][0];
  CHECK(top["kind"] == "node_supervisor");
  CHECK(top["actor"] == 6);
  // The run that is over has no actors.
  REQUIRE(top["children"].size() == 4);
  auto& topology = top["children"][1];
  CHECK(topology["kind"] == "topology_supervisor");
  CHECK(topology["name"] == "word_count-2");
  CHECK(names_in(topology["children"])
        == std::vector<std::string>{"lines", "counts"});
  CHECK(topology["children"][0]["kind"] == "operator_supervisor");
  CHECK(topology["children"][0]["operator_kind"] == "source");
  CHECK(top["children"][2]["name"] == "word_count-2/lines/0");
  CHECK(nodes[1]["children"][0]["children"][1]["name"]
        == "word_count-2/counts/1");
}

TEST_CASE("the tree shows who holds backups on each node") {
  auto nodes = tree_json(made_up_cluster())["nodes"];
  CHECK(nodes[1]["children"][0]["children"][0]
        == json{{"kind", "backup_holder"},
                {"actor", 8},
                {"backup_bytes", 5'120},
                {"children", json::array()}});
}
