// How nodes end: in order, and in time.
#include "tests/cluster/cluster.hpp"

#include <catch2/catch.hpp>

using namespace braid::testing;

TEST_CASE("SIGTERM and SIGINT end an idle node") {
  for (auto signal : {SIGTERM, SIGINT}) {
    node_process node{{}};
    node.http();
    node.running().send(signal);
    CHECK(node.running().wait() == 0);
  }
}

// A node that took its whole time limit of 5 s would end with status 1.

TEST_CASE("SIGTERM ends a node in order while a topology runs") {
  cluster all{1};
  all.start_all();
  all.submit({"endless", "--parallelism", "2"});
  all.node(0).running().send(SIGTERM);
  CHECK(all.node(0).running().wait() == 0);
}

TEST_CASE("SIGTERM ends all nodes of a topology that runs") {
  cluster all{3};
  all.start_all();
  all.submit({"endless", "--parallelism", "3"});
  for (std::size_t i : {1, 0, 2})
    all.node(i).running().send(SIGTERM);
  for (std::size_t i : {0, 1, 2})
    CHECK(all.node(i).running().wait() == 0);
}

namespace {

/// A node with an operator that does not come back from its first epoch.
struct stuck_node {
  cluster all;

  explicit stuck_node(const std::string& setting) : all(1, {setting}) {
    all.start_all();
    auto run = all.submit({"stuck", "--parallelism", "1", "--set", "at=0"});
    all.ask_until({"status", run}, [](const nlohmann::json& answer) {
      auto& digits = answer["operators"][1];
      return digits["partitions"][0]["state"] == "busy";
    });
  }

  process& running() {
    return all.node(0).running();
  }
};

} // namespace

TEST_CASE("a node ends by force when an operator does not come back") {
  stuck_node node{"timeouts.stop=1s"};
  node.running().send(SIGTERM);
  CHECK(node.running().wait() == 1);
  CHECK_THAT(node.running().errors(), Catch::Contains("did not end in time"));
}

TEST_CASE("a second signal ends a node at once") {
  stuck_node node{"timeouts.stop=1h"};
  node.running().send(SIGTERM);
  // Before it has taken the first one, a second one would be the same.
  node.running().complaint("stopping");
  node.running().send(SIGTERM);
  CHECK(node.running().wait() == 1);
}
