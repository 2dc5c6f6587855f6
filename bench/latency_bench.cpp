#include <thread>

#include "bench/bench_node.hpp"
#include "bench/bench_topologies.hpp"
#include "bench/engine_bench.hpp"

namespace braid {

namespace {

submission three_hops(std::uint64_t tuples, std::uint64_t rate) {
  submission result;
  result.topology = "three_hops";
  result.settings = {{"tuples", std::to_string(tuples)},
                     {"rate", std::to_string(rate)},
                     {"keys", "100000"}};
  result.parallelism = 1;
  return result;
}

} // namespace

std::vector<measurement> measure_latency(const bench_setup& setup) {
  std::uint64_t tuples = setup.quick ? 500'000 : 5'000'000;
  bench_cluster cluster{setup.program, 0};
  std::vector<double> full;
  std::vector<double> middle;
  std::vector<double> late;
  auto epoch_ms = static_cast<double>(run_settings{}.epoch_length_us) / 1000;
  for (unsigned i = 0; i < setup.runs; ++i) {
    auto rate =
      static_cast<double>(tuples) / cluster.run(three_hops(tuples, 0)).count();
    full.push_back(rate / 1e6);
    take_ages();
    auto half = static_cast<std::uint64_t>(rate / 2);
    cluster.run(three_hops(half * (setup.quick ? 1 : 3), half));
    auto ages = take_ages();
    middle.push_back(static_cast<double>(ages.percentile(0.5)) / 1000);
    late.push_back(static_cast<double>(ages.percentile(0.99)) / 1000);
  }
  return {
    at_least(0, "three_hops_full_load", median(full), "million tuples/s"),
    at_most(4 * epoch_ms, "latency_half_load_median", median(middle), "ms"),
    at_most(4 * epoch_ms, "latency_half_load_99th", median(late), "ms"),
  };
}

std::vector<measurement> measure_idle(const bench_setup& setup) {
  auto seconds = setup.quick ? 2 : 10;
  std::vector<double> shares;
  for (unsigned i = 0; i < setup.runs; ++i) {
    bench_cluster cluster{setup.program, 2};
    submission asked;
    asked.topology = "three_hops";
    // A tuple a second: sources that wait.
    asked.settings = {{"rate", "1"}, {"keys", "10"}, {"splits", "3"}};
    asked.parallelism = 3;
    cluster.supervising().submit(asked);
    auto processes = cluster.workers();
    processes.push_back(getpid());
    auto used = [&] {
      double result = 0;
      for (auto process : processes)
        result += cpu_seconds_of(process);
      return result;
    };
    auto before = used();
    std::this_thread::sleep_for(std::chrono::seconds{seconds});
    shares.push_back(100 * (used() - before) / seconds);
  }
  return {at_most(3, "idle_cluster_of_three", median(shares), "% of a core")};
}

} // namespace braid
