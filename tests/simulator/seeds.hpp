// Runs a test for many seeds, and says how to run it for the one that failed.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>

namespace braid::simulator {

/// Sanitizers make everything ten to twenty times slower: under them tests look
/// at so many times fewer seeds.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::uint64_t fewer_seeds = 20;
#else
inline constexpr std::uint64_t fewer_seeds = 1;
#endif

/// The seeds from `first` on: a test case's share of those of a kind.
struct seed_range {
  std::uint64_t count = 0;
  std::uint64_t first = 1;

  /// The given one of several shares of `count` seeds each.
  static constexpr seed_range share(int part, std::uint64_t count) {
    return {count, 1 + static_cast<std::uint64_t>(part) * count};
  }
};

/// The test case that runs, as its binary takes it: commas and brackets would
/// mean something else.
inline std::string name_for_filter() {
  std::string result;
  for (auto c : Catch::getResultCapture().getCurrentTestName()) {
    if (c == ',' || c == '[')
      result += '\\';
    result += c;
  }
  return result;
}

/// Calls `test(seed)` for these seeds, fewer under a sanitizer; an exception
/// fails the test case with the seed. If BRAID_SEED is set, only for that one;
/// if BRAID_SEEDS is set, for so many. Returns whether it was all of them: then
/// what happened in them together can be judged.
template <class Test>
bool for_each_seed(seed_range seeds, Test&& test) {
  auto number = [](const char* text) {
    return std::strtoull(text, nullptr, 10);
  };
  auto asked = seeds.count;
  seeds.count = std::max<std::uint64_t>(1, asked / fewer_seeds);
  if (auto* many = std::getenv("BRAID_SEEDS"))
    seeds.count = number(many);
  if (auto* one = std::getenv("BRAID_SEED"))
    seeds = {1, number(one)};
  for (auto seed = seeds.first; seed < seeds.first + seeds.count; ++seed)
    try {
      test(seed);
    } catch (const std::exception& error) {
      FAIL("seed " << seed << ": " << error.what()
                   << "\nagain with: BRAID_SEED=" << seed
                   << " simulator_tests '" << name_for_filter() << "'");
    }
  return seeds.count >= asked;
}

/// The same for seeds from 1 on.
template <class Test>
bool for_each_seed(std::uint64_t count, Test&& test) {
  return for_each_seed(seed_range{count}, std::forward<Test>(test));
}

} // namespace braid::simulator
