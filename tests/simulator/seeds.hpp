// Runs a test for many seeds, and says how to run it for the one that failed.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <string>

namespace braid::simulator {

/// Calls `test(seed)` for `count` seeds; an exception fails the test case with
/// the seed. If BRAID_SEED is set, only for that one; if BRAID_SEEDS is set,
/// for so many in place of `count`.
template <class Test>
void for_each_seed(std::uint64_t count, Test&& test) {
  auto number = [](const char* text) {
    return std::strtoull(text, nullptr, 10);
  };
  std::uint64_t first = 1;
  if (auto* many = std::getenv("BRAID_SEEDS"))
    count = number(many);
  if (auto* one = std::getenv("BRAID_SEED")) {
    first = number(one);
    count = 1;
  }
  for (auto seed = first; seed < first + count; ++seed)
    try {
      test(seed);
    } catch (const std::exception& error) {
      FAIL("seed " << seed << ": " << error.what()
                   << "\nagain with: BRAID_SEED=" << seed
                   << " simulator_tests \""
                   << Catch::getResultCapture().getCurrentTestName() << '"');
    }
}

} // namespace braid::simulator
