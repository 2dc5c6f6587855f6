// Nodes that are started when they are needed, and stopped when they are not:
// as processes and by commands.
#include "tests/cluster/cluster.hpp"
#include "tests/tools/scratch_folder.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

using namespace braid;
using namespace braid::testing;

namespace {

using strings = std::vector<std::string>;

/// As `--set` takes it; words may have commas in them.
std::string list_setting(const std::string& key, const strings& words) {
  return key + "=" + nlohmann::json(words).dump();
}

/// What starts a worker for the pool.
strings worker_command() {
  strings result{program("braid-node")};
  for (std::string setting :
       {"node.name={name}", "node.supervisor=false", "cluster.nodes={address}",
        "control.listen=127.0.0.1:0", "data.listen=127.0.0.1:0",
        "http.listen=127.0.0.1:0", "cluster.heartbeat=100ms",
        "cluster.lost_after=1s"})
    result.insert(result.end(), {"--set", setting});
  result.insert(
    result.end(),
    {"--set", plugin_setting({BRAID_TEST_PLUGIN_DIR "/test_topologies.so"})});
  return result;
}

/// Nodes that nothing is left of, should a test fail: `with` starts them so.
strings process_pool(const strings& with = {"/usr/bin/setpriv", "--pdeathsig",
                                            "KILL"}) {
  auto command = worker_command();
  command.insert(command.begin(), with.begin(), with.end());
  return {"cluster.heartbeat=100ms",
          "cluster.lost_after=1s",
          "checkpoints.interval=100ms",
          "pool.provider=process",
          "pool.spares=1",
          "pool.give_back_after=2s",
          list_setting("pool.command", command)};
}

std::size_t count_up(const nlohmann::json& answer) {
  std::size_t result = 0;
  for (auto& node : answer["nodes"])
    result += node["state"] == "up";
  return result;
}

void await_nodes(cluster& all, std::size_t count) {
  INFO("waits for " << count << " nodes");
  all.ask_until({"nodes"}, [=](const nlohmann::json& answer) {
    return count_up(answer) == count;
  });
}

/// Uses the spare node for a while, so that there must be another.
void need_a_third_node(cluster& all) {
  scratch_folder folder;
  auto run = all.submit({"slow_numbers", "--set", "rate=100",
                         "output=" + (folder.path() / "numbers").string(),
                         "--parallelism", "2"});
  await_nodes(all, 3);
  all.ask({"cancel", run});
  await_nodes(all, 2);
}

/// The pool's nodes end with the one that supervises.
void stop(cluster& all) {
  all.node(0).running().send(SIGTERM);
  CHECK(all.node(0).running().wait() == 0);
}

/// The processes that the pool says it has started.
std::vector<pid_t> started(const nlohmann::json& nodes) {
  std::vector<pid_t> result;
  const std::string before = ": started: process ";
  for (auto& note : nodes["notes"]) {
    auto text = note.get<std::string>();
    if (auto at = text.find(before); at != text.npos)
      result.push_back(std::stoi(text.substr(at + before.size())));
  }
  return result;
}

} // namespace

TEST_CASE("a spare node is started, used, replaced, and given back") {
  cluster all{1, process_pool()};
  all.start(0);
  await_nodes(all, 2);
  need_a_third_node(all);
  stop(all);
}

TEST_CASE("nodes that die while they are started cost a run nothing") {
  cluster all{2, process_pool()};
  all.start(0);
  all.start(1);
  await_nodes(all, 3);
  scratch_folder folder;
  auto output = folder.path() / "numbers";
  auto run = all.submit({"slow_numbers", "--set", "tuples=20000", "rate=1500",
                         "output=" + output.string(), "--parallelism", "3"});
  std::set<pid_t> killed;
  while (killed.size() < 2) {
    auto nodes = all.ask_until({"nodes"}, [&](const nlohmann::json& answer) {
      auto all_started = started(answer);
      return !all_started.empty() && !killed.contains(all_started.back());
    });
    auto newest = started(nodes).back();
    // It may have joined already, or not even have begun.
    kill(newest, SIGKILL);
    killed.insert(newest);
  }
  auto status =
    all.ask_until({"status", run}, [](const nlohmann::json& answer) {
      return answer["over"].get<bool>();
    });
  INFO(status.dump(2));
  CHECK(status["state"] == "complete");
  auto compared = run_to_end({"/bin/sh", "-c",
                              "cat \"$1\"/part-* | sort -n > \"$1.found\"; "
                              "seq 0 19999 | cmp - \"$1.found\"",
                              "sh", output.string()});
  CHECK(compared.status == 0);
  stop(all);
}

TEST_CASE("what finds no room gets a node, and is decided again") {
  auto settings = process_pool();
  for (std::string setting :
       {"pool.spares=0", "node.max_partitions=3", "scaling.policy=threshold",
        "scaling.interval=300ms", "scaling.consecutive=1",
        "scaling.cool_down=300ms", "scaling.max_parallelism=3"})
    settings.push_back(setting);
  cluster all{1, settings};
  all.start(0);
  scratch_folder folder;
  auto output = folder.path() / "numbers";
  auto run = all.submit({"slow_numbers", "--set", "tuples=30000", "rate=6000",
                         "output=" + output.string(), "--parallelism", "1"});
  // A source, an operator and a sink: there is no room for more here.
  await_nodes(all, 2);
  auto history =
    all.ask_until({"history", run}, [](const nlohmann::json& answer) {
      return answer["decisions"].back()["state"] == "carried out";
    });
  INFO(history.dump(2));
  CHECK_THAT(history["decisions"][0]["problem"].get<std::string>(),
             Catch::Contains("no room for"));
  auto status =
    all.ask_until({"status", run}, [](const nlohmann::json& answer) {
      return answer["over"].get<bool>();
    });
  CHECK(status["state"] == "complete");
  CHECK(status["nodes_wanted"] == 0);
  auto compared = run_to_end({"/bin/sh", "-c",
                              "cat \"$1\"/part-* | sort -n > \"$1.found\"; "
                              "seq 0 29999 | cmp - \"$1.found\"",
                              "sh", output.string()});
  CHECK(compared.status == 0);
  await_nodes(all, 1);
  stop(all);
}

TEST_CASE("nodes that an earlier life has ordered are given back") {
  scratch_folder folder;
  auto settings = process_pool({"/usr/bin/timeout", "-s", "KILL", "120"});
  settings.push_back("journal.folder=" + (folder.path() / "journal").string());
  // Not where the killed one's goes, whose end is waited for.
  settings.push_back("pool.output=" + folder.path().string());
  cluster all{1, settings};
  all.start(0);
  await_nodes(all, 2);
  auto first = started(all.ask({"nodes"}));
  REQUIRE(first.size() == 1);
  all.node(0).running().send(SIGKILL);
  all.node(0).running().wait();
  all.start(0);
  await_nodes(all, 2);
  CHECK(started(all.ask({"nodes"})).empty());
  need_a_third_node(all);
  stop(all);
  // What it took over has ended with it, too; its parent may be slow to notice.
  std::ifstream words{"/proc/" + std::to_string(first[0]) + "/cmdline"};
  CHECK(words.peek() == std::ifstream::traits_type::eof());
}

namespace {

/// Kills what the commands of a test have started, if that is still there.
class started_by_command {
public:
  ~started_by_command() {
    for (auto& file : std::filesystem::directory_iterator{folder.path()})
      if (file.path().extension() == ".pid")
        if (auto process = read(file.path()); process > 0)
          kill(process, SIGKILL);
  }

  static pid_t read(const std::filesystem::path& file) {
    pid_t result = 0;
    std::ifstream{file} >> result;
    return result;
  }

  strings settings() const {
    auto pid = (folder.path() / "{name}.pid").string();
    std::string line = "setsid";
    for (auto& word : worker_command())
      line += " '" + word + "'";
    line += " > '" + (folder.path() / "{name}.log").string()
            + "' 2>&1 & echo $! > '" + pid + "'";
    return {"cluster.heartbeat=100ms",
            "cluster.lost_after=1s",
            "checkpoints.interval=100ms",
            "pool.provider=command",
            "pool.spares=1",
            "pool.give_back_after=2s",
            list_setting("pool.command", {"sh", "-c", line}),
            list_setting(
              "pool.stop_command",
              {"sh", "-c", "kill $(cat '" + pid + "') && rm '" + pid + "'"})};
  }

  scratch_folder folder;
};

} // namespace

TEST_CASE("commands start and stop nodes") {
  started_by_command nodes;
  cluster all{1, nodes.settings()};
  all.start(0);
  await_nodes(all, 2);
  need_a_third_node(all);
}

TEST_CASE("a command that fails is reported, and runs do not notice") {
  cluster all{2,
              {"pool.provider=command", "pool.spares=3", "pool.attempts=1",
               list_setting("pool.command",
                            {"sh", "-c", "echo no room for {name}; exit 3"}),
               "checkpoints.interval=100ms"}};
  all.start_all();
  auto nodes = all.ask_until({"nodes"}, [](const nlohmann::json& answer) {
    return !answer["notes"].empty();
  });
  CHECK_THAT(nodes["notes"][0].get<std::string>(),
             Catch::Contains("failed") && Catch::Contains("status 3"));
  scratch_folder folder;
  auto run = all.submit({"slow_numbers", "--set", "tuples=1000", "rate=1000",
                         "output=" + (folder.path() / "numbers").string(),
                         "--wait", "--limit", "60s"});
  CHECK(all.ask({"status", run})["state"] == "complete");
}
