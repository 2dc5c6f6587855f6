#include "tests/scaling/figures.hpp"

#include "scaling/rate_policy.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::testing;

namespace {

/// 8000 tuples a second arrive, 1000 are read, and the operator that makes two
/// of each is at its limit; the next one could do more.
load_report held_up(report_series& reports) {
  auto source = figures_of("lines", {0.1}, 5'000);
  source.fixed = true;
  source.arrived = 40'000;
  return reports.next({source, figures_of("split", {1.0}, 5'000),
                       figures_of("count", {0.5}, 10'000)},
                      {{0, 1, 5'000}, {1, 2, 10'000}});
}

} // namespace

TEST_CASE("all operators are sized in one decision") {
  rate_policy policy{{}};
  report_series reports;
  policy.judge(held_up(reports));
  auto judged = policy.judge(held_up(reports));
  CHECK(judged[0].wanted == 1);
  // 8 partitions' work, and half as much, at 85 %.
  CHECK(judged[1].wanted == 10);
  CHECK(judged[2].wanted == 5);
  CHECK_THAT(judged[1].reason, Catch::Contains("8000 tuples/s")
                                 && Catch::Contains("1000 tuples/s")
                                 && Catch::Contains("8.0 partitions"));
}

TEST_CASE("a single report in which an operator falls short decides nothing") {
  rate_policy policy{{}};
  report_series reports;
  for (auto& one : policy.judge(held_up(reports)))
    CHECK(one.wanted == 1);
  policy.on_change();
  for (auto& one : policy.judge(held_up(reports)))
    CHECK(one.wanted == 1);
}

TEST_CASE("true rates do not depend on how long a partition waited") {
  rate_policy policy{{}};
  report_series reports;
  auto source = figures_of("lines", {0.1}, 5'000);
  source.arrived = 5'000;
  // A fifth of its time for a thousand a second: five thousand in all of it.
  auto judged = policy.judge(reports.next(
    {source, figures_of("count", {0.2, 0.2}, 2'500)}, {{0, 1, 5'000}}));
  CHECK_THAT(judged[1].reason, Catch::Contains("can do 2500 tuples/s"));
  CHECK(judged[1].enough == 1);
}

TEST_CASE("true rates count just the work on what was taken in") {
  rate_policy policy{{}};
  report_series reports;
  auto source = figures_of("lines", {0.1}, 5'000);
  source.arrived = 5'000;
  // Busy all the time, most of it for tuples of an epoch that has not ended.
  auto count = figures_of("count", {1.0}, 500);
  count.partitions[0].worked = 0.1;
  auto judged = policy.judge(reports.next({source, count}, {{0, 1, 5'000}}));
  CHECK_THAT(judged[1].reason, Catch::Contains("can do 1000 tuples/s"));
}

TEST_CASE("a backlog counts by what it takes to work it off in time") {
  rate_policy policy{{}};
  report_series reports;
  for (auto i = 0; i < 2; ++i) {
    auto source = figures_of("lines", {0.1}, 5'000);
    source.fixed = true;
    source.arrived = 5'000;
    // In a minute as much as arrives in it.
    source.partitions[0].backlog = 60'000;
    auto judged = policy.judge(reports.next(
      {source, figures_of("count", {1.0}, 5'000)}, {{0, 1, 5'000}}));
    CHECK(judged[1].enough == 2);
    CHECK(judged[1].wanted == (i == 0 ? 1 : 2));
  }
}

TEST_CASE("a source that does not know what arrives is believed twofold") {
  rate_policy policy{{}};
  report_series reports;
  for (auto i = 0; i < 2; ++i) {
    auto source = figures_of("lines", {0.1}, 5'000);
    source.fixed = true;
    source.partitions[0].blocked = 0.9;
    auto judged = policy.judge(reports.next(
      {source, figures_of("count", {1.0}, 5'000)}, {{0, 1, 5'000}}));
    CHECK(judged[1].enough == 3); // 2 at 85 %
  }
}

TEST_CASE("after a change, a source that is held back may be catching up") {
  rate_policy policy{{}};
  report_series reports;
  auto wanted = [&] {
    auto source = figures_of("lines", {0.1}, 5'000);
    source.fixed = true;
    source.partitions[0].blocked = 0.9;
    return policy
      .judge(reports.next({source, figures_of("count", {1.0}, 5'000)},
                          {{0, 1, 5'000}}))[1]
      .wanted;
  };
  policy.on_change();
  for (auto i = 0; i < 6 + 1; ++i)
    CHECK(wanted() == 1); // half a minute, and the first of two reports
  CHECK(wanted() == 3);
}

TEST_CASE("an interval in which little happened says little") {
  rate_policy policy{{}};
  report_series reports;
  auto judge = [&](std::uint64_t read, std::uint64_t split) {
    auto source = figures_of("lines", {0.1}, read);
    source.arrived = 5'000;
    return policy.judge(reports.next({source, figures_of("split", {0.5}, read),
                                      figures_of("count", {0.5}, 5'000)},
                                     {{0, 1, read}, {1, 2, split}}));
  };
  judge(5'000, 5'000);
  // Windows that fire: much comes of little.
  CHECK_THAT(judge(5, 50)[2].reason, Catch::Contains("takes in 1018 tuples/s"));
}

TEST_CASE("an operator without figures is left alone") {
  rate_policy policy{{}};
  report_series reports;
  auto source = figures_of("lines", {0.1}, 5'000);
  source.arrived = 5'000;
  auto judged = policy.judge(
    reports.next({source, figures_of("alarms", {0, 0, 0}, 0)}, {{0, 1, 0}}));
  CHECK(judged[1].wanted == 3);
  CHECK(judged[1].enough == 3);
}

TEST_CASE("two ways to an operator both count") {
  rate_policy policy{{}};
  report_series reports;
  auto source = figures_of("lines", {0.1}, 5'000);
  source.arrived = 5'000;
  auto judged = policy.judge(reports.next(
    {figures_of("join", {0.5}, 10'000), source,
     figures_of("left", {0.5}, 5'000), figures_of("right", {0.5}, 5'000)},
    {{2, 0, 5'000}, {3, 0, 5'000}, {1, 2, 5'000}, {1, 3, 5'000}}));
  CHECK_THAT(judged[0].reason, Catch::Contains("takes in 2000 tuples/s"));
}
