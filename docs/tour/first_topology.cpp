// The code of docs/first_topology.md; compiled and run with the tests.
#include "actors/run_to_end.hpp"

#include "operators/braid.hpp"

#include <catch2/catch.hpp>

// [tuple]
struct reading {
  std::string sensor;
  double celsius = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& sensor& celsius;
  }
};
// [tuple]

// [compose]
void compose(braid::topology& topology,
             std::shared_ptr<braid::collected<std::string>> results) {
  auto make = [](std::uint64_t i) {
    return reading{i % 2 ? "roof" : "cellar", static_cast<double>(i % 40)};
  };
  topology.source("readings", braid::generate<reading>(make, {.count = 1000}))
    .filter("hot", [](const reading& x) { return x.celsius > 30; })
    .map("names", [](const reading& x) { return x.sensor; })
    .key_by(braid::itself)
    .count("alarms", braid::emit::at_end)
    .map("lines",
         [](const auto& x) { return x.key + ' ' + std::to_string(x.value); })
    .sink("result", braid::collect(results));
}
// [compose]

TEST_CASE("the first topology counts hot readings by sensor") {
  auto results = std::make_shared<braid::collected<std::string>>();
  braid::topology topology{"alarms", {}};
  compose(topology, results);
  braid::run_to_end(topology);
  auto lines = results->values();
  std::sort(lines.begin(), lines.end());
  CHECK(lines == std::vector<std::string>{"cellar 100", "roof 125"});
}
