// Runs an operator whose user code throws as the engine does: from the
// beginning, again and again, with what threw looked for and then passed over.
#pragma once

#include "tests/operators/readings.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace braid::test {

/// What has come out, by slice.
template <class Result>
struct outcome {
  std::map<slice_id, std::vector<emitted<Result>>> results;
  std::map<slice_id, std::vector<emitted<dead_letter>>> letters;

  bool operator==(const outcome&) const = default;

  std::vector<dead_letter> all_letters() const {
    std::vector<dead_letter> found;
    for (auto& each : letters)
      for (auto& letter : each.second)
        found.push_back(letter.value);
    return found;
  }

  std::vector<Result> all_results() const {
    std::vector<Result> found;
    for (auto& each : results)
      for (auto& result : each.second)
        found.push_back(result.value);
    return found;
  }
};

/// Of the operator "operator" of `graph`, into the sinks "out" and "dead".
/// `play(fixture)` feeds and runs it. What is passed over is left in `options`.
template <class Result, class Play>
outcome<Result> run_amid_failures(const topology& graph,
                                  fixture_options& options, const Play& play) {
  for (int attempts = 0; attempts < 200; ++attempts) {
    operator_fixture fixture{graph, "operator", options};
    try {
      play(fixture);
      return {fixture.results_by_slice<Result>("out"),
              fixture.results_by_slice<dead_letter>("dead")};
    } catch (const operator_error& error) {
      INFO(error.what());
      REQUIRE(error.tuple());
      REQUIRE(options.skipped.emplace(*error.tuple(), error.what()).second);
    }
  }
  FAIL("it never ends");
  return {};
}

/// The same, and checks that it comes out the same wherever slices are, and
/// when all is known from the beginning.
template <class Result, class Play>
outcome<Result> run_everywhere(const topology& graph, const Play& play) {
  fixture_options alone;
  auto expected = run_amid_failures<Result>(graph, alone, play);
  auto again = alone;
  CHECK(run_amid_failures<Result>(graph, again, play) == expected);
  CHECK(again.skipped == alone.skipped);
  random_generator random{7};
  for (int i = 0; i < 4; ++i) {
    fixture_options spread;
    spread.hosting = random_hosting(random, 4, 3);
    spread.upstream = random_hosting(random, 4, 2);
    auto known = spread;
    CHECK(run_amid_failures<Result>(graph, spread, play) == expected);
    known.skipped = alone.skipped;
    CHECK(run_amid_failures<Result>(graph, known, play) == expected);
  }
  return expected;
}

} // namespace braid::test
