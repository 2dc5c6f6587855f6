// What follows when the code of partitions fails.
#include "actors/failed_attempts.hpp"
#include "actors/run_logic.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using verdict = failed_attempts::verdict;

namespace {

const partition_place first{1, 0};
const partition_place second{1, 1};

partition_failure of_tuple(epoch_number epoch, std::uint64_t index) {
  return {"boom", true, epoch, input_position{epoch, 3, 0, index}};
}

partition_failure of_no_tuple(epoch_number epoch) {
  return {"boom", true, epoch, {}};
}

/// A run that has begun, on two nodes with one partition each.
run_logic begun(std::uint64_t max_attempts, bool started = true) {
  deployment plan;
  plan.run = 7;
  plan.nodes = {{"a", 1, "", 0}, {"b", 1, "", 0}};
  plan.settings.max_attempts = max_attempts;
  for (int i = 0; i < 2; ++i) {
    auto& owners = plan.owners.emplace_back();
    owners.table = {0, 1};
    owners.nodes = {0, 1};
  }
  run_logic result{plan};
  result.begin();
  for (node_index node : {0u, 1u})
    result.on_deployed(node);
  if (!started)
    return result;
  for (node_index node : {0u, 1u})
    result.on_started(node);
  REQUIRE(result.state() == run_state::running);
  return result;
}

void recover(run_logic& run) {
  for (node_index node : {0u, 1u})
    run.on_recovered(node, run.generation());
  for (node_index node : {0u, 1u})
    run.on_resumed(node, run.generation());
  REQUIRE_FALSE(run.is_recovering());
}

} // namespace

TEST_CASE("a tuple that fails as often as it may is skipped") {
  failed_attempts attempts{3};
  CHECK(attempts.on_failure(first, of_tuple(5, 1)) == verdict::again);
  CHECK(attempts.on_failure(first, of_tuple(5, 2)) == verdict::again);
  CHECK(attempts.on_failure(first, of_tuple(5, 1)) == verdict::again);
  CHECK(attempts.skipped().empty());
  // The slice may be at another partition by then.
  CHECK(attempts.on_failure(second, of_tuple(5, 1)) == verdict::skip);
  CHECK(attempts.skipped()
        == std::vector<skipped_tuple>{{1, {5, 3, 0, 1}, "boom"}});
  CHECK(attempts.on_failure(first, of_tuple(5, 2)) == verdict::again);
}

namespace {

partition_failure somewhere(epoch_number epoch) {
  input_position at{epoch, 3};
  at.somewhere = true;
  return {"boom", true, epoch, at};
}

/// Of what a source has read: of no epoch.
partition_failure of_read(std::uint64_t index, bool exactly = true) {
  input_position at{0, 3, 0, index};
  at.kind = call_kind::read;
  at.somewhere = !exactly;
  return {"boom", true, 9, at};
}

} // namespace

TEST_CASE("where it is not known which call failed, the next attempt looks "
          "closer") {
  failed_attempts attempts{3};
  CHECK(attempts.on_failure(first, somewhere(5)) == verdict::look_closer);
  REQUIRE(attempts.skipped().size() == 1);
  CHECK(attempts.skipped().front().at.somewhere);
  // That was an attempt, too.
  CHECK(attempts.on_failure(first, of_tuple(5, 2)) == verdict::again);
  CHECK(attempts.on_failure(first, of_tuple(5, 2)) == verdict::skip);
  CHECK(attempts.skipped().size() == 2);
  // Of others it was not.
  CHECK(attempts.on_failure(first, of_tuple(5, 7)) == verdict::again);
  CHECK(attempts.on_failure(first, of_tuple(5, 7)) == verdict::again);
  CHECK(attempts.on_failure(first, of_tuple(5, 7)) == verdict::skip);
  attempts.on_stable(5);
  CHECK(attempts.skipped().empty());
}

TEST_CASE("a single attempt is enough, once it is known which call it was") {
  failed_attempts attempts{1};
  CHECK(attempts.on_failure(first, somewhere(5)) == verdict::look_closer);
  CHECK(attempts.on_failure(first, of_tuple(5, 2)) == verdict::skip);
}

TEST_CASE("looking closer without success is an attempt like others") {
  failed_attempts attempts{2};
  CHECK(attempts.on_failure(first, somewhere(5)) == verdict::look_closer);
  CHECK(attempts.on_failure(first, somewhere(5)) == verdict::again);
  CHECK(attempts.on_failure(first, somewhere(5)) == verdict::give_up);
}

TEST_CASE("what a source read is skipped for ever: it may cut its epochs "
          "otherwise") {
  failed_attempts attempts{2};
  CHECK(attempts.on_failure(first, of_read(80, false)) == verdict::look_closer);
  CHECK(attempts.on_failure(first, of_read(70)) == verdict::skip);
  CHECK(attempts.skipped().size() == 2);
  attempts.on_stable(1'000);
  REQUIRE(attempts.skipped().size() == 1);
  CHECK(attempts.skipped().front().at.index == 70);
}

TEST_CASE("too many tuples of a source between two checkpoints end the run") {
  failed_attempts attempts{1};
  std::uint64_t index = 0;
  while (index < failed_attempts::most_skipped)
    CHECK(attempts.on_failure(first, of_read(index++)) == verdict::skip);
  attempts.on_stable(10);
  for (auto end = 2 * index; index < end;)
    CHECK(attempts.on_failure(first, of_read(index++)) == verdict::skip);
  CHECK(attempts.on_failure(first, of_read(index)) == verdict::give_up);
}

TEST_CASE("what is skipped is known until nobody goes back to it") {
  failed_attempts attempts{1};
  attempts.on_failure(first, of_tuple(5, 1));
  attempts.on_failure(first, of_tuple(7, 1));
  attempts.on_stable(4);
  CHECK(attempts.skipped().size() == 2);
  attempts.on_stable(5);
  REQUIRE(attempts.skipped().size() == 1);
  CHECK(attempts.skipped().front().at.epoch == 7);
}

TEST_CASE("other failures count until a checkpoint is beyond them") {
  failed_attempts attempts{3};
  CHECK(attempts.on_failure(first, of_no_tuple(5)) == verdict::again);
  CHECK(attempts.on_failure(first, of_no_tuple(8)) == verdict::again);
  CHECK(attempts.on_failure(second, of_no_tuple(8)) == verdict::again);
  attempts.on_stable(7);
  CHECK(attempts.on_failure(first, of_no_tuple(6)) == verdict::give_up);
  attempts.on_stable(8);
  CHECK(attempts.on_failure(first, of_no_tuple(9)) == verdict::again);
}

TEST_CASE("an operator that stands no tuple at all ends its run") {
  failed_attempts attempts{1};
  for (std::uint64_t i = 0; i < failed_attempts::most_skipped; ++i)
    CHECK(attempts.on_failure(first, of_tuple(1, i)) == verdict::skip);
  CHECK(attempts.on_failure(first, of_tuple(1, 1'000)) == verdict::give_up);
}

TEST_CASE("a partition that fails is restored alone, on its node") {
  auto run = begun(3);
  auto actions = run.on_partition_failed(second, of_tuple(1, 0), "sums/1");
  CHECK(actions
        == run_logic::actions{{run_logic::command::recover, 0},
                              {run_logic::command::recover, 1}});
  auto what = run.current_recovery();
  REQUIRE(what.lost.size() == 1);
  CHECK(what.lost.front().place == second);
  CHECK(what.plan.owners.at(1).nodes.at(1) == 1);
  CHECK(what.skipped.empty());
  CHECK(run.generation_of(second) == 1);
  CHECK(run.generation_of(first) == 0);
  recover(run);
  CHECK(run.state() == run_state::running);
}

TEST_CASE("all nodes know what is skipped before an instance goes by it") {
  auto run = begun(2);
  run.on_partition_failed(second, of_tuple(1, 0), "sums/1");
  recover(run);
  run.on_partition_failed(second, of_tuple(1, 0), "sums/1");
  REQUIRE(run.current_recovery().skipped.size() == 1);
  CHECK_THAT(run.latest_failure(), Catch::Contains("dead letter"));
  // The half that makes it begin comes when all have the first.
  CHECK(run.on_recovered(0, run.generation()).empty());
  CHECK(run.on_recovered(1, run.generation()).front().what
        == run_logic::command::resume);
  // A later loss takes it along.
  run.on_link_broken(0, 1, "cut");
  CHECK(run.current_recovery().skipped.size() == 1);
}

TEST_CASE("a partition that fails again before all go on is restored again") {
  auto run = begun(3);
  run.on_partition_failed(second, of_no_tuple(1), "sums/1");
  for (node_index node : {0u, 1u})
    run.on_recovered(node, run.generation());
  run.on_resumed(1, run.generation());
  CHECK_FALSE(
    run.on_partition_failed(second, of_no_tuple(1), "sums/1").empty());
  CHECK(run.generation_of(second) == 2);
  recover(run);
  run.on_partition_failed(second, of_no_tuple(1), "sums/1");
  CHECK(run.state() == run_state::failed);
  CHECK_THAT(run.reason(),
             Catch::StartsWith("partition sums/1: boom (attempt 3 of 3); it "
                               "came of no single tuple"));
}

TEST_CASE("what fails before all have started is restored when they have") {
  auto run = begun(3, false);
  CHECK(run.on_partition_failed(second, of_tuple(1, 0), "sums/1").empty());
  CHECK(run.on_started(0).empty());
  CHECK(run.on_started(1).front().what == run_logic::command::recover);
  recover(run);
}

TEST_CASE("what no other attempt helps against fails the run") {
  auto run = begun(3);
  run.on_partition_failed(second, {"a message is missing", false, 1, {}},
                          "sums/1");
  CHECK(run.state() == run_state::failed);
  CHECK(run.reason() == "partition sums/1: a message is missing");
}

TEST_CASE("alone, a node has nothing to begin again with") {
  auto run = begun(3);
  run.on_node_lost(1, "gone");
  run.on_partition_failed(first, of_tuple(1, 0), "sums/0");
  CHECK(run.state() == run_state::failed);
  CHECK_THAT(run.reason(),
             Catch::StartsWith("partition sums/0: boom; only a run with "
                               "checkpoints, on several nodes, "));
}

TEST_CASE("what cannot begin again says what it began again after") {
  auto run = begun(3);
  run.on_partition_failed(second, of_tuple(1, 0), "sums/1");
  run.on_failure("node b: the split cannot be read again");
  CHECK(run.reason()
        == "node b: the split cannot be read again; it was beginning again "
           "after: partition sums/1: boom (attempt 1 of 3)");
}
