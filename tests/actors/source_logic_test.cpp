#include "tests/actors/source_on_trial.hpp"
#include "tests/simulator/cut_file.hpp"

#include "operators/generator.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace braid;
using namespace braid::simulator;

namespace {

cut_settings counting(std::uint64_t count) {
  cut_settings result;
  result.count = count;
  return result;
}

} // namespace

TEST_CASE("a source closes an epoch with tuples when its time is over") {
  source_on_trial source{endless(3)};
  auto first = source.step(start);
  CHECK(!first.worked);
  CHECK(first.wake_at == start + 5 * ms);
  CHECK(!source.step(start + 5 * ms - 1).worked);
  CHECK(source.sent.closes.empty());
  CHECK(source.step(start + 5 * ms).worked);
  REQUIRE(source.sent.closes.size() == 1);
  CHECK(source.last_close().first == 1);
  CHECK(source.last_close().last == 1);
  CHECK(source.last_close().now == start);
  CHECK(source.last_close().slices == std::vector<slice_range>{{0, 1}});
  CHECK(!source.last_close().ended);
  CHECK(source.tuples_of_close(0) == 3);
}

TEST_CASE("a source without tuples is called for the first one") {
  source_on_trial source{endless(1, start + 20 * ms)};
  CHECK(source.step(start).wake_at == start + 20 * ms);
  // The epoch is open long enough by then.
  CHECK(source.step(start + 20 * ms).worked);
  CHECK(source.tuples_of_close(0) == 1);
}

TEST_CASE("a source without tuples closes an empty epoch now and then") {
  source_on_trial source{endless(0)};
  CHECK(source.step(start).wake_at == start + idle);
  CHECK(!source.step(start + idle - 1).worked);
  CHECK(source.step(start + idle).worked);
  CHECK(source.tuples_of_close(0) == 0);
}

TEST_CASE("a source closes an epoch when it is full") {
  cut_settings cuts;
  SECTION("of tuples") {
    cuts.max_tuples = 10;
  }
  SECTION("of bytes") {
    cuts.max_bytes = 10 * scripted_source::tuple_bytes;
  }
  source_on_trial source{endless(25), cuts};
  CHECK(source.step(start).worked);
  CHECK(source.step(start).worked);
  CHECK(source.tuples_of_close(0) == 10);
  CHECK(source.tuples_of_close(1) == 10);
  CHECK(!source.step(start).worked);
}

TEST_CASE("the splits of a source share an epoch") {
  cut_settings cuts;
  cuts.max_tuples = 10;
  source_on_trial source{{{tuples(100), tuples(100)}, end_of_time}, cuts};
  CHECK(source.step(start).worked);
  REQUIRE(source.sent.batches.size() == 1);
  auto runs = source.sent.batches[0].tuples->runs();
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].count == 5);
  CHECK(runs[1].count == 5);
}

TEST_CASE("no split waits for ever when epochs have room for fewer than all") {
  cut_settings cuts;
  SECTION("of tuples") {
    cuts.max_tuples = 1;
  }
  SECTION("of bytes") {
    cuts.max_bytes = 1;
  }
  source_on_trial source{{{tuples(100), tuples(100), tuples(100)}, end_of_time},
                         cuts};
  std::set<slice_id> seen;
  for (epoch_number epoch = 1; epoch <= 3; ++epoch) {
    CHECK(source.step(start).worked);
    source.credit(epoch);
  }
  for (auto& batch : source.sent.batches)
    for (auto& run : batch.tuples->runs())
      seen.insert(run.slice);
  CHECK(seen == std::set<slice_id>{0, 1, 2});
}

TEST_CASE("a source closes an epoch once a related one has "
          "[counterexample 38]") {
  source_on_trial source{endless(2)};
  CHECK(!source.step(start).worked);
  source.credit(0, 1);
  CHECK(source.step(start + 1).worked);
  CHECK(source.last_close().first == 1);
  CHECK(source.last_close().last == 1);
  CHECK(source.tuples_of_close(0) == 2);
  CHECK(!source.step(start + 2).worked);
}

TEST_CASE("a source that is behind closes several epochs at once") {
  source_on_trial source{endless(2), {}, 3};
  CHECK(!source.step(start).worked);
  SECTION("all that the related one has closed") {
    source.credit(0, 2);
    CHECK(source.step(start + 1).worked);
    CHECK(source.last_close().last == 2);
  }
  SECTION("but none that may not be sent yet") {
    source.credit(0, 7);
    CHECK(source.step(start + 1).worked);
    CHECK(source.last_close().last == 3);
  }
  CHECK(source.sent.closes.size() == 1);
  CHECK(source.last_close().first == 1);
}

TEST_CASE("in count mode only the count or the end closes an epoch "
          "[counterexample 10]") {
  // Two tuples are there, the third comes after ten seconds.
  auto all = tuples(2);
  all.push_back({{0, 2, 0}, start + 10'000 * ms});
  source_on_trial source{{{all}}, counting(3)};
  CHECK(!source.step(start).worked);
  source.credit(0, 3);
  CHECK(!source.step(start + 1'000 * ms).worked);
  CHECK(source.sent.closes.empty());
  CHECK(source.step(start + 10'000 * ms).done);
  CHECK(source.tuples_of_close(0) == 3);
  CHECK(source.last_close().ended);
}

TEST_CASE("in count mode a source is called for its next tuple, not by the "
          "clock") {
  SECTION("which has a time") {
    source_on_trial source{endless(1, start + 300 * ms), counting(1)};
    CHECK(source.step(start).wake_at == start + 300 * ms);
    CHECK(source.step(start + 200 * ms).wake_at == start + 300 * ms);
  }
  SECTION("also when an earlier run's cuts are repeated") {
    cut_file file;
    file.begin()->record("source", 1, {{0, 1'000, start, false}});
    cut_settings cuts;
    cuts.repeat = file.load();
    source_on_trial source{endless(1, start + 300 * ms), cuts};
    CHECK(source.step(start).wake_at == start + 300 * ms);
    CHECK(source.step(start + 200 * ms).wake_at == start + 300 * ms);
    CHECK(source.step(start + 300 * ms).worked);
  }
}

TEST_CASE("in count mode every slice has its count, and time counts epochs") {
  source_on_trial source{{{tuples(5), tuples(2)}}, counting(2)};
  source.run();
  REQUIRE(source.sent.closes.size() == 3);
  CHECK(source.tuples_of_close(0) == 4);
  CHECK(source.tuples_of_close(1) == 2);
  CHECK(source.tuples_of_close(2) == 1);
  for (epoch_number epoch : {1, 2, 3}) {
    auto& close = source.sent.closes[epoch - 1].notice;
    CHECK(close.first == epoch);
    CHECK(close.last == epoch);
    CHECK(close.now == static_cast<event_time>(epoch) * 5 * ms);
    CHECK(close.ended == (epoch == 3));
  }
}

TEST_CASE("recorded cuts are repeated, whatever clock and limits say "
          "[counterexample 14]") {
  cut_file file;
  {
    auto recorder = file.begin();
    recorder->record("source", 1, {{0, 2'000, 17, false}});
    recorder->record("source", 2, {{0, 2'000, 18, false}});
    recorder->record("source", 3, {{0, 7'000, 23, true}});
  }
  cut_settings cuts;
  cuts.repeat = file.load();
  cuts.max_tuples = 1;
  source_on_trial source{{{tuples(7)}}, cuts};
  source.credit(0, 3);
  source.run(start + 500 * ms);
  REQUIRE(source.sent.closes.size() == 3);
  for (std::size_t i : {0, 1, 2}) {
    auto& close = source.sent.closes[i].notice;
    CHECK(close.first == i + 1);
    CHECK(close.last == i + 1);
    CHECK(close.now == std::vector<event_time>{17, 18, 23}[i]);
    CHECK(close.ended == (i == 2));
    CHECK(source.tuples_of_close(i) == std::vector<std::uint32_t>{2, 0, 5}[i]);
  }
}

TEST_CASE("cuts that an earlier run did not record are missed") {
  cut_file file;
  file.begin()->record("source", 1, {{0, 2'000, 17, false}});
  cut_settings cuts;
  cuts.repeat = file.load();
  source_on_trial source{{{tuples(7)}}, cuts};
  CHECK(source.step(start).worked);
  CHECK_THROWS_WITH(source.step(start),
                    Catch::Contains("source") && Catch::Contains("slice 0")
                      && Catch::Contains("record them again"));
}

TEST_CASE("what a source cuts can be recorded") {
  cut_file file;
  cut_settings cuts;
  cuts.max_tuples = 4;
  cuts.record = file.begin();
  {
    source_on_trial source{{{tuples(3), tuples(1)}}, cuts};
    source.run();
  }
  cuts.record.reset();
  auto recorded = file.load();
  CHECK(recorded->of("source", 1)
        == std::vector<source_cut>{{0, 2'000, start, false},
                                   {1, 1'000, start, true}});
  // The slice that ended is not listed any more.
  CHECK(recorded->of("source", 2)
        == std::vector<source_cut>{{0, 3'000, start + ms, true}});
  CHECK(recorded->of("source", 3).empty());
}

TEST_CASE("epochs that are closed along with one are recorded, too") {
  cut_file file;
  cut_settings cuts;
  cuts.record = file.begin();
  {
    source_on_trial source{endless(2), cuts};
    source.credit(0, 3);
    CHECK(source.step(start).worked);
  }
  cuts.record.reset();
  auto recorded = file.load();
  for (epoch_number epoch : {1, 2, 3})
    CHECK(recorded->of("source", epoch)
          == std::vector<source_cut>{{0, 2'000, start, false}});
}

TEST_CASE("a slice that ends is not listed in epochs closed along with its "
          "last") {
  cut_file file;
  cut_settings cuts;
  cuts.record = file.begin();
  {
    source_script script{{tuples(1), tuples(1)}};
    script.splits[1].push_back({{}, end_of_time});
    source_on_trial source{script, cuts};
    source.credit(0, 3);
    CHECK(source.step(start).worked);
    CHECK(source.last_close().last == 3);
  }
  cuts.record.reset();
  auto recorded = file.load();
  CHECK(recorded->of("source", 1)
        == std::vector<source_cut>{{0, 1'000, start, true},
                                   {1, 1'000, start, false}});
  // As when epochs are closed one by one.
  for (epoch_number epoch : {2, 3})
    CHECK(recorded->of("source", epoch)
          == std::vector<source_cut>{{1, 1'000, start, false}});
}

TEST_CASE("a source with nothing to read ends with its first epoch") {
  source_on_trial source{{{{}, {}}}};
  CHECK(source.step(start).done);
  CHECK(source.last_close().first == 1);
  CHECK(source.last_close().ended);
  CHECK(source.logic().load().state == partition_state::done);
  CHECK(source.step(start).done);
  CHECK(source.sent.closes.size() == 1);
}

TEST_CASE("a source waits while too many epochs are in flight") {
  source_on_trial source{endless(2), {}, 1};
  source.step(start);
  CHECK(source.step(start + 5 * ms).worked);
  auto blocked = source.step(start + 500 * ms);
  CHECK(!blocked.worked);
  CHECK(!blocked.wake_at);
  CHECK(source.logic().load().state == partition_state::blocked);
  source.credit(1);
  CHECK(source.step(start + 500 * ms).wake_at == start + 500 * ms + idle);
  CHECK(source.logic().load().state == partition_state::waiting);
}

TEST_CASE("a source that is held up goes on counting what waits outside") {
  topology graph{"test", settings{}};
  graph
    .source("source", generate(
                        [](std::uint64_t i) {
                          return item{i, i, 0};
                        },
                        {.rate = 1'000}))
    .sink("sink", collect(std::make_shared<collected<item>>()));
  partition_settings settings;
  settings.flow.in_flight = 1;
  auto owners = assign_evenly(graph, {}, 1);
  kept_messages sent;
  auto source = make_partition(graph, owners, {0, 0}, settings, {sent, [] {}});
  source->step(start);
  source->step(start + 5 * ms);
  REQUIRE(source->load().epoch == 1);
  // What it has read waits no more, and has gone along the edge.
  CHECK(source->load().queued_tuples == 0);
  CHECK(source->load().edges.at(0).tuples == source->load().tuples_out);
  auto held_up = source->step(start + 10 * ms);
  CHECK(source->load().state == partition_state::blocked);
  CHECK(source->load().knows_arrivals);
  auto waiting = source->load().queued_tuples.load();
  REQUIRE(held_up.wake_at);
  CHECK(*held_up.wake_at > start + 10 * ms);
  source->step(*held_up.wake_at);
  CHECK(source->load().queued_tuples > waiting + 100);
  CHECK(source->load().counted_at == *held_up.wake_at);
}

TEST_CASE("a source that has ended refuses checkpoints before its end") {
  source_on_trial source{{{tuples(5)}}, counting(2)};
  source.run();
  CHECK(source.logic().load().epoch == 3);
  CHECK(!source.logic().name_checkpoint(2));
  CHECK(source.logic().name_checkpoint(3));
  CHECK(source.logic().name_checkpoint(9));
}

TEST_CASE("the time of epochs never falls back [counterexample 11]") {
  source_on_trial source{endless(0)};
  source.credit(0, 1);
  CHECK(source.step(start).worked);
  source.credit(1, 2);
  CHECK(source.step(start - 50 * ms).worked);
  CHECK(source.last_close().first == 2);
  CHECK(source.last_close().now == start);
}

TEST_CASE("a slice's time is that of its epoch even if it reads nothing") {
  cut_settings cuts;
  cuts.max_tuples = 1;
  cut_file file;
  cuts.record = file.begin();
  {
    source_on_trial source{{{tuples(3), tuples(3)}, end_of_time}, cuts};
    CHECK(source.step(start).worked);
  }
  cuts.record.reset();
  CHECK(
    file.load()->of("source", 1)
    == std::vector<source_cut>{{0, 1'000, start, false}, {1, 0, start, false}});
}

// What it would cut next is known to nobody else.
TEST_CASE(
  "a source does not hand over: whoever takes its place repeats what it "
  "cut [counterexample 32]") {
  cut_settings cuts;
  cuts.max_tuples = 2;
  cut_file file;
  cuts.record = file.begin();
  {
    source_on_trial drained{endless(5), cuts};
    CHECK(drained.step(start).worked);
    CHECK_THROWS_AS(drained.logic().stop_for_successors(), protocol_error);
  }
  cuts.record.reset();
  cuts.known = file.load();
  cuts.max_tuples = 5;
  source_on_trial next{endless(5), cuts};
  CHECK(next.step(start + 77 * ms).worked);
  CHECK(next.tuples_of_close(0) == 2);
  // From here on it cuts by its own clock.
  CHECK(!next.step(start + 77 * ms).worked);
  CHECK(next.step(start + 82 * ms).worked);
  CHECK(next.tuples_of_close(1) == 3);
}

TEST_CASE("a source is not sent anything but credits") {
  source_on_trial source{endless(0)};
  CHECK_THROWS_AS(source.logic().on_batch({0, 0, 0, 1}, nullptr),
                  protocol_error);
  CHECK_THROWS_AS(source.logic().on_close({}), protocol_error);
}
