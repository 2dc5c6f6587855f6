// Operators get the partitions that they need while processes run a topology,
// and what was decided can be looked up.
#include "tests/cluster/cluster.hpp"
#include "tests/tools/scratch_folder.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::testing;

namespace {

/// Settings by which decisions are soon made.
std::vector<std::string> scaled_by(const std::string& policy) {
  return {"checkpoints.interval=100ms", "scaling.policy=" + policy,
          "scaling.interval=500ms",     "scaling.consecutive=2",
          "scaling.cool_down=1s",       "scaling.scale_in_after=1s",
          "scaling.max_parallelism=4"};
}

/// The decisions about `run` that are of this state.
std::size_t count_in(const nlohmann::json& history, const std::string& state) {
  std::size_t result = 0;
  for (auto& decision : history["decisions"])
    result += decision["state"] == state;
  return result;
}

/// 0 to 49,999, one a line and each once, whatever the order.
void check_numbers(const std::filesystem::path& folder) {
  auto compared = run_to_end(
    {"/bin/sh", "-c", "cat \"$1\"/part-* | sort -n | cmp - \"$1.expected\"",
     "sh", folder.string()});
  CHECK(compared.output.empty());
  CHECK(compared.status == 0);
}

} // namespace

TEST_CASE("an operator that cannot keep up gets more partitions by itself") {
  for (std::string policy : {"threshold", "rate"}) {
    INFO(policy);
    cluster all{2, scaled_by(policy)};
    all.start_all();
    scratch_folder folder;
    auto output = folder.path() / "numbers";
    run_to_end({"/bin/sh", "-c", "seq 0 49999 > \"$1.expected\"", "sh",
                output.string()});
    auto run =
      all.submit({"slow_numbers", "--set", "tuples=50000", "rate=12000",
                  "output=" + output.string(), "--parallelism", "1"});
    auto history =
      all.ask_until({"history", run}, [](const nlohmann::json& answer) {
        return count_in(answer, "carried out") > 0;
      });
    INFO(history.dump(2));
    auto& decision = history["decisions"][0];
    CHECK(decision["by"] == policy);
    CHECK(decision["pause_us"].is_number());
    CHECK(decision["changes"][0]["operator"] == "slow");
    CHECK(decision["changes"][0]["to"].get<int>() >= 2);
    CHECK(decision["changes"][0]["before"]["busy_percent"].get<double>() > 70);
    auto status =
      all.ask_until({"status", run}, [](const nlohmann::json& answer) {
        return answer["over"].get<bool>();
      });
    CHECK(status["state"] == "complete");
    CHECK(status["recoveries"] == 0);
    check_numbers(output);
  }
}

TEST_CASE("a dry run only says what it would do, for one topology alone") {
  auto settings = scaled_by("manual");
  settings.insert(settings.end(), {"scaling.slow_numbers.policy=threshold",
                                   "scaling.slow_numbers.dry_run=true"});
  cluster all{2, settings};
  all.start_all();
  scratch_folder folder;
  auto run = all.submit({"slow_numbers", "--set", "rate=12000",
                         "output=" + (folder.path() / "numbers").string(),
                         "--parallelism", "1"});
  auto history =
    all.ask_until({"history", run}, [](const nlohmann::json& answer) {
      return count_in(answer, "dry run") > 0;
    });
  CHECK(count_in(history, "carried out") == 0);
  CHECK(all.ask({"status", run})["hand_overs"] == 0);
  all.ask({"cancel", run});
}

TEST_CASE("what people order is in the history as well") {
  cluster all{2, scaled_by("manual")};
  all.start_all();
  scratch_folder folder;
  auto run = all.submit({"slow_numbers", "--set", "rate=100",
                         "output=" + (folder.path() / "numbers").string(),
                         "--parallelism", "1"});
  all.ask({"scale", run, "slow", "3"});
  auto history = all.ask({"history", run});
  REQUIRE(history["decisions"].size() == 1);
  CHECK(history["decisions"][0]["by"] == "manual");
  CHECK(history["decisions"][0]["state"] == "carried out");
  all.ask({"drain", cluster::name_of(1)});
  history = all.ask({"history", run});
  REQUIRE(history["decisions"].size() == 2);
  CHECK_THAT(history["decisions"][1]["changes"][0]["reason"].get<std::string>(),
             Catch::Contains("drained"));
  all.ask({"cancel", run});
}
