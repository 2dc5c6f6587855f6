// What checkpoints cost while nothing fails.
#include <thread>

#include "bench/bench_node.hpp"
#include "bench/bench_topologies.hpp"
#include "bench/engine_bench.hpp"
#include "bench/recovery_topologies.hpp"

namespace braid {

namespace {

using namespace std::chrono_literals;

run_settings with_checkpoints(bool taken) {
  run_settings result;
  result.checkpoint_interval_us = taken ? 1'000'000 : 0;
  return result;
}

/// What waited while the state was filled and backed up is not measured. Where
/// the rate is as much as is carried, that does not end.
void await_catch_up(std::chrono::seconds limit) {
  auto deadline = std::chrono::steady_clock::now() + limit;
  do {
    std::this_thread::sleep_for(200ms);
  } while (take_ages().percentile(0.5) > 100'000
           && std::chrono::steady_clock::now() < deadline);
}

/// Runs `large_state` until all keys are there and backed up, and then for
/// `time` more. `measured` is called as that begins and as it ends, with the
/// tuples so far.
template <class Measured>
void run_for(const bench_setup& setup, const state_size& size,
             std::uint64_t rate, bool checkpoints, std::chrono::seconds time,
             Measured&& measured) {
  bench_cluster cluster{setup.program, 1, with_checkpoints(checkpoints)};
  result_watch::begin();
  auto run = cluster.supervising().submit(large_state(size, rate));
  wait_until([&] { return result_watch::newest() >= size.keys; }, 120s,
             "the state to be there");
  // The first checkpoint with everything in it is not what is measured.
  auto full = cluster.newest_epoch(run);
  if (checkpoints)
    wait_until([&] { return cluster.stable_epoch(run) >= full; }, 120s,
               "all of the state to be backed up");
  if (rate != 0)
    await_catch_up(setup.quick ? 5s : 60s);
  std::this_thread::sleep_for(3s);
  measured(cluster.tuples_into(run, "store"));
  std::this_thread::sleep_for(time);
  measured(cluster.tuples_into(run, "store"));
  cluster.supervising().cancel(run);
}

/// Tuples a second.
double throughput(const bench_setup& setup, const state_size& size,
                  bool checkpoints) {
  std::vector<std::pair<std::chrono::steady_clock::time_point, std::uint64_t>>
    at;
  run_for(setup, size, 0, checkpoints, setup.quick ? 2s : 10s,
          [&](std::uint64_t tuples) {
            at.emplace_back(std::chrono::steady_clock::now(), tuples);
          });
  std::chrono::duration<double> took = at[1].first - at[0].first;
  return static_cast<double>(at[1].second - at[0].second) / took.count();
}

/// The 99th percentile of results' ages, in ms.
double latency(const bench_setup& setup, const state_size& size,
               std::uint64_t rate, bool checkpoints) {
  age_histogram ages;
  run_for(setup, size, rate, checkpoints, setup.quick ? 2s : 10s,
          [&](std::uint64_t) { ages = take_ages(); });
  return static_cast<double>(ages.percentile(0.99)) / 1000;
}

std::vector<measurement> measure_state(const bench_setup& setup,
                                       const state_size& size,
                                       const std::string& name, double wanted) {
  std::vector<double> without;
  std::vector<double> ratios;
  std::vector<double> late;
  std::vector<double> later;
  // In turn, so that what else the machine does meets both alike.
  for (unsigned i = 0; i < setup.runs; ++i) {
    without.push_back(throughput(setup, size, false));
    ratios.push_back(throughput(setup, size, true) / without.back());
    auto half = static_cast<std::uint64_t>(without.back() / 2);
    late.push_back(latency(setup, size, half, false));
    later.push_back(latency(setup, size, half, true) / late.back());
  }
  return {
    at_least(0, name + "_throughput_without", median(without) / 1e6,
             "million tuples/s"),
    at_least(wanted, name + "_throughput_with_checkpoints", median(ratios),
             "of that without"),
    at_most(0, name + "_latency_99th_without", median(late), "ms"),
    at_most(2, name + "_latency_99th_with_checkpoints", median(later),
            "times that without"),
  };
}

} // namespace

std::vector<measurement> measure_small_overhead(const bench_setup& setup) {
  return measure_state(setup, {10'000, 1'000}, "small_state", 0.98);
}

std::vector<measurement> measure_large_overhead(const bench_setup& setup) {
  auto size = state_size::of_bytes(std::uint64_t{1} << (setup.quick ? 27 : 30));
  return measure_state(setup, size, "large_state", 0.95);
}

} // namespace braid
