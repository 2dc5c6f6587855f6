// Savepoints of real processes: the output of a run that is cancelled and begun
// again from one is that of an undisturbed run, byte for byte.
#include "tests/cluster/cluster.hpp"
#include "tests/tools/scratch_folder.hpp"

#include <catch2/catch.hpp>
#include <fstream>

using namespace braid;
using namespace braid::testing;

namespace {

namespace fs = std::filesystem;

/// Runs `hash_chains` with cuts that follow from its input alone.
class savepoint_trial {
public:
  explicit savepoint_trial(std::size_t nodes,
                           std::vector<std::string> settings = {})
    : settings_(std::move(settings)) {
    settings_.insert(settings_.end(),
                     {"savepoints.directory=" + path("savepoints"),
                      "checkpoints.interval=100ms"});
    start(nodes);
  }

  void start(std::size_t nodes, const std::vector<std::string>& more = {}) {
    settings_.insert(settings_.end(), more.begin(), more.end());
    all.reset();
    all = std::make_unique<cluster>(nodes, settings_);
    all->start_all();
  }

  std::string path(const std::string& name) const {
    return (folder_.path() / name).string();
  }

  std::string submit(const std::string& output, const std::string& rate,
                     const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"hash_chains",
                                       "--set",
                                       "count=100000",
                                       "rate=" + rate,
                                       "output=" + path(output),
                                       "--count-cuts",
                                       "20",
                                       "--parallelism",
                                       "3"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return all->submit(std::move(arguments));
  }

  void await_epoch(const std::string& run, std::uint64_t epoch) {
    all->ask_until({"status", run}, [&](const nlohmann::json& status) {
      return status["operators"].back()["epoch"].get<std::uint64_t>() >= epoch;
    });
  }

  /// A run that is cancelled somewhere after its savepoint `name`.
  void disturb(const std::string& name) {
    auto run = submit("disturbed", "20000");
    await_epoch(run, 100);
    auto taken = all->ask({"savepoint", run, "--as", name});
    CHECK(taken["state"] == "written");
    auto epoch = taken["epoch"].get<std::uint64_t>();
    await_epoch(run, epoch + 50);
    REQUIRE(all->ask({"status", run})["state"] == "running");
    cancel(run);
  }

  void cancel(const std::string& run) {
    all->ask({"cancel", run});
    all->ask_until({"status", run}, [](const nlohmann::json& status) {
      return status["over"].get<bool>();
    });
  }

  /// Goes on from `name`, without a limit to the rate.
  ended go_on(const std::string& name, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"submit", "hash_chains", "--from", name, "--set",
                               "rate=0", "--wait", "--limit", "60s"});
    return all->control(std::move(more));
  }

  void check_output() {
    submit("alone", "0", {"--wait", "--limit", "60s"});
    auto compared =
      run_to_end({"/usr/bin/diff", "-rq", path("alone"), path("disturbed")});
    CHECK(compared.output.empty());
    CHECK(compared.status == 0);
    CHECK(fs::file_size(path("alone") + "/part-00000") > 0);
  }

  std::unique_ptr<cluster> all;

private:
  scratch_folder folder_;
  std::vector<std::string> settings_;
};

void check_succeeded(const ended& done) {
  CHECK(done.errors.empty());
  CHECK(done.status == 0);
}

} // namespace

TEST_CASE("a run goes on from a savepoint with another parallelism") {
  savepoint_trial trial{2};
  trial.disturb("daily");
  check_succeeded(trial.go_on("daily", {"--parallelism", "2"}));
  trial.check_output();
}

TEST_CASE("a run goes on from a savepoint on other nodes") {
  savepoint_trial trial{3};
  trial.disturb("daily");
  trial.start(1);
  check_succeeded(trial.go_on("daily", {"--parallelism", "1"}));
  trial.check_output();
}

TEST_CASE("a node alone takes savepoints, with nobody to keep checkpoints") {
  savepoint_trial trial{1};
  trial.disturb("daily");
  trial.start(2);
  check_succeeded(trial.go_on("daily"));
  trial.check_output();
}

TEST_CASE("a run from a savepoint survives the loss of a node at once") {
  savepoint_trial trial{3,
                        {"cluster.heartbeat=100ms", "cluster.lost_after=1s"}};
  trial.disturb("daily");
  auto& all = *trial.all;
  auto run = all.submit(
    {"hash_chains", "--from", trial.path("savepoints") + "/daily.savepoint"});
  all.node(1).running().send(SIGKILL);
  auto status = all.ask_until({"status", run}, [](const auto& answer) {
    return answer["over"].template get<bool>();
  });
  INFO(status.dump(2));
  CHECK(status["state"] == "complete");
  trial.check_output();
}

namespace {

/// Begins a run from savepoint "daily" that takes no checkpoint for long, and
/// kills the node that supervises it.
std::string lose_supervisor(savepoint_trial& trial) {
  trial.disturb("daily");
  trial.start(3, {"journal.folder=" + trial.path("journal"),
                  "cluster.heartbeat=100ms", "cluster.lost_after=1s",
                  "checkpoints.interval=1h", "checkpoints.replay_budget=1h"});
  auto& all = *trial.all;
  auto run = all.submit({"hash_chains", "--from", "daily"});
  auto begun = all.ask({"status", run})["stable_epoch"].get<std::uint64_t>();
  CHECK(begun > 0);
  trial.await_epoch(run, begun + 50);
  auto status = all.ask({"status", run});
  REQUIRE(status["state"] == "running");
  REQUIRE(status["stable_epoch"] == begun);
  all.node(0).running().send(SIGKILL);
  all.node(0).running().wait();
  return run;
}

nlohmann::json await_end(cluster& all, const std::string& run) {
  return all.ask_until({"status", run}, [](const nlohmann::json& status) {
    return status["over"].get<bool>();
  });
}

} // namespace

TEST_CASE("[39] a supervisor that is started again before the first checkpoint "
          "of a run from a savepoint reads that savepoint again") {
  savepoint_trial trial{3};
  auto run = lose_supervisor(trial);
  trial.all->start(0);
  auto status = await_end(*trial.all, run);
  INFO(status.dump(2));
  CHECK(status["state"] == "complete");
  trial.check_output();
}

TEST_CASE("a run fails and says why if the savepoint that it needs again is "
          "gone") {
  savepoint_trial trial{3};
  auto run = lose_supervisor(trial);
  fs::remove(trial.path("savepoints") + "/daily.savepoint");
  trial.all->start(0);
  auto status = await_end(*trial.all, run);
  CHECK(status["state"] == "failed");
  CHECK_THAT(status["reason"].get<std::string>(),
             Catch::Contains("daily.savepoint', which " + run
                             + " began from, cannot be used any more"));
}

TEST_CASE("a savepoint of a run of which much has ended is whole") {
  savepoint_trial trial{1};
  auto& all = *trial.all;
  // One source ends at once, the other after five seconds.
  auto run = all.submit({"two_speeds", "--set", "rate=4000",
                         "output=" + trial.path("disturbed"), "--count-cuts",
                         "20", "--parallelism", "2"});
  all.ask_until({"status", run}, [](const nlohmann::json& status) {
    return status["operators"][0]["partitions_done"] == 2;
  });
  all.ask({"savepoint", run, "--as", "late"});
  trial.cancel(run);
  check_succeeded(
    all.control({"submit", "two_speeds", "--from", "late", "--set", "rate=0",
                 "--parallelism", "3", "--wait", "--limit", "60s"}));
  all.submit({"two_speeds", "--set", "output=" + trial.path("alone"),
              "--count-cuts", "20", "--wait", "--limit", "60s"});
  auto compared = run_to_end(
    {"/usr/bin/diff", "-rq", trial.path("alone"), trial.path("disturbed")});
  CHECK(compared.output.empty());
}

TEST_CASE("windows, timers and joins go on from a savepoint") {
  savepoint_trial trial{2};
  auto& all = *trial.all;
  std::vector<std::string> run{
    "everything",   "--set", "count=40000", "output=" + trial.path("disturbed"),
    "--count-cuts", "20"};
  auto slow = run;
  slow.insert(slow.end(), {"--parallelism", "2", "--set", "rate=8000"});
  auto begun = all.submit(slow);
  trial.await_epoch(begun, 60);
  all.ask({"savepoint", begun, "--as", "midway"});
  trial.cancel(begun);
  check_succeeded(
    all.control({"submit", "everything", "--from", "midway", "--set", "rate=0",
                 "--parallelism", "3", "--wait", "--limit", "60s"}));
  run[3] = "output=" + trial.path("alone");
  run.insert(run.end(), {"--wait", "--limit", "60s"});
  all.submit(run);
  auto compared = run_to_end(
    {"/usr/bin/diff", "-rq", trial.path("alone"), trial.path("disturbed")});
  CHECK(compared.output.empty());
  CHECK(compared.status == 0);
}

TEST_CASE("a topology that has changed goes on with what it still has") {
  savepoint_trial trial{2};
  trial.disturb("daily");
  auto& all = *trial.all;
  std::vector<std::string> changed{"submit",
                                   "hash_chains_changed",
                                   "--from",
                                   "daily",
                                   "--set",
                                   "count=100000",
                                   "output=" + trial.path("disturbed"),
                                   "sums=" + trial.path("sums"),
                                   "--wait",
                                   "--limit",
                                   "60s"};
  auto missing = all.control(changed);
  CHECK(missing.status == 1);
  CHECK_THAT(missing.errors,
             Catch::Contains("it has sink 'files', which topology "
                             "'hash_chains_changed' does not; leave its state "
                             "behind with --drop files, or that of all such "
                             "with --allow-missing"));
  changed.insert(changed.end(), {"--drop", "files", "--drop", "dead"});
  check_succeeded(all.control(changed));
  // The new operator has seen what came after the savepoint, and only that.
  std::ifstream file{trial.path("sums") + "/part-00000"};
  std::string line;
  std::uint64_t lines = 0;
  while (std::getline(file, line))
    ++lines;
  CHECK(lines > 0);
  // Ten sums for each of the 1,250 epochs, of which 100 were over.
  CHECK(lines <= 11'500);
}

TEST_CASE("a damaged savepoint is refused naming the place") {
  savepoint_trial trial{1};
  trial.disturb("daily");
  auto path = trial.path("savepoints") + "/daily.savepoint";
  auto before = fs::file_size(trial.path("disturbed") + "/part-00000");
  {
    std::fstream file{path, std::ios::binary | std::ios::in | std::ios::out};
    file.seekp(100);
    file.put('x');
  }
  auto& all = *trial.all;
  for (auto& done :
       {all.control({"savepoint", "verify", "daily"}), trial.go_on("daily")}) {
    CHECK(done.status == 1);
    CHECK_THAT(done.errors, Catch::Contains("daily.savepoint' is damaged at "
                                            "source 'numbers', slice "));
  }
  fs::resize_file(path, 1'000);
  auto torn = all.control({"savepoint", "verify", path});
  CHECK(torn.status == 1);
  CHECK_THAT(torn.errors, Catch::Contains("is torn: it has 1000 of "));
  auto list = all.ask({"savepoint", "list"});
  CHECK(list["savepoints"][0]["state"] == "damaged");
  // Nothing was touched.
  CHECK(fs::file_size(trial.path("disturbed") + "/part-00000") == before);
}

TEST_CASE("a savepoint that cannot be written does not hurt the run") {
  savepoint_trial trial{2};
  auto& all = *trial.all;
  auto run = trial.submit("disturbed", "20000");
  trial.await_epoch(run, 50);
  fs::create_directories(trial.path("savepoints") + "/daily.savepoint.new");
  auto done = all.control({"savepoint", run, "--as", "daily"});
  CHECK(done.status == 1);
  CHECK_THAT(done.errors,
             Catch::StartsWith("braidctl: savepoint daily was not written: "));
  auto again = all.control({"savepoint", run, "--as", "an/other"});
  CHECK(again.status == 1);
  CHECK_THAT(again.errors, Catch::Contains("use letters, digits"));
  check_succeeded(all.control({"savepoint", run, "--as", "other"}));
  auto twice = all.control({"savepoint", run, "--as", "other"});
  CHECK_THAT(twice.errors, Catch::Contains("choose another name"));
  all.ask_until({"status", run}, [](const nlohmann::json& status) {
    return status["over"].get<bool>();
  });
  trial.check_output();
}

TEST_CASE("a savepoint that takes too long is given up, saying why") {
  savepoint_trial trial{2};
  auto& all = *trial.all;
  auto run = trial.submit("disturbed", "20000");
  auto done = all.control({"savepoint", run, "--timeout", "1ms"});
  CHECK(done.status == 1);
  CHECK_FALSE(done.errors.empty());
  CHECK(all.ask({"status", run})["state"] == "running");
}

TEST_CASE("savepoints are taken by the clock, and the newest are kept") {
  savepoint_trial trial{2, {"savepoints.interval=300ms", "savepoints.keep=2"}};
  auto& all = *trial.all;
  auto run = trial.submit("disturbed", "20000");
  std::string first;
  all.ask_until({"savepoint", "list"}, [&](const nlohmann::json& list) {
    auto& savepoints = list["savepoints"];
    if (first.empty() && !savepoints.empty()
        && savepoints[0]["state"] == "written")
      first = savepoints[0]["name"];
    return !first.empty() && savepoints.size() >= 2
           && savepoints[0]["name"] != first
           && savepoints[0]["state"] == "written";
  });
  all.ask({"savepoint", run, "--as", "mine"});
  trial.cancel(run);
  std::size_t periodic = 0;
  for (auto& each : fs::directory_iterator{trial.path("savepoints")})
    if (each.path().extension() == ".savepoint" && each.path().stem() != "mine")
      ++periodic;
  CHECK(periodic <= 3); // the newest may not have pushed another out yet
  CHECK(fs::exists(trial.path("savepoints") + "/mine.savepoint"));
}
