#include "tests/scaling/figures.hpp"

#include "scaling/decision_history.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::testing;
using namespace std::chrono_literals;

namespace {

scaling_decision to_scale(operator_id id) {
  scaling_decision result;
  result.changes.push_back({id, "count", 1, 2, "busy", {1, 900, 100, 7}, {}});
  return result;
}

} // namespace

TEST_CASE("a record is filled in as a decision goes on") {
  decision_history history;
  auto number = history.add(to_scale(0)).number;
  auto& kept = history.decisions().back();
  CHECK(kept.state == decision_state::under_way);
  CHECK(!kept.pause);
  history.on_carried_out(number, 12ms);
  CHECK(kept.state == decision_state::carried_out);
  CHECK(kept.pause == 12ms);
  report_series reports;
  history.on_measured(number,
                      reports.next({figures_of("count", {0.5, 0.25}, 5'000)}));
  CHECK(kept.changes[0].before == operator_summary{1, 900, 100, 7});
  CHECK(kept.changes[0].after == operator_summary{2, 500, 2'000, 0});
}

TEST_CASE("a failure is recorded with its reason") {
  decision_history history;
  history.on_failure(history.add(to_scale(0)).number, "node lost");
  CHECK(history.decisions().back().state == decision_state::failed);
  CHECK(history.decisions().back().problem == "node lost");
}

TEST_CASE("only the newest decisions are kept, and numbers go on") {
  decision_history history{3};
  for (auto i = 0; i < 5; ++i)
    history.add(to_scale(0));
  CHECK(history.decisions().size() == 3);
  CHECK(history.decisions().front().number == 3);
  // It is forgotten already.
  history.on_carried_out(1, 1ms);
  for (auto& one : history.decisions())
    CHECK(one.state == decision_state::under_way);
}
