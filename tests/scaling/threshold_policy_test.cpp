#include "tests/scaling/figures.hpp"

#include "scaling/threshold_policy.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::testing;

namespace {

std::uint32_t wanted(threshold_policy& policy, report_series& reports,
                     std::vector<double> busy) {
  return policy.judge(reports.next({figures_of("count", busy)}))[0].wanted;
}

} // namespace

TEST_CASE("a partition above the threshold twice in a row is a bottleneck") {
  threshold_policy policy{{}};
  report_series reports;
  CHECK(wanted(policy, reports, {0.71}) == 1);
  CHECK(wanted(policy, reports, {0.71}) == 2);
}

TEST_CASE("one quiet report, or a change, starts the count again") {
  threshold_policy policy{{}};
  report_series reports;
  CHECK(wanted(policy, reports, {0.9, 0.2}) == 2);
  CHECK(wanted(policy, reports, {0.7, 0.9}) == 2);
  CHECK(wanted(policy, reports, {0.9, 0.7}) == 2);
  policy.on_change();
  CHECK(wanted(policy, reports, {0.9, 0.2}) == 2);
  CHECK(wanted(policy, reports, {0.9, 0.2}) == 3);
}

TEST_CASE("bottlenecks are split, as far as it takes to get below") {
  threshold_policy policy{{}};
  report_series reports;
  wanted(policy, reports, {1, 1, 1, 1});
  // Of 4 busy partitions' work, 6 are below 70 % each.
  CHECK(wanted(policy, reports, {1, 1, 1, 1}) == 6);
  // One of four is, however little the others do.
  policy.on_change();
  wanted(policy, reports, {1, 0, 0, 0});
  CHECK(wanted(policy, reports, {1, 0, 0, 0}) == 5);
}

TEST_CASE("whoever works off a backlog fast enough is no bottleneck") {
  threshold_policy policy{{}};
  report_series reports;
  auto report_with = [&](std::uint64_t backlog) {
    auto figures = figures_of("count", {1.0});
    figures.partitions[0].backlog = backlog;
    return policy.judge(reports.next({figures}))[0].wanted;
  };
  CHECK(report_with(10'000) == 1);
  CHECK(report_with(9'000) == 1);
  CHECK(report_with(8'000) == 1);
  // At this rate it takes minutes.
  CHECK(report_with(7'900) == 1);
  CHECK(report_with(7'800) == 2);
}

TEST_CASE("what would be enough follows from the lower bound") {
  threshold_policy policy{{}};
  report_series reports;
  auto judged =
    policy.judge(reports.next({figures_of("count", {0.3, 0.3, 0.3, 0.3})}));
  CHECK(judged[0].enough == 3);
  CHECK_THAT(judged[0].reason, Catch::Contains("1.2 partitions")
                                 && Catch::Contains("3 partitions")
                                 && Catch::Contains("50 %"));
}

TEST_CASE("the reason names what was measured, and how often") {
  threshold_policy policy{{}};
  report_series reports;
  wanted(policy, reports, {0.92, 0.4});
  auto judged = policy.judge(reports.next({figures_of("count", {0.92, 0.4})}));
  CHECK(judged[0].reason
        == "1 partition of 2 busier than 70 % in 2 reports in a row, up to "
           "92 %");
}
