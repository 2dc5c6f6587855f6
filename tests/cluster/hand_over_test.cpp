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

TEST_CASE("slices change hands on a single node") {
  chain_trial trial{1, quick};
  trial.submit();
  trial.await_progress(100);
  for (auto partitions : {"4", "1"}) {
    trial.all.ask({"scale", trial.run(), "chains", partitions});
    auto status = trial.all.ask({"status", trial.run()});
    CHECK(std::to_string(partitions_of(status, "chains")) == partitions);
  }
  trial.check_output();
}

TEST_CASE("a run that began on a single node uses others that join, and "
          "survives their loss") {
  chain_trial trial{3, quick, 0, true};
  trial.submit();
  trial.await_progress(100);
  trial.all.start_all();
  trial.all.ask({"scale", trial.run(), "chains", "5"});
  auto status = trial.all.ask({"status", trial.run()});
  CHECK(partitions_of(status, "chains") == 5);
  CHECK(status["stable_epoch"] > 0);
  trial.kill(1);
  trial.await_progress(100);
  CHECK(trial.all.ask({"status", trial.run()})["recoveries"] > 1);
  trial.check_output();
}
