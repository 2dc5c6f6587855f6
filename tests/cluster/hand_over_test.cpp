// Operators get other partitions, and nodes are drained, while processes run a
// topology: its output stays the same, byte for byte.
#include "tests/cluster/chain_trial.hpp"

#include <catch2/catch.hpp>

using namespace braid;
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

TEST_CASE("cuts that are recorded stay so when checkpoints begin later") {
  scratch_folder folder;
  auto path = [&](const char* name) { return (folder.path() / name).string(); };
  cluster all{2, quick};
  all.start(0);
  auto submit = [&](const char* output, const char* rate, const char* option) {
    return all.submit({"hash_chains", "--set", "count=100000",
                       std::string{"rate="} + rate, "poison=0",
                       "output=" + path(output), option, path("cuts"),
                       "--parallelism", "2"});
  };
  auto await = [&](const std::string& run, const auto& enough) {
    auto status = all.ask_until({"status", run}, [&](auto& answer) {
      return answer["over"].template get<bool>() || enough(answer);
    });
    return status["state"].template get<std::string>();
  };
  auto never = [](auto&) { return false; };
  auto run = submit("recorded", "20000", "--record-cuts");
  // So many that some are on the disk.
  CHECK(await(run, [](auto& x) { return epoch_of(x) > 300; }) == "running");
  all.start_all();
  CHECK(await(run, never) == "complete");
  CHECK(await(submit("repeated", "0", "--repeat-cuts"), never) == "complete");
  auto compared =
    run_to_end({"/usr/bin/diff", "-rq", path("recorded"), path("repeated")});
  CHECK(compared.output.empty());
  CHECK(compared.status == 0);
}
