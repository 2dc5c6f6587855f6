#include "scaling/scaling_settings.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace std::chrono_literals;

namespace {

template <class Change>
void refuses(Change change, const std::string& key, const std::string& remedy) {
  scaling_settings settings;
  change(settings);
  CHECK_THROWS_WITH(check(settings), Catch::StartsWith("scaling." + key + ": ")
                                       && Catch::Contains(remedy));
}

} // namespace

TEST_CASE("the default settings of scaling are possible") {
  CHECK_NOTHROW(check({}));
}

TEST_CASE("impossible settings are refused by key, with the remedy") {
  refuses([](auto& x) { x.interval = 0us; }, "interval", "above 0");
  refuses([](auto& x) { x.consecutive = 0; }, "consecutive", "1 to 1000");
  refuses([](auto& x) { x.threshold = 100; }, "threshold", "1 to 99");
  refuses([](auto& x) { x.target = 0; }, "target", "1 to 99");
  refuses([](auto& x) { x.lower_bound = 70; }, "lower_bound",
          "lower lower_bound or raise threshold");
  refuses([](auto& x) { x.cool_down = -1us; }, "cool_down", "0 or more");
  refuses([](auto& x) { x.scale_in_after = 4s; }, "scale_in_after",
          "raise scale_in_after");
  refuses([](auto& x) { x.max_backlog = 0us; }, "max_backlog", "above 0");
  refuses([](auto& x) { x.catch_up = 0us; }, "catch_up", "above 0");
  refuses([](auto& x) { x.max_parallelism = 0; }, "max_parallelism",
          "1 to 65536");
  refuses([](auto& x) { x.min_parallelism = 65; }, "min_parallelism",
          "raise max_parallelism");
}

TEST_CASE("policies are known by name") {
  for (auto kind :
       {policy_kind::manual, policy_kind::threshold, policy_kind::rate})
    CHECK(to_policy_kind(to_string(kind)) == kind);
  CHECK(!to_policy_kind("automatic"));
}
