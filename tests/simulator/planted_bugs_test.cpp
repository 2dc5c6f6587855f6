// The simulator finds mistakes in recovery that are made on purpose.
#include "tests/simulator/crash_trials.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace braid;
using namespace braid::simulator;

namespace {

/// What a run says that fails; empty if it does not.
std::string failure_of(std::uint64_t seed, cutting how, planted_bug bug) {
  random_generator random{seed};
  auto trial = random_crash_trial(how, random);
  trial.options.planted = bug;
  try {
    run_trial(trial);
    return {};
  } catch (const std::exception& error) {
    return "seed " + std::to_string(seed) + ": " + error.what();
  }
}

/// The same where replay buffers are small, and nothing is lost.
std::string limit_failure_of(std::uint64_t seed, planted_bug bug) {
  random_generator random{seed};
  auto trial = random_limit_trial(cutting::by_count, random);
  trial.options.crash_odds = 0;
  trial.options.planted = bug;
  try {
    run_trial(trial);
    return {};
  } catch (const std::exception& error) {
    return "seed " + std::to_string(seed) + ": " + error.what();
  }
}

/// What the first of 1,000 runs says that fails with the bug, and not without.
std::string failure_with(planted_bug bug, cutting how) {
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed)
    if (auto failure = failure_of(seed, how, bug); !failure.empty())
      if (failure_of(seed, how, planted_bug::none).empty())
        return failure;
  return {};
}

void check_found(planted_bug bug, cutting how = cutting::by_count) {
  auto failure = failure_with(bug, how);
  INFO(failure);
  CHECK(!failure.empty());
}

} // namespace

TEST_CASE("found: buffers that are trimmed too far") {
  check_found(planted_bug::trimmed_too_far);
}

TEST_CASE("found: buffers that are not trimmed") {
  check_found(planted_bug::never_trimmed);
}

TEST_CASE("found: what comes again is taken beside what came before") {
  check_found(planted_bug::unclosed_kept);
}

TEST_CASE("found: restored sources that are not told known cuts") {
  check_found(planted_bug::cuts_forgotten, cutting::by_clock);
}

TEST_CASE("found: closes that do not wait for cuts to be held") {
  check_found(planted_bug::closes_not_held, cutting::by_clock);
}

TEST_CASE("found: stable copies that newer ones replace too early") {
  check_found(planted_bug::copies_dropped_early);
}

TEST_CASE("found: changes that holders are not told of") {
  check_found(planted_bug::changes_forgotten);
}

TEST_CASE("found: changes that holders leave out when they fold") {
  check_found(planted_bug::changes_not_folded);
}

TEST_CASE("found: messages of lost instances that are taken") {
  check_found(planted_bug::generations_not_known);
}

TEST_CASE("found: backups and cuts of lost instances that are taken") {
  check_found(planted_bug::holders_not_fenced, cutting::by_clock);
}

TEST_CASE("found: reports of lost instances that count") {
  check_found(planted_bug::reports_not_void);
}

TEST_CASE("found: restored instances that do not wait for all answers") {
  check_found(planted_bug::started_early);
}

TEST_CASE("found: sources that are not held back at the limit of replay "
          "buffers") {
  std::string failure;
  for (std::uint64_t seed = 1; seed <= 1'000 && failure.empty(); ++seed)
    failure = limit_failure_of(seed, planted_bug::sources_not_held);
  INFO(failure);
  CHECK(failure.find("are full, but epoch") != std::string::npos);
}

TEST_CASE("found: sources that are not told of room in replay buffers") {
  std::string failure;
  for (std::uint64_t seed = 1; seed <= 1'000 && failure.empty(); ++seed)
    failure = limit_failure_of(seed, planted_bug::room_not_told);
  INFO(failure);
  CHECK(failure.find("deadlock") != std::string::npos);
}
