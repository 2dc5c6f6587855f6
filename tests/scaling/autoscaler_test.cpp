#include "tests/scaling/figures.hpp"

#include "scaling/autoscaler.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::testing;
using namespace std::chrono_literals;

namespace {

scaling_settings quick() {
  scaling_settings result;
  result.policy = policy_kind::threshold;
  result.consecutive = 1;
  result.cool_down = 20s;
  result.scale_in_after = 30s;
  return result;
}

/// One operator `count`, and its autoscaler.
struct rig {
  explicit rig(const scaling_settings& settings = quick()) : scaler(settings) {}

  std::optional<scaling_decision> report(std::vector<double> busy,
                                         std::uint64_t backlog = 0) {
    auto figures = figures_of("count", std::move(busy), 5'000);
    figures.partitions[0].backlog = backlog;
    newest = reports.next({figures});
    return scaler.on_report(newest);
  }

  void carry_out(const scaling_decision& decision) {
    scaler.on_carried_out(decision.number, reports.now(), 3ms);
  }

  report_series reports;
  load_report newest;
  autoscaler scaler;
};

} // namespace

TEST_CASE("a decision says what changes, why, and from which figures") {
  rig one;
  auto decision = one.report({0.9});
  REQUIRE(decision);
  CHECK(decision->number == 1);
  CHECK(decision->by == policy_kind::threshold);
  REQUIRE(decision->changes.size() == 1);
  auto& change = decision->changes[0];
  CHECK(change.name == "count");
  CHECK(change.from == 1);
  CHECK(change.to == 2);
  CHECK_THAT(change.reason, Catch::Contains("90 %"));
  CHECK(change.before == operator_summary{1, 900, 1'000, 0});
}

TEST_CASE("one decision is under way at a time") {
  rig one;
  auto decision = one.report({0.9});
  REQUIRE(decision);
  for (auto i = 0; i < 20; ++i)
    CHECK(!one.report({0.9}));
}

TEST_CASE("after a change there is a cool-down") {
  rig one;
  one.carry_out(*one.report({0.9}));
  CHECK(!one.report({0.9, 0.9})); // 5 s
  CHECK(!one.report({0.9, 0.9}));
  CHECK(!one.report({0.9, 0.9}));
  CHECK(one.report({0.9, 0.9})); // 20 s
}

TEST_CASE("after failures the cool-down doubles, up to a bound") {
  rig one;
  auto pause = 0;
  for (auto i = 0; i < 12; ++i) {
    auto decision = one.report({0.9});
    for (pause = 1; !decision; ++pause)
      decision = one.report({0.9});
    if (i == 1)
      CHECK(pause == 8); // 40 s
    one.scaler.on_failure(decision->number, one.reports.now(), "no node");
  }
  CHECK(pause == 64 * 4);
  CHECK(one.scaler.history().decisions().back().problem == "no node");
}

TEST_CASE("when what made decisions fail has changed, they wait no longer") {
  rig one;
  for (auto i = 0; i < 5; ++i) {
    auto decision = one.report({0.9});
    while (!decision)
      decision = one.report({0.9});
    one.scaler.on_failure(decision->number, one.reports.now(), "no room");
  }
  one.scaler.forget_failures();
  auto pause = 1;
  while (!one.report({0.9}))
    ++pause;
  CHECK(pause <= 4);
}

TEST_CASE("news of decisions that are not under way change nothing") {
  rig one;
  auto decision = one.report({0.9});
  one.scaler.on_failure(decision->number + 1, one.reports.now(), "other");
  CHECK(!one.report({0.9}));
  one.carry_out(*decision);
  one.scaler.on_failure(decision->number, one.reports.now(), "too late");
  CHECK(one.scaler.history().decisions().back().state
        == decision_state::carried_out);
}

TEST_CASE("an operator is scaled in to the most that was enough for long") {
  rig one;
  CHECK(!one.report({0.5, 0.5, 0.5, 0.4})); // 4
  for (auto i = 0; i < 4; ++i)
    CHECK(!one.report({0.2, 0.2, 0.2, 0.2}));   // 2
  CHECK(!one.report({0.35, 0.35, 0.35, 0.35})); // 3
  auto decision = one.report({0.2, 0.2, 0.2, 0.2});
  REQUIRE(decision);
  CHECK(decision->changes[0].to == 3);
  CHECK_THAT(decision->changes[0].reason, Catch::Contains("30 seconds"));
}

TEST_CASE("nothing is scaled in while work is waiting") {
  rig one;
  for (auto i = 0; i < 20; ++i)
    CHECK(!one.report({0.1, 0.1}, 2'001));
  CHECK(one.report({0.1, 0.1}, 1'999));
}

TEST_CASE("a change begins the time for scaling in anew") {
  rig one;
  for (auto i = 0; i < 5; ++i)
    CHECK(!one.report({0.1, 0.1}));
  one.carry_out(*one.scaler.on_request("count", 3, one.newest));
  for (auto i = 0; i < 5; ++i)
    CHECK(!one.report({0.1, 0.1, 0.1}));
  CHECK(one.report({0.1, 0.1, 0.1}));
}

TEST_CASE("limits bind the policy, and the reason says so") {
  auto settings = quick();
  settings.min_parallelism = 2;
  settings.max_parallelism = 3;
  rig one{settings};
  auto first = one.report({0.1});
  REQUIRE(first);
  CHECK(first->changes[0].to == 2);
  one.carry_out(*first);
  std::optional<scaling_decision> decision;
  while (!decision)
    decision = one.report({1, 1});
  CHECK(decision->changes[0].to == 3);
  one.carry_out(*decision);
  for (auto i = 0; i < 20; ++i)
    CHECK(!one.report({1, 1, 1}));
}

TEST_CASE("no operator gets more partitions than slices, fixed ones none") {
  report_series reports;
  autoscaler scaler{quick()};
  auto few = figures_of("few", {1, 1});
  few.slices = 2;
  auto fixed = figures_of("fixed", {1, 1});
  fixed.fixed = true;
  CHECK(!scaler.on_report(reports.next({few, fixed})));
}

TEST_CASE("no more partitions than the heaviest slice leaves work for") {
  report_series reports;
  autoscaler scaler{quick()};
  auto skewed = figures_of("skewed", {0.9, 0.9, 0.8});
  skewed.slice_busy = {0.65, 0.65, 0.65, 0.65};
  auto decision = scaler.on_report(reports.next({skewed}));
  REQUIRE(decision);
  CHECK(decision->changes[0].to == 4);
  scaler.on_carried_out(1, reports.now(), 0us);
  // Each of the four is busy, and none can be split.
  auto hot = figures_of("skewed", {0.9, 0.8, 0.8, 0.8});
  hot.slice_busy = {0.9, 0.8, 0.8, 0.8};
  for (auto i = 0; i < 10; ++i)
    CHECK(!scaler.on_report(reports.next({hot})));
}

TEST_CASE("a report from before the end of a change is passed over") {
  rig one;
  auto number = one.report({0.9})->number;
  one.scaler.on_carried_out(number, one.reports.now() + 20s + 1ms, 0us);
  for (auto i = 0; i < 5; ++i)
    CHECK(!one.report({0.9, 0.9}));
  auto& change = one.scaler.history().decisions()[0].changes[0];
  CHECK(!change.after);
  one.report({0.4, 0.4});
  REQUIRE(change.after);
  CHECK(change.after->busy_permille == 400);
}

TEST_CASE("a dry run records, once, and changes nothing") {
  auto settings = quick();
  settings.dry_run = true;
  rig one{settings};
  for (auto i = 0; i < 5; ++i)
    CHECK(!one.report({0.9}));
  REQUIRE(one.scaler.history().decisions().size() == 1);
  CHECK(one.scaler.history().decisions()[0].state == decision_state::dry_run);
  // People are taken at their word.
  CHECK(one.scaler.on_request("count", 3, one.newest));
}

TEST_CASE("people may ask for any number that is possible") {
  rig one;
  one.report({0.6});
  CHECK(!one.scaler.on_request("count", 1, one.newest));
  CHECK_THROWS_WITH(one.scaler.on_request("cuont", 2, one.newest),
                    Catch::Contains("'cuont'")
                      && Catch::Contains("braidctl status"));
  CHECK_THROWS_WITH(one.scaler.on_request("count", 0, one.newest),
                    Catch::Contains("1 to 256"));
  CHECK_THROWS_WITH(one.scaler.on_request("count", 257, one.newest),
                    Catch::Contains("slices"));
  auto decision = one.scaler.on_request("count", 200, one.newest);
  REQUIRE(decision);
  CHECK(decision->by == policy_kind::manual);
  CHECK_THROWS_WITH(one.scaler.on_request("count", 3, one.newest),
                    Catch::Contains("decision 1 is under way"));
}
