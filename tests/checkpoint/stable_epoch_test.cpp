#include "checkpoint/stable_epoch.hpp"

#include "operators/random.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <stdexcept>

using namespace braid;

namespace {

using slices = std::vector<slice_id>;

/// Operator 1 with slices 0 and 1, operator 7 with slice 0.
stable_epoch two_operators(epoch_number epoch = 0) {
  return stable_epoch{{{1, 2}, {7, 1}}, epoch};
}

/// Whoever hosts them, all slices report.
bool report_all(stable_epoch& stable, epoch_number epoch,
                incarnation_number incarnation = 1) {
  stable.report(1, slices{0, 1}, incarnation, epoch);
  return stable.report(7, slices{0}, incarnation, epoch);
}

} // namespace

TEST_CASE("an epoch is stable when all slices of all operators reported it") {
  auto stable = two_operators();
  CHECK_FALSE(stable.report(1, slices{0, 1}, 1, 40));
  CHECK(stable.value() == 0);
  CHECK(stable.report(7, slices{0}, 1, 40));
  CHECK(stable.value() == 40);
  CHECK_FALSE(stable.report(7, slices{0}, 1, 40));
  CHECK_FALSE(report_all(stable, 30));
  CHECK(stable.value() == 40);
}

TEST_CASE("reports of different epochs do not add up") {
  auto stable = two_operators();
  stable.report(1, slices{0}, 1, 40);
  stable.report(1, slices{1}, 1, 50);
  stable.report(7, slices{0}, 1, 40);
  stable.report(7, slices{0}, 1, 50);
  CHECK(stable.value() == 0);
  CHECK(stable.missing(40, 10) == std::vector<operator_slice>{{1, 1}});
  SECTION("the newer may be complete first") {
    CHECK(stable.report(1, slices{0}, 1, 50));
    CHECK(stable.value() == 50);
    CHECK_FALSE(stable.report(1, slices{1}, 1, 40));
    CHECK(stable.value() == 50);
  }
  SECTION("or the older") {
    CHECK(stable.report(1, slices{1}, 1, 40));
    CHECK(stable.value() == 40);
    CHECK(stable.report(1, slices{0}, 1, 50));
    CHECK(stable.value() == 50);
  }
}

// [31] Completeness is counted in slices: the owner after the epoch reports.
TEST_CASE("slices may change hands between reports") {
  auto stable = two_operators();
  stable.report(1, slices{0, 1}, 1, 40);
  stable.report(7, slices{0}, 1, 40);
  stable.fence(1, slices{1}, 2, 54);
  SECTION("up to the hand-over the old owner counts") {
    stable.report(1, slices{0, 1}, 1, 50);
    CHECK(stable.report(7, slices{0}, 1, 50));
  }
  SECTION("then the new one") {
    stable.report(7, slices{0}, 1, 60);
    CHECK_FALSE(stable.report(1, slices{0, 1}, 1, 60));
    CHECK(stable.missing(60, 10) == std::vector<operator_slice>{{1, 1}});
    CHECK(stable.report(1, slices{1}, 2, 60));
    CHECK(stable.value() == 60);
  }
  SECTION("and after the next hand-over the one after it") {
    stable.fence(1, slices{1}, 3, 64);
    stable.report(1, slices{0}, 1, 60);
    stable.report(7, slices{0}, 1, 60);
    CHECK_FALSE(stable.report(1, slices{1}, 1, 60));
    CHECK(stable.report(1, slices{1}, 2, 60));
    stable.report(1, slices{0}, 1, 70);
    stable.report(7, slices{0}, 1, 70);
    CHECK_FALSE(stable.report(1, slices{1}, 2, 70));
    CHECK(stable.report(1, slices{1}, 3, 70));
  }
}

// [17] P reports 60 and dies; the others report 60 while it is restored at 40.
TEST_CASE("a loss voids reports beyond what is restored") {
  auto stable = two_operators();
  report_all(stable, 40);
  stable.report(1, slices{0}, 1, 60);
  stable.fence(1, slices{0}, 2, 40);
  stable.report(1, slices{1}, 1, 60);
  CHECK_FALSE(stable.report(7, slices{0}, 1, 60));
  CHECK(stable.value() == 40);
  // On its way when the instance died.
  CHECK_FALSE(stable.report(1, slices{0}, 1, 60));
  CHECK(stable.report(1, slices{0}, 2, 60));
  CHECK(stable.value() == 60);
}

TEST_CASE("a successor's report outlives the fence that comes after it") {
  auto stable = two_operators();
  stable.report(1, slices{0}, 1, 60);
  stable.report(1, slices{0}, 2, 60);
  stable.report(1, slices{0}, 1, 60);
  stable.fence(1, slices{0}, 2, 0);
  stable.report(1, slices{1}, 1, 60);
  CHECK(stable.report(7, slices{0}, 1, 60));
}

TEST_CASE("what is stable stays so") {
  auto stable = two_operators();
  report_all(stable, 60);
  stable.fence(1, slices{0}, 2, 40);
  CHECK(stable.value() == 60);
  CHECK_FALSE(report_all(stable, 70, 1));
  CHECK(stable.report(1, slices{0}, 2, 70));
}

TEST_CASE("slices that have ended count for every later epoch") {
  auto stable = two_operators();
  stable.report_last(1, slices{0}, 1, 45);
  CHECK(stable.value() == 0);
  SECTION("not for earlier ones") {
    stable.report(1, slices{1}, 1, 40);
    CHECK_FALSE(stable.report(7, slices{0}, 1, 40));
  }
  SECTION("for later ones") {
    stable.report(1, slices{1}, 1, 50);
    CHECK(stable.report(7, slices{0}, 1, 50));
    stable.fence(1, slices{0}, 2, 50);
    stable.report(1, slices{1}, 1, 60);
    CHECK(stable.report(7, slices{0}, 1, 60));
  }
  SECTION("also when their instance is lost after that is stable") {
    stable.report(1, slices{1}, 1, 50);
    CHECK(stable.report(7, slices{0}, 1, 50));
    stable.report(1, slices{1}, 1, 60);
    stable.fence(1, slices{0}, 2, 40);
    CHECK(stable.report(7, slices{0}, 1, 60));
  }
  SECTION("unless their instance is lost before that is stable") {
    stable.report(1, slices{1}, 1, 50);
    stable.fence(1, slices{0}, 2, 0);
    CHECK_FALSE(stable.report(7, slices{0}, 1, 50));
    CHECK(stable.report_last(1, slices{0}, 2, 46));
    CHECK(stable.value() == 50);
  }
  SECTION("until all have, each with its own epoch") {
    stable.report_last(1, slices{1}, 1, 48);
    CHECK(stable.report_last(7, slices{0}, 1, 47));
    CHECK(stable.value() == 48);
  }
}

TEST_CASE("a run may begin at a savepoint") {
  auto stable = two_operators(100);
  CHECK(stable.value() == 100);
  CHECK_FALSE(report_all(stable, 90));
  CHECK(report_all(stable, 110));
}

TEST_CASE("reports of what the run does not have are refused") {
  auto stable = two_operators();
  CHECK_THROWS_AS(stable.report(2, slices{0}, 1, 40), std::invalid_argument);
  CHECK_THROWS_WITH(stable.report(1, slices{2}, 1, 40),
                    Catch::Contains("slice 2 of operator 1"));
}

TEST_CASE("a tracker finds the stable epoch that a naive one finds") {
  struct naive_report {
    slice_id slice;
    incarnation_number incarnation;
    epoch_number epoch;
  };
  struct naive_fence {
    slice_id slice;
    incarnation_number successor;
    epoch_number after;
  };
  constexpr std::uint32_t count = 4;
  auto seed = GENERATE(range(0, 200));
  INFO("seed " << seed);
  random_generator random{static_cast<std::uint64_t>(seed)};
  stable_epoch stable{{{3, count}}};
  std::vector<naive_report> reports;
  std::vector<naive_fence> fences;
  epoch_number expected = 0;
  auto counts = [&](const naive_report& x) {
    return std::none_of(fences.begin(), fences.end(), [&](auto& y) {
      return y.slice == x.slice && x.incarnation < y.successor
             && x.epoch > y.after;
    });
  };
  auto is_complete = [&](epoch_number epoch) {
    std::set<slice_id> found;
    for (auto& x : reports)
      if (x.epoch == epoch && counts(x))
        found.insert(x.slice);
    return found.size() == count;
  };
  for (int step = 0; step < 300; ++step) {
    auto slice = static_cast<slice_id>(random.below(count));
    auto incarnation = 1 + random.below(3) + static_cast<unsigned>(step) / 60;
    auto epoch = expected + random.below(6);
    if (random.below(10) == 0) {
      auto after = epoch - std::min(epoch, random.below(3));
      stable.fence(3, slices{slice}, incarnation, after);
      fences.push_back({slice, incarnation, std::max(after, expected)});
    } else {
      stable.report(3, slices{slice}, incarnation, epoch);
      reports.push_back({slice, incarnation, epoch});
    }
    for (auto next = expected + 6; next > expected; --next)
      if (is_complete(next))
        expected = next;
    REQUIRE(stable.value() == expected);
  }
  CHECK(expected > 0);
}
