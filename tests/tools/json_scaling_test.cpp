#include "tools/json_scaling.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

using namespace braid;

namespace {

/// Why the body is refused; empty: it is not.
std::string refusal(const char* body, scaling_kind kind = scaling_kind::scale) {
  try {
    parse_scaling_order(body, kind, "words-1");
    return {};
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

} // namespace

TEST_CASE("an order to scale names an operator and a number of partitions") {
  auto order = parse_scaling_order(R"({"operator": "counts", "partitions": 4})",
                                   scaling_kind::scale, "words-1");
  CHECK(order.run == "words-1");
  CHECK(order.operator_name == "counts");
  CHECK(order.partitions == 4);
  CHECK_FALSE(order.dry_run);
  CHECK_THAT(refusal(R"({"partitions": 4})"),
             Catch::Contains("'operator' is missing"));
  CHECK_THAT(refusal(R"({"operator": "counts"})"),
             Catch::Contains("'partitions' is missing"));
  CHECK_THAT(refusal(R"({"operator": "counts", "partitions": 0})"),
             Catch::Contains("a whole number from 1"));
  CHECK_THAT(refusal(R"({"operator": "counts", "partition": 4})"),
             Catch::Contains("unknown key 'partition'"));
  CHECK_THAT(refusal("[]"), Catch::Contains("no JSON object"));
}

TEST_CASE("an order to even out may name an operator") {
  auto order = parse_scaling_order(R"({"dry_run": true})",
                                   scaling_kind::rebalance, "words-1");
  CHECK(order.operator_name.empty());
  CHECK(order.dry_run);
  CHECK_THAT(refusal(R"({"dry_run": 1})", scaling_kind::rebalance),
             Catch::Contains("true or false"));
}

TEST_CASE("an order to drain a node needs no body") {
  auto order = parse_drain_order("", "worker-1");
  CHECK(order.kind == scaling_kind::drain);
  CHECK(order.node == "worker-1");
}

TEST_CASE("the answer to an order has its steps") {
  CHECK(scaling_json({{"counts/0 to 2 fresh partitions on a, b"}}).dump()
        == R"({"steps":["counts/0 to 2 fresh partitions on a, b"]})");
}
