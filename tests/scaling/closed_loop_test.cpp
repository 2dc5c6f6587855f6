#include "tests/scaling/closed_loop.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace braid;
using braid::testing::closed_loop;
using braid::testing::model_topology;
using namespace std::chrono_literals;

namespace {

constexpr double one_x = 1000;

/// A source, words of lines, counts of words beside some that are kept, and a
/// sink: costs, fan-out and filters that differ.
model_topology words(std::uint64_t seed, double noise = 0.1,
                     bool tells_arrivals = true) {
  model_topology model{seed, noise};
  model_topology::options reading;
  reading.capacity = 50 * one_x;
  reading.tells_arrivals = tells_arrivals;
  auto lines = model.add_source("lines", reading);
  auto split = model.add("split", {lines}, {900, 3, true});
  auto count = model.add("count", {split}, {1700, 0.5, true});
  model.add("filter", {split}, {4000, 0.1, true});
  model.add("result", {count}, {2100, 1, true});
  return model;
}

scaling_settings with(policy_kind policy) {
  scaling_settings result;
  result.policy = policy;
  return result;
}

/// The fewest partitions of each operator that keep up with `times` the load:
/// found by trying, with plenty of all others.
const std::vector<std::uint32_t>& best_fixed(double times) {
  static std::map<double, std::vector<std::uint32_t>> known;
  auto& result = known[times];
  if (!result.empty())
    return result;
  auto keeps_up = [&](operator_id id, std::uint32_t partitions) {
    auto model = words(17);
    for (operator_id other = 1; other < model.size(); ++other)
      model.rescale(other, other == id ? partitions : 24, 0);
    model.arrive(times * one_x);
    model.run(200);
    return model.lag() < 0.5;
  };
  result.push_back(1);
  for (operator_id id = 1; id < words(17).size(); ++id) {
    std::uint32_t partitions = 1;
    while (!keeps_up(id, partitions))
      ++partitions;
    result.push_back(partitions);
  }
  return result;
}

std::uint32_t total(const std::vector<std::uint32_t>& by_operator) {
  std::uint32_t result = 0;
  for (std::size_t id = 1; id < by_operator.size(); ++id)
    result += by_operator[id];
  return result;
}

} // namespace

TEST_CASE("rate: eight times the load is met within three decisions") {
  auto seed = GENERATE(range<std::uint64_t>(1, 11));
  closed_loop loop{words(seed), with(policy_kind::rate)};
  loop.run(300, one_x);
  std::vector<std::size_t> before;
  for (operator_id id = 0; id < loop.model().size(); ++id)
    before.push_back(loop.decisions(id));
  loop.run(600, 8 * one_x);
  auto best = best_fixed(8);
  for (operator_id id = 1; id < loop.model().size(); ++id) {
    CAPTURE(seed, id, best[id], loop.model().parallelism(id));
    CHECK(loop.decisions(id) - before[id] <= 3);
    CHECK(loop.model().parallelism(id) >= best[id]);
    CHECK(loop.model().parallelism(id) <= best[id] * 1.25 + 1);
  }
  CHECK(loop.model().total_parallelism() <= 1.25 * total(best));
  CHECK(loop.model().lag() < 0.5);
}

TEST_CASE("rate: the parallelism follows the load up and down again") {
  auto seed = GENERATE(range<std::uint64_t>(1, 6));
  closed_loop loop{words(seed), with(policy_kind::rate)};
  for (auto times : {1, 2, 3, 4, 5, 6, 7, 8}) {
    loop.run(120, times * one_x);
    // The steps are known at once, so a backlog is short.
    CHECK(loop.model().lag() < 0.5);
  }
  for (auto times : {8, 6, 4, 2, 1})
    loop.run(300, times * one_x);
  CAPTURE(seed);
  CHECK(loop.model().total_parallelism() <= 1.25 * total(best_fixed(1)));
  CHECK(loop.model().lag() < 0.5);
}

TEST_CASE("rate: sources that do not know what arrives are met in steps") {
  auto seed = GENERATE(range<std::uint64_t>(1, 6));
  closed_loop loop{words(seed, 0.1, false), with(policy_kind::rate)};
  loop.run(300, one_x);
  auto before = loop.decisions(1);
  loop.run(120, 8 * one_x);
  CAPTURE(seed);
  CHECK(loop.decisions(1) - before == 3);
  loop.run(780, 8 * one_x);
  CHECK(loop.model().lag() < 0.5);
  auto best = total(best_fixed(8));
  CHECK(loop.model().total_parallelism() <= 1.25 * best);
  // Nobody can see that the last step was one too many before it is taken.
  CHECK(loop.most_parallelism() <= 2.5 * best);
}

TEST_CASE("threshold: the parallelism follows the load up and down again") {
  auto seed = GENERATE(range<std::uint64_t>(1, 6));
  closed_loop loop{words(seed), with(policy_kind::threshold)};
  loop.run(300, one_x);
  loop.run(900, 8 * one_x);
  CAPTURE(seed);
  CHECK(loop.model().lag() < 0.5);
  CHECK(loop.model().total_parallelism() >= total(best_fixed(8)));
  loop.run(900, one_x);
  CHECK(loop.model().lag() < 0.5);
  // Each below the lower bound, which is half.
  CHECK(loop.model().total_parallelism() <= 2 * total(best_fixed(1)));
}

TEST_CASE("steady load with noise changes nothing once sizes are right") {
  auto policy = GENERATE(policy_kind::rate, policy_kind::threshold);
  auto seed = GENERATE(range<std::uint64_t>(1, 6));
  auto noise = GENERATE(0.05, 0.2);
  auto times = GENERATE(1.0, 2.7, 8.0);
  closed_loop loop{words(seed, noise), with(policy)};
  loop.run(900, times * one_x);
  auto settled = loop.decisions();
  loop.run(600, times * one_x);
  CAPTURE(to_string(policy), seed, noise, times);
  CHECK(loop.decisions() == settled);
  CHECK(loop.model().lag() < 0.5);
}

TEST_CASE("what noise brings about is not undone") {
  auto policy = GENERATE(policy_kind::rate, policy_kind::threshold);
  auto seed = GENERATE(range<std::uint64_t>(1, 6));
  closed_loop loop{words(seed, 0.5), with(policy)};
  loop.run(900, 2 * one_x);
  auto settled = loop.decisions();
  loop.run(3600, 2 * one_x);
  CAPTURE(to_string(policy), seed);
  for (operator_id id = 1; id < loop.model().size(); ++id)
    CHECK(loop.reversals(id, settled) == 0);
}

TEST_CASE("nothing is scaled in while a backlog drains") {
  // Nobody downstream of an operator that is at its limit looks busy.
  auto settings = with(policy_kind::threshold);
  settings.max_parallelism = 4;
  closed_loop loop{words(3), settings};
  loop.run(600, 8 * one_x);
  auto limited = loop.model().total_parallelism();
  CHECK(loop.take_worst_lag() > 10);
  loop.run(300, 0.1 * one_x);
  CHECK(loop.model().lag() > 1);
  CHECK(loop.model().total_parallelism() >= limited);
}

TEST_CASE("manual: nothing is decided, whatever happens") {
  closed_loop loop{words(1), with(policy_kind::manual)};
  loop.run(300, 8 * one_x);
  CHECK(loop.decisions() == 0);
  CHECK(loop.model().total_parallelism() == 4);
}
