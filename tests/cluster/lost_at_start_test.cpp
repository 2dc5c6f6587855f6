// Nodes are lost while a run starts: it begins anew on those that are left, and
// its output is what it would have been.
#include "tests/cluster/chain_trial.hpp"

#include <catch2/catch.hpp>
#include <thread>

using namespace braid;
using namespace braid::testing;

namespace {

void await_text(const std::filesystem::path& file, const std::string& text) {
  auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    std::ifstream in{file, std::ios::binary};
    std::string content{std::istreambuf_iterator<char>{in}, {}};
    if (content.find(text) != std::string::npos)
      return;
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

} // namespace

TEST_CASE("a run starts although a node hangs that should take part") {
  chain_trial trial{3, quick};
  trial.all.node(2).running().send(SIGSTOP);
  trial.submit();
  CHECK(trial.all.ask({"status", trial.run()})["state"] == "running");
  trial.all.node(2).running().send(SIGCONT);
  trial.check_output();
}

TEST_CASE("a supervisor that is killed while a run starts, and started again, "
          "starts it anew") {
  scratch_folder folder;
  auto settings = quick;
  settings.push_back("journal.folder=" + folder.path().string());
  chain_trial trial{3, settings};
  // Keeps the run from starting until the supervisor would miss it.
  trial.all.node(2).running().send(SIGSTOP);
  auto client = trial.begin_to_submit("hash_chains-1");
  await_text(folder.path() / "supervisor.journal", trial.run());
  trial.all.node(0).running().send(SIGKILL);
  trial.all.node(0).running().wait();
  CHECK(client->wait() != 0);
  trial.all.node(2).running().send(SIGCONT);
  trial.all.start(0);
  trial.all.ask_until({"status", trial.run()}, [](const nlohmann::json& x) {
    return x["state"] != "starting";
  });
  trial.check_output();
}
