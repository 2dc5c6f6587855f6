// From what nodes have counted to the figures that scaling decides from.
#include "actors/load_counts.hpp"

#include "operators/archive.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t second = 1'000'000'000;

/// A source on one node and an operator of two partitions, on two nodes.
assignment owners() {
  return {{{0}, {0}}, {{0, 0, 1, 1}, {0, 1}}};
}

load_meter meter() {
  return load_meter{{{"lines", true}, {"counts", false}}};
}

/// `rounds` seconds after the beginning. Partition 1 of the operator is busy
/// half of the time and gets 3 of 4 tuples, all of them in slice 3.
std::vector<load_counts> counts_after(std::uint64_t rounds) {
  load_counts first;
  // Nodes have clocks of their own.
  first.at_ns = 7 * second + static_cast<std::int64_t>(rounds) * second;
  load_counts second_node;
  second_node.at_ns = static_cast<std::int64_t>(rounds) * second;
  partition_counts source;
  source.place = {0, 0};
  source.tuples_in = source.tuples_out = 4'000 * rounds;
  source.blocked_ns = rounds * second / 4;
  source.knows_arrivals = true;
  source.queued_tuples = 1'000 * rounds;
  source.edges = {{1, 4'500 * rounds}};
  partition_counts light;
  light.place = {1, 0};
  light.busy_ns = rounds * second / 10;
  light.tuples_in = 1'000 * rounds;
  light.slices = {{0, 500 * rounds}, {1, 500 * rounds}};
  auto heavy = light;
  heavy.place = {1, 1};
  heavy.busy_ns = rounds * second / 2;
  heavy.tuples_in = 3'000 * rounds;
  heavy.slices = {{2, 0}, {3, 3'000 * rounds}};
  first.partitions = {source, light};
  second_node.partitions = {heavy};
  return {first, second_node};
}

} // namespace

TEST_CASE("a report says what has been counted since the one before") {
  auto made = meter();
  CHECK(!made.add(1s, counts_after(1), owners()));
  auto report = made.add(3s, counts_after(3), owners());
  REQUIRE(report);
  CHECK(report->from == 1s);
  CHECK(report->until == 3s);
  auto& source = report->operators[0];
  CHECK(source.name == "lines");
  CHECK(source.fixed);
  CHECK(source.tuples_in() == 8'000);
  CHECK(source.most_blocked() == Approx(0.25));
  // What was read, and what more waits outside.
  CHECK(source.arrived == 10'000);
  auto& counts = report->operators[1];
  CHECK(counts.parallelism() == 2);
  CHECK(counts.partitions[1].busy == Approx(0.5));
  CHECK(counts.tuples_in() == 8'000);
  REQUIRE(report->edges.size() == 1);
  CHECK(report->edges[0].from == 0);
  CHECK(report->edges[0].to == 1);
  // What its receivers have not taken in yet is among it.
  CHECK(report->edges[0].tuples == 9'000);
}

TEST_CASE("what arrives is told by when sources counted it") {
  auto made = meter();
  auto before = counts_after(1);
  before[0].partitions[0].counted_at_us = 900'000;
  made.add(1s, before, owners());
  auto now = counts_after(2);
  now[0].partitions[0].counted_at_us = 2'150'000;
  // 5000 in a second and a quarter.
  CHECK(made.add(2s, now, owners())->operators[0].arrived == 4'000);
}

// An epoch may take longer than an interval.
TEST_CASE("what tuples cost is the work on finished epochs") {
  auto made = meter();
  auto before = counts_after(1);
  before[1].partitions[0].unfinished_ns = second / 4;
  made.add(1s, before, owners());
  auto now = counts_after(2);
  auto report = made.add(2s, now, owners());
  auto& heavy = report->operators[1].partitions[1];
  CHECK(heavy.busy == Approx(0.5));
  CHECK(heavy.worked == Approx(0.75));
  CHECK(report->operators[1].worked() == Approx(0.85));
}

TEST_CASE("slices share what their partition was busy, by their tuples") {
  auto made = meter();
  made.add(1s, counts_after(1), owners());
  auto busy = made.add(2s, counts_after(2), owners())->operators[1].slice_busy;
  REQUIRE(busy.size() == 4);
  CHECK(busy[0] == Approx(0.05));
  CHECK(busy[1] == Approx(0.05));
  CHECK(busy[2] == 0);
  CHECK(busy[3] == Approx(0.5));
}

TEST_CASE("few tuples say nothing about slices") {
  auto made = meter();
  auto few = [](std::uint64_t tuples) {
    auto counts = counts_after(tuples);
    for (auto& node : counts)
      for (auto& each : node.partitions)
        for (auto& slice : each.slices)
          slice.second = tuples;
    return counts;
  };
  made.add(1s, few(1), owners());
  CHECK(made.add(2s, few(2), owners())->operators[1].slice_busy.empty());
}

TEST_CASE("there are no figures of an interval in which partitions began") {
  auto made = meter();
  made.add(1s, counts_after(1), owners());
  auto anew = counts_after(2);
  anew[1].partitions[0].generation = 1;
  CHECK(!made.add(2s, anew, owners()));
  auto later = counts_after(3);
  later[1].partitions[0].generation = 1;
  CHECK(made.add(3s, later, owners()));
  auto missing = counts_after(4);
  missing.pop_back();
  CHECK(!made.add(4s, missing, owners()));
}

TEST_CASE("partitions that host nothing do not count") {
  auto made = meter();
  auto with_shadow = [](std::uint64_t rounds) {
    auto counts = counts_after(rounds);
    auto& shadow = counts[0].partitions.emplace_back();
    shadow.place = {1, 2};
    shadow.busy_ns = rounds * second;
    return counts;
  };
  made.add(1s, with_shadow(1), owners());
  CHECK(made.add(2s, with_shadow(2), owners())->operators[1].parallelism()
        == 2);
}

TEST_CASE("counts are sent from node to node") {
  auto sent = counts_after(2)[1];
  sent.partitions[0].hot = hot_key{7, "'the'", 600, 500};
  auto received = decoded<load_counts>(encoded(sent));
  CHECK(received.at_ns == sent.at_ns);
  REQUIRE(received.partitions.size() == 1);
  CHECK(received.partitions[0].slices == sent.partitions[0].slices);
  CHECK(received.partitions[0].hot->name == "'the'");
}
