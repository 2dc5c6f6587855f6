// Nodes find each other, and part.
#include "tests/cluster/cluster.hpp"

#include <catch2/catch.hpp>

using namespace braid::testing;

namespace {

/// The states of the nodes, by name.
std::map<std::string, std::string> states(const nlohmann::json& answer) {
  std::map<std::string, std::string> result;
  for (auto& node : answer["nodes"])
    result[node["name"]] = node["state"];
  return result;
}

} // namespace

TEST_CASE("three nodes find each other in any order of starting") {
  for (auto& order :
       {std::vector<std::size_t>{0, 1, 2}, {1, 2, 0}, {2, 0, 1}}) {
    cluster all{3};
    for (auto number : order)
      all.start(number);
    all.start_all();
    std::map<std::string, std::string> expected{
      {"supervisor", "up"}, {"worker-1", "up"}, {"worker-2", "up"}};
    for (std::size_t asked : {0, 1, 2})
      CHECK(states(all.ask({"nodes"}, asked)) == expected);
  }
}

TEST_CASE("a worker that was stopped comes back under its name") {
  cluster all{2};
  all.start_all();
  all.node(1).running().send(SIGTERM);
  CHECK(all.node(1).running().wait() == 0);
  auto is = [](const std::string& state) {
    return [state](const nlohmann::json& answer) {
      return states(answer)["worker-1"] == state;
    };
  };
  all.ask_until({"nodes"}, is("lost"));
  all.start(1);
  all.ask_until({"nodes"}, is("up"));
}

TEST_CASE("a worker without a supervisor says so") {
  cluster all{2};
  all.start(1);
  auto done =
    run_to_end({program("braidctl"), "--node", all.node(1).http(), "list"});
  CHECK(done.status == 1);
  CHECK(done.errors
        == "braidctl: node 'worker-1' has not met a node that supervises; "
           "check cluster.nodes and start that node\n");
}
