// The supervising node is killed and started again while it leads a run: the
// run goes on, and its output stays the same, byte for byte.
#include "tests/cluster/chain_trial.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::testing;

namespace {

std::vector<std::string> with_journal(const scratch_folder& folder,
                                      std::vector<std::string> more = {}) {
  auto result = quick;
  result.push_back("journal.folder=" + (folder.path() / "journal").string());
  result.insert(result.end(), more.begin(), more.end());
  return result;
}

/// Waits until an epoch beyond those so far is stable.
void await_checkpoint(cluster& all, const std::string& run) {
  auto stable = [](const nlohmann::json& status) {
    return status["stable_epoch"].get<std::uint64_t>();
  };
  auto before = stable(all.ask({"status", run}));
  all.ask_until({"status", run}, [&](const nlohmann::json& status) {
    return status["over"].get<bool>() || stable(status) > before;
  });
}

} // namespace

TEST_CASE("[39] a killed supervisor that is started again changes no byte of "
          "the output") {
  scratch_folder folder;
  chain_trial trial{3, with_journal(folder)};
  trial.submit();
  trial.await_progress(300);
  trial.kill(0);
  trial.all.start(0);
  auto status = trial.all.ask({"status", trial.run()});
  CHECK(status["state"] == "running");
  trial.await_progress(100);
  await_checkpoint(trial.all, trial.run());
  CHECK(trial.all.ask({"list"})["runs"].size() == 1);
  trial.check_output();
}

TEST_CASE(
  "a supervisor that is killed again and again, and a worker along with "
  "it, change no byte of the output") {
  scratch_folder folder;
  chain_trial trial{
    4, with_journal(folder, {"checkpoints.replicas=2", "journal.wait=3s"})};
  trial.submit();
  trial.await_progress(200);
  for (std::size_t worker : {1, 3}) {
    await_checkpoint(trial.all, trial.run());
    await_checkpoint(trial.all, trial.run());
    REQUIRE(trial.all.ask({"status", trial.run()})["state"] == "running");
    trial.all.node(worker).running().send(SIGKILL);
    trial.all.node(0).running().send(SIGKILL);
    trial.all.node(worker).running().wait();
    trial.all.node(0).running().wait();
    trial.all.start(0);
  }
  trial.check_output();
}

TEST_CASE("[41] a supervisor that hangs and comes back acts on nothing that is "
          "out of date") {
  scratch_folder folder;
  chain_trial trial{3, with_journal(folder)};
  trial.submit();
  trial.await_progress(200);
  auto& supervisor = trial.all.node(0).running();
  supervisor.send(SIGSTOP);
  // The others notice, and go on without it.
  trial.all.node(1).running().complaint("lost supervisor");
  trial.all.node(2).running().complaint("lost supervisor");
  supervisor.send(SIGCONT);
  trial.await_progress(100);
  CHECK_THAT(supervisor.errors(), !Catch::Contains("lost worker"));
  trial.check_output();
}

TEST_CASE("runs that were over when a supervisor was killed are still listed") {
  scratch_folder folder;
  cluster all{2, with_journal(folder)};
  all.start_all();
  auto run = all.submit({"endless"});
  all.control({"cancel", run});
  all.ask_until({"status", run}, [](const nlohmann::json& status) {
    return status["over"].get<bool>();
  });
  all.node(0).running().send(SIGKILL);
  all.node(0).running().wait();
  all.start(0);
  CHECK(all.ask({"status", run})["state"] == "cancelled");
  // Names are not used twice.
  CHECK(all.submit({"endless"}) != run);
}

TEST_CASE("a node whose journal is not one says so in one line and ends") {
  scratch_folder folder;
  folder.write("supervisor.journal", "something else\n");
  auto ended = run_to_end(
    {program("braid-node"), "--set", "journal.folder=" + folder.path().string(),
     "--set", "control.listen=127.0.0.1:0", "--set", "data.listen=127.0.0.1:0",
     "--set", "http.listen=127.0.0.1:0"});
  CHECK(ended.status == 1);
  CHECK_THAT(ended.errors, Catch::Contains("supervisor.journal")
                             && Catch::Contains("move this one away"));
}
