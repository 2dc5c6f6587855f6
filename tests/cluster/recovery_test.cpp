// Processes are killed, stopped and cut off while they run a topology: its
// output stays the same, byte for byte.
#include "tests/cluster/cluster.hpp"
#include "tests/tools/scratch_folder.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

using namespace braid;
using namespace braid::testing;

namespace {

std::uint64_t epoch_of(const nlohmann::json& status) {
  return status["operators"].back()["epoch"].get<std::uint64_t>();
}

/// Runs `hash_chains` twice with the same cuts: alone, and amid faults.
class chain_trial {
public:
  chain_trial(std::size_t nodes, std::vector<std::string> settings,
              std::uint64_t poison = 0)
    : all{nodes, std::move(settings)}, poison_(poison) {
    all.start_all();
  }

  void submit() {
    run_ = all.submit(arguments("disturbed", "20000"));
  }

  /// Waits until the sinks have come to an epoch beyond that by `more`.
  void await_progress(std::uint64_t more) {
    auto begin = epoch_of(all.ask({"status", run_}));
    all.ask_until({"status", run_}, [&](const nlohmann::json& status) {
      return status["over"].get<bool>() || epoch_of(status) >= begin + more;
    });
  }

  struct progress {
    std::set<std::uint64_t> stable;      ///< epochs that were seen to be
    std::uint64_t most_replay_bytes = 0; ///< by one node
  };

  /// Looks at the run until it is over.
  progress watch_run() {
    progress result;
    all.ask_until({"status", run_}, [&](const nlohmann::json& status) {
      result.stable.insert(status["stable_epoch"].get<std::uint64_t>());
      std::map<std::string, std::uint64_t> held;
      for (auto& of : status["operators"])
        for (auto& part : of["partitions"])
          held[part["node"]] += part["replay_bytes"].get<std::uint64_t>();
      for (auto& [node, bytes] : held)
        result.most_replay_bytes = std::max(result.most_replay_bytes, bytes);
      return status["over"].get<bool>();
    });
    return result;
  }

  /// The run must not be over: then nothing would have been disturbed.
  void kill(std::size_t node) {
    REQUIRE(all.ask({"status", run_})["state"] == "running");
    all.node(node).running().send(SIGKILL);
    all.node(node).running().wait();
  }

  void check_output() {
    auto status =
      all.ask_until({"status", run_}, [](const nlohmann::json& answer) {
        return answer["over"].get<bool>();
      });
    INFO(status.dump(2));
    REQUIRE(status["state"] == "complete");
    all.submit(arguments("alone", "0"));
    for (auto kind : {"", "-dead"}) {
      auto compared = run_to_end({"/usr/bin/diff", "-rq", path("alone") + kind,
                                  path("disturbed") + kind});
      CHECK(compared.output.empty());
      CHECK(compared.status == 0);
    }
    CHECK(std::filesystem::file_size(path("alone") + "/part-00000") > 0);
  }

  std::string dead_letters() const {
    std::ifstream in{path("disturbed-dead") + "/part-00000"};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  cluster all;

private:
  std::string path(const std::string& name) const {
    return (folder_.path() / name).string();
  }

  std::vector<std::string> arguments(const std::string& output,
                                     const std::string& rate) const {
    std::vector<std::string> result{"hash_chains",
                                    "--set",
                                    "count=100000",
                                    "rate=" + rate,
                                    "output=" + path(output),
                                    "poison=" + std::to_string(poison_),
                                    "--count-cuts",
                                    "20",
                                    "--parallelism",
                                    "3"};
    if (rate == "0")
      result.insert(result.end(), {"--wait", "--limit", "60s"});
    return result;
  }

  std::uint64_t poison_;
  scratch_folder folder_;
  std::string run_;
};

const std::vector<std::string> quick{"cluster.heartbeat=100ms",
                                     "cluster.lost_after=1s",
                                     "checkpoints.interval=100ms"};

} // namespace

TEST_CASE("a killed worker changes no byte of the output") {
  chain_trial trial{3, quick};
  trial.submit();
  trial.await_progress(300);
  trial.kill(1);
  trial.check_output();
}

TEST_CASE("small replay buffers and a long interval change no byte of the "
          "output: checkpoints are taken when buffers fill") {
  auto settings = quick;
  settings.back() = "checkpoints.interval=10m";
  settings.insert(settings.end(), {"checkpoints.replay_memory=256KiB",
                                   "checkpoints.replay_budget=1h"});
  chain_trial trial{3, settings};
  trial.submit();
  auto seen = trial.watch_run();
  INFO(seen.stable.size() << " stable epochs");
  CHECK(seen.stable.size() > 10);
  // Without a limit each node would keep more of what passes it.
  CHECK(seen.most_replay_bytes > 64 << 10);
  CHECK(seen.most_replay_bytes < 512 << 10);
  trial.check_output();
}

TEST_CASE("a small replay budget and a long interval: checkpoints are taken "
          "for the work that a loss would cost") {
  auto settings = quick;
  settings.back() = "checkpoints.interval=10m";
  settings.emplace_back("checkpoints.replay_budget=10ms");
  chain_trial trial{3, settings};
  trial.submit();
  trial.await_progress(300);
  trial.kill(2);
  auto seen = trial.watch_run();
  INFO(seen.stable.size() << " stable epochs");
  CHECK(seen.stable.size() > 3);
  trial.check_output();
}

TEST_CASE("tuples that cannot be processed are dead letters, the same ones "
          "after every loss [counterexample 13]") {
  chain_trial trial{3, quick, 10'000};
  trial.submit();
  trial.await_progress(130);
  trial.kill(1);
  trial.check_output();
  auto letters = trial.dead_letters();
  CHECK_THAT(letters, Catch::Contains("10000: operator 'chains', slice ")
                        && Catch::Contains(": cannot stand 30000\n"));
  CHECK(std::count(letters.begin(), letters.end(), '\n') == 2);
}
