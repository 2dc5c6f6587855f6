// A run whose output is compared, byte for byte, with that of the same run left
// alone.
#pragma once

#include "tests/cluster/cluster.hpp"
#include "tests/tools/scratch_folder.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace braid::testing {

/// How far the sinks of a run have come.
inline std::uint64_t epoch_of(const nlohmann::json& status) {
  return status["operators"].back()["epoch"].get<std::uint64_t>();
}

/// Runs `hash_chains` twice with the same cuts: alone, and amid faults.
class chain_trial {
public:
  /// Dead letters are made of the numbers `poison`, twice and thrice that,
  /// unless it is 0. `first`: of the nodes only the first is started.
  chain_trial(std::size_t nodes, std::vector<std::string> settings,
              std::uint64_t poison = 0, bool first = false)
    : all{nodes, std::move(settings)}, poison_(poison) {
    if (first)
      all.start(0);
    else
      all.start_all();
  }

  void submit() {
    run_ = all.submit(arguments("disturbed", "20000"));
  }

  /// Does not wait until it has started. `run` is to be its name.
  std::unique_ptr<process> begin_to_submit(const std::string& run) {
    run_ = run;
    std::vector<std::string> command{program("braidctl"), "--node",
                                     all.node(0).http(), "submit"};
    auto more = arguments("disturbed", "20000");
    command.insert(command.end(), more.begin(), more.end());
    return std::make_unique<process>(std::move(command));
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

  const std::string& run() const {
    return run_;
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

/// Settings by which losses are soon noticed.
inline const std::vector<std::string> quick{"cluster.heartbeat=100ms",
                                            "cluster.lost_after=1s",
                                            "checkpoints.interval=100ms"};

} // namespace braid::testing
