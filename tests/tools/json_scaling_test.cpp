#include "tools/braidctl_tables.hpp"
#include "tools/json_scaling.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

using namespace braid;

namespace {

/// Why the body is refused; empty: it is not.
std::string refusal(const char* body, scaling_kind kind = scaling_kind::scale) {
  try {
    parse_scaling_order(body, kind, "words-1");
    return {};
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

} // namespace

TEST_CASE("an order to scale names an operator and a number of partitions") {
  auto order = parse_scaling_order(R"({"operator": "counts", "partitions": 4})",
                                   scaling_kind::scale, "words-1");
  CHECK(order.run == "words-1");
  CHECK(order.operator_name == "counts");
  CHECK(order.partitions == 4);
  CHECK_FALSE(order.dry_run);
  CHECK_THAT(refusal(R"({"partitions": 4})"),
             Catch::Contains("'operator' is missing"));
  CHECK_THAT(refusal(R"({"operator": "counts"})"),
             Catch::Contains("'partitions' is missing"));
  CHECK_THAT(refusal(R"({"operator": "counts", "partitions": 0})"),
             Catch::Contains("a whole number from 1"));
  CHECK_THAT(refusal(R"({"operator": "counts", "partition": 4})"),
             Catch::Contains("unknown key 'partition'"));
  CHECK_THAT(refusal("[]"), Catch::Contains("no JSON object"));
}

TEST_CASE("an order to even out may name an operator") {
  auto order = parse_scaling_order(R"({"dry_run": true})",
                                   scaling_kind::rebalance, "words-1");
  CHECK(order.operator_name.empty());
  CHECK(order.dry_run);
  CHECK_THAT(refusal(R"({"dry_run": 1})", scaling_kind::rebalance),
             Catch::Contains("true or false"));
}

TEST_CASE("an order to drain a node needs no body") {
  auto order = parse_drain_order("", "worker-1");
  CHECK(order.kind == scaling_kind::drain);
  CHECK(order.node == "worker-1");
}

TEST_CASE("the answer to an order has its steps") {
  CHECK(scaling_json({{"counts/0 to 2 fresh partitions on a, b"}}).dump()
        == R"({"steps":["counts/0 to 2 fresh partitions on a, b"]})");
}

TEST_CASE("the history of a run has each decision with its figures") {
  scaling_decision decision;
  decision.number = 3;
  decision.by = policy_kind::rate;
  decision.state = decision_state::carried_out;
  decision.at = std::chrono::microseconds{5'000'000};
  decision.pause = std::chrono::microseconds{12'000};
  operator_change change;
  change.name = "counts";
  change.from = 1;
  change.to = 4;
  change.reason = "95 % busy";
  change.before = {1, 950, 80'000, 7};
  change.after = operator_summary{4, 400, 160'000, 0};
  decision.changes = {change};
  run_report run;
  run.name = "words-1";
  run.decisions = {decision};
  auto answer = history_json(run);
  CHECK(answer["run"] == "words-1");
  auto& told = answer["decisions"][0];
  CHECK(told["by"] == "rate");
  CHECK(told["state"] == "carried out");
  CHECK(told["pause_us"] == 12'000);
  CHECK(told["changes"][0]["before"]["busy_percent"] == 95.0);
  CHECK(told["changes"][0]["after"]["parallelism"] == 4);
  auto text = history_text(answer);
  CHECK_THAT(text, Catch::Contains("1 -> 4") && Catch::Contains("95 % -> 40 %")
                     && Catch::Contains("12 ms")
                     && Catch::Contains("95 % busy"));
  run.decisions[0].pause.reset();
  run.decisions[0].changes[0].after.reset();
  run.decisions[0].state = decision_state::failed;
  run.decisions[0].problem = "it took too long";
  text = history_text(history_json(run));
  CHECK_THAT(text, Catch::Contains("it took too long"));
  run.decisions.clear();
  CHECK(history_text(history_json(run)) == "nothing was decided yet\n");
}
