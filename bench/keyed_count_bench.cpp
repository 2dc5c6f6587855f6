#include "operators/key_hash.hpp"

#include <tsl/robin_map.h>

#include "bench/bench_node.hpp"
#include "bench/bench_topologies.hpp"
#include "bench/engine_bench.hpp"

namespace braid {

namespace {

constexpr std::uint64_t keys = 1'000'000;

/// Counts in one thread, with the hash map that the engine uses; the seconds
/// that it takes.
double count_by_hand(std::uint64_t tuples) {
  return seconds_of([&] {
    tsl::robin_map<std::uint64_t, std::uint64_t, key_hasher> counts;
    for (std::uint64_t i = 0; i < tuples; ++i) {
      small_tuple tuple{bench_key(i, keys), i};
      ++counts[tuple.key];
    }
    // The result is used, as the engine's is.
    std::uint64_t total = 0;
    for (auto& [key, count] : counts)
      total += count;
    if (total != tuples)
      throw request_error{"the hand-written loop has miscounted"};
  });
}

submission counting(std::uint64_t tuples, std::uint32_t partitions) {
  submission result;
  result.topology = "keyed_count";
  result.settings = {{"tuples", std::to_string(tuples)},
                     {"keys", std::to_string(keys)},
                     {"splits", std::to_string(partitions)}};
  result.parallelism = partitions;
  return result;
}

} // namespace

std::vector<measurement> measure_keyed_count(const bench_setup& setup) {
  std::uint64_t tuples = setup.quick ? 2'000'000 : 20'000'000;
  bench_cluster cluster{setup.program, 0};
  std::vector<double> one;
  std::vector<double> two;
  std::vector<double> rates;
  for (unsigned i = 0; i < setup.runs; ++i) {
    // In turn, so that a slow spell of the machine hits all of them.
    auto by_hand = count_by_hand(tuples);
    one.push_back(by_hand / cluster.run(counting(tuples, 1)).count());
    two.push_back(by_hand / cluster.run(counting(tuples, 2)).count() / 2);
    rates.push_back(static_cast<double>(tuples) / by_hand / 1e6);
  }
  return {
    at_least(0, "loop_by_hand", median(rates), "million tuples/s"),
    at_least(0.6, "keyed_count_one_partition", median(one), "of the loop"),
    at_least(0.5, "keyed_count_two_way_exchange_per_core", median(two),
             "of the loop"),
  };
}

} // namespace braid
