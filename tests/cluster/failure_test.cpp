// What becomes of a run when something in it fails, and of the cluster.
#include "tests/cluster/cluster.hpp"
#include "tests/tools/scratch_folder.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::testing;

namespace {

bool is_over(const nlohmann::json& run) {
  return run["over"].get<bool>();
}

} // namespace

TEST_CASE("without checkpoints a run that throws fails with operator, slice "
          "and epoch") {
  cluster all{2, {"checkpoints.enabled=false"}};
  all.start_all();
  auto run = all.submit({"throwing", "--parallelism", "2"});
  auto status = all.ask_until({"status", run}, is_over);
  CHECK(status["state"] == "failed");
  CHECK_THAT(status["reason"].get<std::string>(),
             Catch::Matches("partition digits/[01]: operator 'digits', slice "
                            "[0-9]+, epoch [0-9]+: cannot stand 1000; only a "
                            "run with checkpoints, on several nodes, can begin "
                            "again and pass over what fails"));
  auto listed = all.control({"list"});
  CHECK_THAT(listed.output, Catch::Contains("operator 'digits', slice "));
}

TEST_CASE("a run passes over a tuple that an aggregate cannot add") {
  cluster all{2};
  all.start_all();
  auto run = all.submit({"throwing", "--parallelism", "2"});
  auto status =
    all.ask_until({"status", run}, [](const nlohmann::json& answer) {
      return is_over(answer)
             || (answer["recoveries"] >= 3 && answer["stable_epoch"] > 100);
    });
  CHECK(status["state"] == "running");
}

TEST_CASE("the cluster goes on after a run has failed") {
  cluster all{2, {"checkpoints.enabled=false"}};
  all.start_all();
  auto failing = all.submit({"throwing"});
  auto healthy = all.submit({"endless"});
  all.ask_until({"status", failing}, is_over);
  CHECK(all.ask({"status", healthy})["state"] == "running");
}

TEST_CASE(
  "without checkpoints a killed worker fails the run, and the cluster goes "
  "on") {
  cluster all{3,
              {"cluster.heartbeat=100ms", "cluster.lost_after=1s",
               "checkpoints.enabled=false"}};
  all.start_all();
  auto run = all.submit({"endless", "--parallelism", "3"});
  all.node(1).running().send(SIGKILL);
  CHECK(all.node(1).running().wait() == -SIGKILL);
  auto status = all.ask_until({"status", run}, is_over);
  CHECK(status["state"] == "failed");
  CHECK_THAT(status["reason"].get<std::string>(), Catch::Contains("worker-1"));

  scratch_folder folder;
  auto input = folder.write("text", "to be or not to be\n").string();
  all.ask_until({"nodes"}, [](const nlohmann::json& answer) {
    return answer["nodes"][1]["state"] == "lost";
  });
  auto done = all.control({"submit", "word_count", "--set", "input=" + input,
                           "output=" + (folder.path() / "counts").string(),
                           "slices=1", "--wait", "--limit", "60s"});
  INFO(done.errors);
  CHECK(done.status == 0);
  CHECK(text_of(folder.path() / "counts" / "part-00000").size()
        == std::string{"be 2\nnot 1\nor 1\nto 2\n"}.size());
}

TEST_CASE("a supervisor that is killed leaves no run behind on workers") {
  cluster all{2, {"cluster.heartbeat=100ms", "cluster.lost_after=1s"}};
  all.start_all();
  all.submit({"endless", "--parallelism", "2"});
  all.node(0).running().send(SIGKILL);
  all.node(0).running().wait();
  all.start(0);
  auto nodes = all.ask_until({"nodes"}, [](const nlohmann::json& answer) {
    return answer["nodes"].size() == 2;
  });
  CHECK(nodes["nodes"][1]["partitions"] == 0);
  CHECK(all.ask({"list"})["runs"].empty());
}

TEST_CASE("a worker that hangs is lost, and comes back without its part of the "
          "run") {
  cluster all{2, {"cluster.heartbeat=100ms", "cluster.lost_after=1s"}};
  all.start_all();
  auto run = all.submit({"endless", "--parallelism", "2"});
  auto worker_is = [](const std::string& state) {
    return [state](const nlohmann::json& answer) {
      return answer["nodes"][1]["state"] == state;
    };
  };
  all.node(1).running().send(SIGSTOP);
  all.ask_until({"nodes"}, worker_is("lost"));
  all.node(1).running().send(SIGCONT);
  all.ask_until({"nodes"}, worker_is("up"));
  // What is left of the run there is stopped, and goes on elsewhere.
  auto nodes = all.ask_until({"nodes"}, [](const nlohmann::json& answer) {
    return answer["nodes"][1]["partitions"] == 0;
  });
  CHECK(nodes["nodes"][0]["partitions"] == 6);
  auto epoch_of = [](const nlohmann::json& status) {
    return status["operators"][2]["epoch"].get<std::uint64_t>();
  };
  auto before = epoch_of(all.ask({"status", run}));
  all.ask_until({"status", run}, [&](const nlohmann::json& status) {
    return epoch_of(status) > before;
  });
}
