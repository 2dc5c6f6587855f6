// Real nodes stay within bounds when a part of a topology is a hundred times
// slower than its source.
#include "tests/cluster/cluster.hpp"
#include "tests/tools/scratch_folder.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

using namespace braid;
using namespace braid::testing;

namespace {

using namespace std::chrono_literals;

std::uint64_t memory_of(const nlohmann::json& nodes) {
  std::uint64_t result = 0;
  for (auto& node : nodes["nodes"])
    result = std::max(result, node["memory_bytes"].get<std::uint64_t>());
  return result;
}

std::uint64_t taken_by(const nlohmann::json& run, const std::string& name) {
  for (auto& node : run["operators"])
    if (node["name"] == name)
      return node["tuples_in"];
  return 0;
}

/// The largest node's memory, asked for again and again.
std::uint64_t most_memory(cluster& all, std::chrono::seconds during) {
  std::uint64_t result = 0;
  for (auto end = std::chrono::steady_clock::now() + during;
       std::chrono::steady_clock::now() < end;) {
    result = std::max(result, memory_of(all.ask({"nodes"})));
    std::this_thread::sleep_for(500ms);
  }
  return result;
}

} // namespace

TEST_CASE("memory stays bounded for a minute under a sink a hundred times "
          "slower than its source",
          "[slow]") {
  constexpr std::uint64_t MiB = 1 << 20;
  cluster all{2};
  all.start_all();
  auto before = memory_of(all.ask({"nodes"}));
  auto run = all.submit({"slow_sink", "--parallelism", "2"});
  // All that may be on its way is on its way once tuples come out.
  all.ask_until({"status", run}, [](const nlohmann::json& status) {
    return taken_by(status, "slow") > 0;
  });
  auto early = most_memory(all, 15s);
  auto taken = taken_by(all.ask({"status", run}), "slow");
  auto late = most_memory(all, 45s);
  CHECK(taken_by(all.ask({"status", run}), "slow") > taken);
  // What came since the last checkpoint is kept for replay, an epoch of 1 MiB
  // each. Without a bound the source would add gigabytes.
  CHECK(late < early + 48 * MiB);
  CHECK(late < before + 256 * MiB);
  // The source was held back to what the sink takes.
  auto status = all.ask({"status", run});
  auto ahead = status["operators"][0]["tuples_out"].get<std::uint64_t>()
               - taken_by(status, "slow");
  CHECK(ahead < 4'000'000);
}

TEST_CASE("a diamond with one way a hundred times slower comes to its end") {
  constexpr std::uint64_t tuples = 60'000;
  scratch_folder folder;
  auto output = folder.path() / "pairs";
  cluster all{2};
  all.start_all();
  auto done = all.control({"submit", "slow_diamond", "--set",
                           "tuples=" + std::to_string(tuples),
                           "output=" + output.string(), "--parallelism", "2",
                           "--wait", "--limit", "120s"});
  INFO(done.errors);
  REQUIRE(done.status == 0);
  std::vector<std::uint64_t> found;
  for (auto& file : std::filesystem::directory_iterator{output}) {
    std::ifstream in{file.path()};
    for (std::uint64_t sum = 0; in >> sum;)
      found.push_back(sum);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::uint64_t> expected;
  for (std::uint64_t n = 0; n < tuples; ++n)
    expected.push_back(2 * n);
  CHECK(found == expected);
}
