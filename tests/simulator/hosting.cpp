#include "tests/simulator/hosting.hpp"

namespace braid::simulator {

hosted_run run_hosted(const composer& compose, const hosting& how,
                      const partition_settings& settings, std::uint64_t seed,
                      const simulation_options& options) {
  topology graph{"hosted", braid::settings{}};
  auto found = std::make_shared<recording>();
  compose(graph, found);
  graph.validate();
  auto owners = how.neighbours_apart
                  ? dealt(graph, how.partitions)
                  : assign_evenly(graph, {how.partitions, {}}, 1);
  simulation run{graph, std::move(owners), settings, seed, options};
  auto report = run.run();
  return {*found, report};
}

recording same_however_hosted(const composer& compose,
                              const partition_settings& settings) {
  auto expected = run_hosted(compose, {}, settings, 0).found;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    hosting how{static_cast<std::uint32_t>(1 + seed % 4), seed % 8 < 4};
    auto other = settings;
    other.flow.in_flight = 1 + seed % 3;
    other.round_trip_state = seed % 5 == 0;
    auto found = run_hosted(compose, how, other, seed).found;
    if (auto what = difference(expected, found); !what.empty())
      throw simulation_failure{"with " + std::to_string(how.partitions)
                               + (how.neighbours_apart
                                    ? " partitions, neighbours apart"
                                    : " partitions, neighbours together")
                               + ", seed " + std::to_string(seed)
                               + ", it is not as with one partition: " + what};
  }
  return expected;
}

partition_settings counting(std::uint64_t tuples_an_epoch) {
  partition_settings result;
  result.cuts.count = tuples_an_epoch;
  return result;
}

std::vector<std::uint64_t> values_of(const recording& all,
                                     const std::string& sink, slice_id slice) {
  std::vector<std::uint64_t> result;
  auto& slices = all.at(sink);
  if (auto found = slices.find(slice); found != slices.end())
    for (auto& x : found->second)
      result.push_back(x.tuple.value);
  return result;
}

} // namespace braid::simulator
