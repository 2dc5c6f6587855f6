// braidctl against real nodes, or none.
#include "tests/cluster/cluster.hpp"
#include "tests/tools/scratch_folder.hpp"

#include <catch2/catch.hpp>

using namespace braid::testing;

namespace {

ended braidctl(std::vector<std::string> arguments,
               const std::vector<std::string>& environment = {}) {
  arguments.insert(arguments.begin(), program("braidctl"));
  return run_to_end(std::move(arguments), environment);
}

} // namespace

TEST_CASE("braidctl without a node says what to do") {
  // The discard port, where nobody listens.
  auto done = braidctl({"--node", "127.0.0.1:9", "list"});
  CHECK(done.status == 1);
  CHECK(done.output.empty());
  CHECK(done.errors
        == "braidctl: no node answers at http://127.0.0.1:9; start one with "
           "braid-node --config FILE or name another with --node\n");
}

TEST_CASE("braidctl takes the node's address from the environment") {
  auto done = braidctl({"list"}, {"BRAID_NODE=http://127.0.0.1:9"});
  CHECK_THAT(done.errors, Catch::Contains("http://127.0.0.1:9;"));
}

TEST_CASE("mistakes on braidctl's command line end with status 2") {
  for (auto& arguments : {std::vector<std::string>{},
                          {"lst"},
                          {"submit"},
                          {"list", "--output", "xml"},
                          {"status"},
                          {"submit", "x", "--parallelism", "0"},
                          {"submit", "x", "--parallelism-of", "words"},
                          {"submit", "x", "--set", "input"},
                          {"submit", "x", "--limit", "5m"},
                          {"submit", "x", "--drop", "y"},
                          {"savepoint"},
                          {"savepoint", "verify"},
                          {"wait", "x", "--limit", "5"},
                          {"list", "--node", "https://127.0.0.1:1"}}) {
    auto done = braidctl(arguments);
    INFO(done.output << done.errors);
    CHECK(done.status == 2);
    CHECK_THAT(done.errors, Catch::StartsWith("braidctl: "));
  }
}

TEST_CASE("a misspelt command is recognised") {
  CHECK(braidctl({"lsit"}).errors
        == "braidctl: there is no command 'lsit'; did you mean 'list'?; see "
           "braidctl --help\n");
}

TEST_CASE("general options may stand behind the command") {
  cluster all{1};
  all.start_all();
  auto done =
    braidctl({"list", "--output", "json", "--node", all.node(0).http()});
  CHECK(done.status == 0);
  CHECK(nlohmann::json::parse(done.output)["runs"].empty());
}

TEST_CASE("runs are listed, shown and cancelled by the beginning of a name") {
  cluster all{2};
  all.start_all();
  auto run = all.submit({"endless", "--parallelism", "2"});
  CHECK(run == "endless-1");
  auto status = all.ask({"status", "en"}, 1);
  CHECK(status["name"] == run);
  CHECK(status["state"] == "running");
  CHECK(status["operators"].size() == 3);
  CHECK(all.ask({"cancel", "e"}, 1)["name"] == run);
  all.ask_until({"status", run}, [](const nlohmann::json& answer) {
    return answer["state"] == "cancelled";
  });
  auto again = all.control({"cancel", run});
  CHECK(again.status == 1);
  CHECK(again.errors == "braidctl: run 'endless-1' is cancelled already\n");
  auto waited = all.control({"wait", run});
  CHECK(waited.status == 1);
  CHECK_THAT(waited.errors,
             Catch::StartsWith("braidctl: endless-1 is cancelled after "));
}

TEST_CASE("ambiguous and unknown names are answered with the candidates") {
  cluster all{1};
  all.start_all();
  CHECK(all.control({"status", "x"}).errors
        == "braidctl: there is no run 'x'; there are none at all\n");
  all.submit({"endless"});
  all.submit({"endless"});
  auto ambiguous = all.control({"status", "endless"});
  CHECK(ambiguous.status == 1);
  CHECK(ambiguous.errors
        == "braidctl: run 'endless' could be any of endless-1, endless-2; "
           "write more of its name\n");
  CHECK(all.control({"submit", "nonsense"}).errors
        == "braidctl: there is no topology 'nonsense'; there are endless, "
           "everything, hash_chains, hash_chains_changed, large_state, "
           "slow_diamond, slow_numbers, slow_sink, stuck, throwing, "
           "two_speeds, word_count\n");
}

TEST_CASE("waiting ends at its limit, and the run goes on") {
  cluster all{1};
  all.start_all();
  auto done = all.control({"submit", "endless", "--wait", "--limit", "100ms"});
  CHECK(done.status == 1);
  CHECK(done.output == "endless-1\n");
  CHECK(done.errors
        == "braidctl: endless-1 is still running after 100ms; it goes on, "
           "unless you cancel it\n");
  CHECK(all.ask({"status", "endless-1"})["state"] == "running");
}

TEST_CASE("mistakes in a submission are the user's to see") {
  cluster all{2};
  all.start_all();
  for (std::size_t asked : {0, 1}) {
    auto done = all.control({"submit", "endless", "--set", "rat=1"}, asked);
    CHECK(done.status == 1);
    CHECK(done.errors
          == "braidctl: topology 'endless' has no setting 'rat'; check its "
             "spelling\n");
    done =
      all.control({"submit", "endless", "--parallelism-of", "nobody=2"}, asked);
    CHECK(done.status == 1);
    CHECK_THAT(done.errors, Catch::Contains("nobody"));
  }
}

TEST_CASE("the tree shows every actor of all nodes") {
  cluster all{2};
  all.start_all();
  all.submit({"endless", "--parallelism", "2"});
  auto done = all.control({"tree"});
  CHECK(done.status == 0);
  for (auto* line :
       {"node supervisor ", "└── node_supervisor ", "    ├── backup_holder ",
        "    ├── topology_supervisor endless-1 ",
        "    │   ├── operator_supervisor numbers ",
        "    │   ├── operator_supervisor digits ",
        "    │   └── operator_supervisor nowhere ", "node worker-1 ",
        "    ├── partition endless-1/numbers/0 ",
        "    └── partition endless-1/nowhere/1 "})
    CHECK_THAT('\n' + done.output, Catch::Contains('\n' + std::string{line}));
  CHECK(done.output.find('\x1b') == std::string::npos);
}

TEST_CASE("what runs hold against the loss of nodes is shown") {
  cluster all{2, {"checkpoints.interval=100ms"}};
  all.start_all();
  auto run = all.submit({"endless", "--parallelism", "2"});
  auto status = all.ask_until({"status", run}, [](const auto& answer) {
    return answer["stable_epoch"] > 0
           && answer["operators"][0]["replay_bytes"] > 0
           && answer["operators"][1]["replay_bytes"] > 0;
  });
  CHECK(status["recoveries"] == 0);
  // Nothing comes after a sink.
  CHECK(status["operators"][2]["replay_bytes"] == 0);
  all.ask_until({"nodes"}, [](const auto& answer) {
    return answer["nodes"][0]["backup_bytes"] > 0
           && answer["nodes"][1]["backup_bytes"] > 0;
  });
  auto tree = all.ask({"tree"});
  for (auto& node : tree["nodes"]) {
    auto& supervisor = node["children"][0];
    auto& holder = supervisor["children"][0];
    CHECK(holder["kind"] == "backup_holder");
    CHECK(holder["actor"] > 0);
    CHECK(holder["actor"] != supervisor["actor"]);
    CHECK(holder["backup_bytes"] > 0);
  }
  CHECK_THAT(all.control({"status", run}).output,
             Catch::Contains("\nstable epoch  ")
               && Catch::Contains("\nrecoveries    0\n"));
}

TEST_CASE("a run that is over shows all that it did from the first moment") {
  braid::scratch_folder folder;
  cluster all{2};
  all.start_all();
  for (int i = 0; i < 10; ++i) {
    auto output = (folder.path() / std::to_string(i)).string();
    auto run = all.submit({"hash_chains", "--set", "count=4000",
                           "output=" + output, "--parallelism", "2"});
    nlohmann::json status;
    do
      status = all.ask({"status", run});
    while (!status["over"].get<bool>());
    auto& operators = status["operators"];
    CHECK(operators.front()["tuples_out"] == 4'000);
    CHECK(operators[1]["tuples_in"] == 4'000);
    CHECK(operators.front()["epoch"] > 0);
  }
}
