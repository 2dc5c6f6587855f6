// Operators get other partitions, and nodes are drained, while processes run a
// topology: its output stays the same, byte for byte.
#include "tests/cluster/chain_trial.hpp"

#include <catch2/catch.hpp>

using namespace braid::testing;

namespace {

/// How many partitions an operator has.
std::size_t partitions_of(const nlohmann::json& status, const std::string& of) {
  for (auto& each : status["operators"])
    if (each["name"] == of)
      return each["parallelism"].get<std::size_t>();
  return 0;
}

} // namespace

TEST_CASE("other partitions change no byte of the output") {
  chain_trial trial{3, quick};
  trial.submit();
  trial.await_progress(100);
  for (auto partitions : {"4", "1", "2"}) {
    trial.all.ask({"scale", trial.run(), "chains", partitions});
    auto status = trial.all.ask({"status", trial.run()});
    CHECK(std::to_string(partitions_of(status, "chains")) == partitions);
  }
  auto status = trial.all.ask({"status", trial.run()});
  CHECK(status["recoveries"] == 0);
  CHECK(status["hand_overs"] == 3);
  trial.check_output();
}

TEST_CASE("a drained node runs nothing, and can be stopped without loss") {
  chain_trial trial{3, quick};
  trial.submit();
  trial.await_progress(100);
  trial.all.ask({"drain", cluster::name_of(2)});
  auto nodes = trial.all.ask({"nodes"});
  for (auto& node : nodes["nodes"])
    if (node["name"] == cluster::name_of(2))
      CHECK(node["partitions"] == 0);
  trial.kill(2);
  trial.check_output();
}

TEST_CASE("nodes that are lost amid a hand-over change no byte of the output") {
  chain_trial trial{4, quick};
  trial.submit();
  trial.await_progress(100);
  for (auto victim : {1, 2, 3}) {
    // Whatever has come of it when the node dies.
    trial.all.control({"scale", trial.run(), "chains",
                       victim % 2 == 0 ? "1" : "5", "--timeout", "100ms"});
    trial.kill(static_cast<std::size_t>(victim));
    trial.all.start(static_cast<std::size_t>(victim));
    trial.await_progress(100);
  }
  trial.check_output();
}
