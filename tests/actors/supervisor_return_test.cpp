// What a supervising node writes down, and how it leads runs on when it was
// started again. Numbers in brackets: shared counterexamples.
#include "tests/checkpoint/full_disk.hpp"
#include "tests/tools/scratch_folder.hpp"

#include "actors/kept_reports.hpp"
#include "actors/run_logic.hpp"
#include "actors/run_recorder.hpp"
#include "actors/supervisor_journal.hpp"
#include "actors/void_channels.hpp"

#include <catch2/catch.hpp>

using namespace braid;

namespace {

using command = run_logic::command;

/// One operator, a partition on each of three nodes; the first one supervises.
deployment three_nodes(run_id run = 7) {
  deployment plan;
  plan.run = run;
  plan.name = "chain-" + std::to_string(run);
  plan.asked.topology = "chain";
  plan.owners = {{{0, 1, 2}, {0, 1, 2}}};
  plan.nodes = {{"supervisor", 10, "127.0.0.1", 1},
                {"worker-1", 11, "127.0.0.1", 2},
                {"worker-2", 12, "127.0.0.1", 3}};
  return plan;
}

run_report report_of(const deployment& plan) {
  run_report result;
  result.name = plan.name;
  result.topology = plan.asked.topology;
  result.supervisor = "supervisor";
  return result;
}

run_logic running(const deployment& plan = three_nodes()) {
  run_logic result{plan};
  for (node_index node : {0, 1, 2})
    result.on_deployed(node);
  for (node_index node : {0, 1, 2})
    result.on_started(node);
  REQUIRE(result.state() == run_state::running);
  return result;
}

saved_run saved_of(const run_logic& logic) {
  return logic.saved(report_of(logic.plan()));
}

/// All partitions report a checkpoint of `epoch`.
run_logic::actions all_backed_up(run_logic& logic, epoch_number epoch) {
  run_logic::actions result;
  for (partition_index i : {0, 1, 2})
    result = logic.on_checkpoint(
      {7, {0, i}, logic.generation_of({0, i}), epoch, false});
  return result;
}

std::set<node_index> told(const run_logic::actions& actions, command what) {
  std::set<node_index> result;
  for (auto& action : actions)
    if (action.what == what)
      result.insert(action.node);
  return result;
}

const node_address supervisor_again{"supervisor", 20, "127.0.0.1", 1};

/// Takes in all that a recorder writes.
struct memory_journal {
  void save(const saved_run& run) {
    ++runs;
    memory.apply(run_memory::run_record(run).bytes());
  }

  void save_stable(const run_epoch& stable) {
    ++stables;
    memory.apply(run_memory::stable_record(stable).bytes());
  }

  run_memory memory;
  int runs = 0;
  int stables = 0;
};

std::string refusal(const std::filesystem::path& folder) {
  try {
    supervisor_journal{folder};
  } catch (const file_error& error) {
    return error.what();
  }
  return "accepted";
}

} // namespace

TEST_CASE("a supervisor's records come back as the runs that they tell of") {
  run_memory memory;
  memory.apply(run_memory::life_record(5).bytes());
  auto logic = running();
  memory.apply(run_memory::run_record(saved_of(logic)).bytes());
  memory.apply(run_memory::stable_record({7, 40}).bytes());
  logic.on_node_lost(2, "gone");
  auto other = running(three_nodes(8));
  other.on_cancel();
  memory.apply(run_memory::run_record(saved_of(other)).bytes());

  run_memory again;
  again.apply(memory.snapshot().bytes());
  CHECK(again.incarnation() == 5);
  REQUIRE(again.runs().size() == 2);
  CHECK(again.runs()[0].plan.name == "chain-7");
  CHECK(again.runs()[0].stable == 40);
  CHECK(again.runs()[0].alive == std::vector<node_index>{0, 1, 2});
  CHECK(again.runs()[1].report.state == run_state::cancelled);
}

TEST_CASE("of runs that are over, the latest are remembered") {
  run_memory memory;
  memory.apply(run_memory::run_record(saved_of(running())).bytes());
  for (run_id i = 1; i <= run_memory::most_over + 5; ++i) {
    auto logic = running(three_nodes(1000 + i));
    logic.on_cancel();
    memory.apply(run_memory::run_record(saved_of(logic)).bytes());
  }
  CHECK(memory.runs().size() == run_memory::most_over + 1);
  CHECK(memory.runs().front().plan.run == 7);
  CHECK(memory.runs().back().plan.run == 1000 + run_memory::most_over + 5);
}

TEST_CASE("what is no record of a supervisor is refused") {
  run_memory memory;
  CHECK_THROWS_AS(memory.apply({}), decode_error);
  auto record = run_memory::run_record(saved_of(running()));
  CHECK_THROWS_AS(memory.apply(record.bytes().first(record.size() - 1)),
                  decode_error);
  record.data()[0] = std::byte{9};
  CHECK_THROWS_AS(memory.apply(record.bytes()), decode_error);
}

TEST_CASE("only what is new about a run is written down") {
  auto journal = std::make_shared<memory_journal>();
  run_recorder<memory_journal> recorder{journal};
  auto logic = running();
  recorder.record(saved_of(logic));
  recorder.record(saved_of(logic));
  CHECK(journal->runs == 1);
  all_backed_up(logic, 40);
  recorder.record(saved_of(logic));
  recorder.record(saved_of(logic));
  CHECK(journal->runs == 1);
  CHECK(journal->stables == 1);
  CHECK(journal->memory.runs().front().stable == 40);
  logic.on_node_lost(2, "gone");
  recorder.record(saved_of(logic));
  CHECK(journal->runs == 2);
  CHECK(journal->memory.runs().front().lost
        == std::vector<partition_place>{{0, 2}});
  // A later life knows what it has read.
  run_recorder<memory_journal> later{journal, journal->memory.runs().front()};
  later.record(run_logic{journal->memory.runs().front()}.saved(
    journal->memory.runs().front().report));
  CHECK(journal->runs == 2);
}

TEST_CASE("[39] a run goes on once its nodes are back, and what ran beside the "
          "supervisor is restored") {
  auto before = running();
  all_backed_up(before, 40);
  run_logic after{saved_of(before)};
  CHECK(after.state() == run_state::running);
  CHECK(after.stable() == 40);

  auto actions = after.on_supervisor_back({1, 2}, {supervisor_again});
  CHECK(told(actions, command::recover) == std::set<node_index>{1, 2, 3});
  auto order = after.current_recovery();
  CHECK(order.stable == 40);
  CHECK(order.generation == 1);
  REQUIRE(order.lost.size() == 1);
  CHECK(order.lost[0].place == partition_place{0, 0});
  // The node that has nothing yet.
  CHECK(order.plan.owners[0].nodes[0] == 3);
  CHECK(order.plan.nodes[3].incarnation == 20);

  for (node_index node : {1, 2, 3})
    actions = after.on_recovered(node, 1);
  CHECK(told(actions, command::resume) == std::set<node_index>{1, 2, 3});
  // Nobody knows what was said on them last.
  CHECK(after.current_resumption().reconnected
        == std::vector<std::pair<node_index, node_index>>{{1, 2}});
  for (node_index node : {1, 2, 3})
    after.on_resumed(node, 1);
  CHECK_FALSE(after.is_recovering());
  CHECK(told(all_backed_up(after, 60), command::stable)
        == std::set<node_index>{1, 2, 3});
}

TEST_CASE("nodes that do not come back are lost along with the supervisor's") {
  run_logic after{saved_of(running())};
  auto actions = after.on_supervisor_back({1}, {});
  CHECK(told(actions, command::recover) == std::set<node_index>{1});
  CHECK(after.current_recovery().plan.owners[0].nodes
        == std::vector<node_index>{1, 1, 1});
}

TEST_CASE("a recovery that a supervisor did not live to see is begun again") {
  auto before = running();
  all_backed_up(before, 40);
  before.on_node_lost(2, "gone");
  before.on_recovered(0, 1);
  run_logic after{saved_of(before)};
  after.on_supervisor_back({1}, {supervisor_again});
  auto order = after.current_recovery();
  CHECK(order.generation == 2);
  std::set<partition_place> lost;
  for (auto& each : order.lost) {
    CHECK(each.successor == 2);
    lost.insert(each.place);
  }
  CHECK(lost == std::set<partition_place>{{0, 0}, {0, 2}});
}

TEST_CASE(
  "all are told of the loss of a node on which nothing ran: it may have "
  "kept backups and cuts") {
  auto logic = running();
  logic.on_node_joined({"worker-3", 13, "127.0.0.1", 4});
  for (node_index node : {0, 1, 2, 3})
    logic.on_recovered(node, 1);
  for (node_index node : {0, 1, 2, 3})
    logic.on_resumed(node, 1);
  REQUIRE_FALSE(logic.is_recovering());
  auto actions = logic.on_node_lost(3, "gone");
  CHECK(told(actions, command::recover) == std::set<node_index>{0, 1, 2});
  CHECK(logic.current_recovery().alive == std::vector<node_index>{0, 1, 2});
  CHECK(logic.current_recovery().lost.empty());
}

TEST_CASE("[17] late reports of replaced instances are void after a restart, "
          "too") {
  auto before = running();
  all_backed_up(before, 40);
  before.on_node_lost(2, "gone");
  run_logic after{saved_of(before)};
  after.on_checkpoint({7, {0, 0}, 0, 60, false});
  after.on_checkpoint({7, {0, 1}, 0, 60, false});
  after.on_checkpoint({7, {0, 2}, 0, 60, false}); // of the lost one
  CHECK(after.stable() == 40);
  CHECK(after.on_partition_done({0, 2}, 0).empty());
}

TEST_CASE("a run that cannot be led on fails and says why") {
  SECTION("nobody is left") {
    run_logic after{saved_of(running())};
    after.on_supervisor_back({}, {supervisor_again});
    CHECK(after.state() == run_state::failed);
    CHECK_THAT(after.reason(), Catch::Contains("no node"));
  }
  SECTION("it takes no checkpoints") {
    auto plan = three_nodes();
    plan.settings.checkpoint_interval_us = 0;
    run_logic after{saved_of(running(plan))};
    auto actions = after.on_supervisor_back({1, 2}, {});
    CHECK(after.state() == run_state::failed);
    CHECK_THAT(after.reason(), Catch::Contains("no checkpoints"));
    CHECK(told(actions, command::stop).contains(1));
  }
}

TEST_CASE("a run that was about to start does so with its next supervisor") {
  run_logic before{three_nodes()};
  before.begin();
  run_logic after{saved_of(before)};
  CHECK(after.is_first_start());
  auto actions = after.on_supervisor_back({1, 2}, {supervisor_again});
  CHECK(told(actions, command::recover) == std::set<node_index>{1, 2, 3});
  auto order = after.current_recovery();
  CHECK(order.stable == 0);
  CHECK_FALSE(order.goes_back);
  // The others may have begun already.
  REQUIRE(order.lost.size() == 1);
  CHECK(order.lost[0].place == partition_place{0, 0});
  for (node_index node : {1, 2, 3})
    after.on_recovered(node, 1);
  CHECK(after.current_resumption().starts);
  for (node_index node : {1, 2, 3})
    after.on_resumed(node, 1);
  CHECK(after.state() == run_state::running);
  CHECK_FALSE(after.current_resumption().starts);
}

TEST_CASE("a run of which nobody had heard is started by a later life of its "
          "supervisor") {
  run_logic before{three_nodes()};
  before.begin();
  auto joined = before.plan().nodes;
  SECTION("if that is certain") {
    run_logic after{saved_of(before)};
    auto actions = after.on_supervisor_back({}, joined, false);
    CHECK(told(actions, command::recover) == std::set<node_index>{3, 4, 5});
    CHECK(after.current_recovery().lost.size() == 3);
  }
  // How it has ended its epochs is lost with all who knew.
  SECTION("but not if some may have begun") {
    run_logic after{saved_of(before)};
    after.on_supervisor_back({}, joined);
    CHECK(after.state() == run_state::failed);
  }
}

TEST_CASE("[25] of two nodes that cannot reach each other, the supervisor's is "
          "kept") {
  auto logic = running();
  CHECK(logic.whom_to_lose(0, 2) == 2);
  CHECK(logic.whom_to_lose(2, 0) == 2);
  CHECK(logic.whom_to_lose(1, 2) == 2);
  logic.on_node_lost(0, "gone");
  logic.on_node_joined(supervisor_again);
  CHECK(logic.whom_to_lose(3, 2) == 2);
}

TEST_CASE("[25] what comes over a new connection is void until channels begin "
          "anew") {
  void_channels channels;
  channels.on_generation(7, 0);
  CHECK_FALSE(channels.is_void("worker", 7, 0));
  channels.on_down("worker");
  CHECK(channels.is_void("worker", 7, 0));
  CHECK_FALSE(channels.is_void("other", 7, 0));
  CHECK_FALSE(channels.is_void("worker", 8, 0));
  channels.on_generation(7, 3);
  CHECK_FALSE(channels.is_void("worker", 7, 3));
  // The connection on which they began anew broke as well.
  channels.on_down("worker");
  CHECK(channels.is_void("worker", 7, 3));
  CHECK_FALSE(channels.is_void("worker", 7, 4));
  channels.forget(7);
  CHECK_FALSE(channels.is_void("worker", 7, 0));
}

TEST_CASE("nodes tell again what a later life of the supervisor must know") {
  kept_reports told;
  told.add(partition_event{7, 0, 1, 0, false, {}});
  told.add(checkpoint_report{7, {0, 1}, 0, 40, false});
  told.add(checkpoint_report{7, {0, 1}, 0, 60, false});
  told.add(checkpoint_report{7, {0, 2}, 0, 40, true});
  told.on_stable({7, 40});
  auto epochs = [&] {
    std::vector<epoch_number> result;
    for (auto& report : told.all().at(7).checkpoints)
      result.push_back(report.epoch);
    return result;
  };
  // What has ended counts for later epochs as well.
  CHECK(epochs() == std::vector<epoch_number>{60, 40});
  // A new instance at its place.
  told.add(checkpoint_report{7, {0, 1}, 1, 50, false});
  CHECK(epochs() == std::vector<epoch_number>{40, 50});
  told.add(partition_event{7, 0, 1, 1, false, {}});
  CHECK(told.all().at(7).events.at({0, 1}).generation == 1);
  told.forget(7);
  CHECK(told.all().empty());
}

// -- the file -----------------------------------------------------------------

TEST_CASE("a supervisor's decisions outlive it") {
  scratch_folder folder;
  auto logic = running();
  {
    supervisor_journal journal{folder.path() / "new"};
    CHECK(journal.begin_life(100) == 100);
    journal.save(saved_of(logic));
    journal.save_stable({7, 40});
  }
  supervisor_journal journal{folder.path() / "new"};
  // Later lives have higher numbers, whatever the clock says [41].
  CHECK(journal.begin_life(50) == 101);
  REQUIRE(journal.runs().size() == 1);
  CHECK(journal.runs()[0].stable == 40);
  CHECK(journal.runs()[0].plan.nodes.size() == 3);
}

TEST_CASE("a journal grows no longer than what it says") {
  scratch_folder folder;
  auto path = folder.path() / "supervisor.journal";
  {
    supervisor_journal journal{folder.path()};
    auto saved = saved_of(running());
    saved.report.reason.assign(100'000, 'x');
    for (int i = 0; i < 100; ++i)
      journal.save(saved);
    CHECK(std::filesystem::file_size(path) < 5 << 20);
  }
  CHECK(supervisor_journal{folder.path()}.runs().size() == 1);
}

TEST_CASE("[41] two lives at once do not share a journal") {
  scratch_folder folder;
  supervisor_journal journal{folder.path()};
  CHECK_THAT(refusal(folder.path()), Catch::Contains("supervisor.journal"));
}

TEST_CASE(
  "a journal that cannot be used is refused in one line that names it") {
  scratch_folder folder;
  auto check = [&] {
    auto line = refusal(folder.path());
    CHECK_THAT(line, Catch::Contains("supervisor.journal"));
    CHECK_THAT(line, Catch::Contains("move"));
    CHECK(line.find('\n') == std::string::npos);
  };
  SECTION("foreign") {
    folder.write("supervisor.journal", "something else altogether\n");
    check();
  }
  SECTION("of another version") {
    {
      journal file{folder.path() / "supervisor.journal", [](auto&) {}};
      auto record = run_memory::life_record(1);
      record.data()[0] = std::byte{9};
      file.append(record.bytes());
    }
    check();
  }
}

TEST_CASE("of a torn record nothing is left but those before it") {
  scratch_folder folder;
  auto path = folder.path() / "supervisor.journal";
  {
    supervisor_journal journal{folder.path()};
    journal.save(saved_of(running()));
    journal.save_stable({7, 40});
  }
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 3);
  supervisor_journal journal{folder.path()};
  REQUIRE(journal.runs().size() == 1);
  CHECK(journal.runs()[0].stable == 0);
}

TEST_CASE("a full disk refuses a decision with the file's name, and takes it "
          "when there is room") {
  scratch_folder folder;
  auto path = folder.path() / "supervisor.journal";
  supervisor_journal journal{folder.path()};
  auto saved = saved_of(running());
  journal.save(saved);
  {
    full_disk full{std::filesystem::file_size(path) + 10};
    CHECK_THROWS_WITH(journal.save(saved),
                      Catch::Contains("supervisor.journal"));
    CHECK(journal.runs().size() == 1);
  }
  journal.save_stable({7, 40});
  CHECK(journal.runs()[0].stable == 40);
}
