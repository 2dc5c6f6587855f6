// What is decided about a run's parallelism, and how the run's life ends it.
#include "tests/actors/chain_run.hpp"

#include "actors/run_scaling.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::chain_run;
using namespace std::chrono_literals;

namespace {

scaling_settings eager() {
  scaling_settings result;
  result.policy = policy_kind::threshold;
  result.consecutive = 1;
  result.cool_down = 0s;
  return result;
}

/// Operator 1 of `chain_run` is busy for the given share of every second.
class rig {
public:
  explicit rig(const std::vector<scaling_decision>& earlier = {})
    : scaling(eager(), {{"lines", true}, {"counts", false}}, earlier) {
    measure(0);
  }

  std::optional<scaling_decision> measure(double busy) {
    now += 1s;
    load_counts counts;
    counts.at_ns = std::chrono::nanoseconds{now}.count();
    busy_ns_ += static_cast<std::uint64_t>(busy * 1e9);
    for (operator_id id = 0; id < 2; ++id)
      for (auto index : logic.plan().owners[id].hosts()) {
        auto& each = counts.partitions.emplace_back();
        each.place = {id, index};
        each.generation = logic.generation_of(each.place);
        each.busy_ns = id == 1 ? busy_ns_ : 0;
        each.tuples_in = busy_ns_ / 1'000;
      }
    return scaling.on_counts(now, {counts}, logic);
  }

  void follow() {
    now += 10ms;
    scaling.on_progress(now, logic);
  }

  /// As planned from what was decided.
  void hand_over() {
    catch_up(logic);
    follow();
    logic.on_origins_stopped(logic.generation(), {{{1, 0}, 15}});
    follow();
    for (node_index node : {0, 1, 2})
      logic.on_adopted(node, logic.generation());
    follow();
  }

  const scaling_decision& newest() const {
    return scaling.history().decisions().back();
  }

  std::chrono::microseconds now{0};
  run_logic logic = running();
  run_scaling scaling;

private:
  std::uint64_t busy_ns_ = 0;
};

} // namespace

TEST_CASE("a busy operator gets partitions, and the history says how it went") {
  rig one;
  auto decision = one.measure(0.9);
  REQUIRE(decision);
  REQUIRE(decision->changes.size() == 1);
  CHECK(decision->changes[0].name == "counts");
  CHECK(decision->changes[0].to == 2);
  CHECK(!one.measure(0.9)); // it is under way
  one.hand_over();
  CHECK(one.newest().state == decision_state::carried_out);
  CHECK(one.newest().pause == 10ms);
  one.measure(0);
  one.measure(0.4);
  REQUIRE(one.newest().changes[0].after);
  CHECK(one.newest().changes[0].after->parallelism == 2);
  CHECK(one.newest().changes[0].after->busy_permille == 400);
}

TEST_CASE("a decision fails with the hand-over that it comes to") {
  rig one;
  one.measure(0.9);
  catch_up(one.logic);
  one.follow();
  CHECK(one.newest().state == decision_state::under_way);
  one.logic.on_node_lost(2, "gone");
  one.follow();
  auto generation = one.logic.generation();
  for (node_index node : {0, 1})
    one.logic.on_recovered(node, generation);
  for (node_index node : {0, 1})
    one.logic.on_resumed(node, generation);
  one.follow();
  CHECK(one.newest().state == decision_state::failed);
  CHECK_THAT(one.newest().problem, Catch::Contains("interrupted by a loss"));
}

TEST_CASE("what cannot be carried out fails at once") {
  rig one;
  one.measure(0.9);
  one.scaling.on_refusal(one.now, "there is no room");
  CHECK(one.newest().state == decision_state::failed);
  CHECK(one.newest().problem == "there is no room");
}

TEST_CASE("what people ask for is kept as well, measured or not") {
  rig one;
  auto decision = one.scaling.on_request(one.now, "counts", 2, one.logic);
  REQUIRE(decision);
  CHECK(decision->by == policy_kind::manual);
  CHECK_THROWS_WITH(one.scaling.on_request(one.now, "counts", 1, one.logic),
                    Catch::Contains("under way"));
  one.hand_over();
  CHECK(one.newest().state == decision_state::carried_out);
  one.scaling.on_request_to_move(one.now, {1}, "node spare is drained",
                                 one.logic);
  CHECK(one.newest().number == 2);
  CHECK(one.newest().changes[0].from == one.newest().changes[0].to);
}

TEST_CASE(
  "the next life of a supervisor knows the decisions of the one before") {
  rig before;
  before.measure(0.9);
  auto& kept = before.scaling.history().decisions();
  rig after{{kept.begin(), kept.end()}};
  CHECK(after.newest().number == 1);
  CHECK(after.newest().state == decision_state::failed);
  CHECK_THAT(after.newest().problem, Catch::Contains("started again"));
  REQUIRE(after.measure(0.9));
  CHECK(after.newest().number == 2);
}

TEST_CASE("slices cost what their partition was busy") {
  rig one;
  auto unknown = one.scaling.slice_costs(one.logic.plan().owners);
  CHECK(unknown[1] == slice_loads{{0, 1}, {1, 1}});
  one.measure(0.5);
  auto costs = one.scaling.slice_costs(one.logic.plan().owners);
  CHECK(costs[0] == slice_loads{{0, 1}, {1, 1}});
  CHECK(costs[1] == slice_loads{{0, 250'001}, {1, 250'001}});
}

TEST_CASE("a hot key is warned of once") {
  rig one;
  load_counts counts;
  auto& each = counts.partitions.emplace_back();
  each.place = {1, 0};
  each.hot = hot_key{7, "'the'", 900, 800};
  one.scaling.on_counts(one.now, {counts}, one.logic);
  auto warnings = one.scaling.take_warnings();
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], Catch::Contains("operator 'counts': key 'the'"));
  CHECK(one.scaling.take_warnings().empty());
}
