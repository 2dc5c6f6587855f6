#include <algorithm>
#include <atomic>
#include <thread>

#include "bench/bench_node.hpp"
#include "bench/bench_topologies.hpp"
#include "bench/engine_bench.hpp"
#include "bench/raw_tcp.hpp"

namespace braid {

namespace {

constexpr std::size_t frame_bytes = 64 * 1024;

/// Asks the other node again and again, until told to stop; how long each
/// answer took, in milliseconds.
class round_trips {
public:
  explicit round_trips(node& asked) : thread_([this, &asked] { run(asked); }) {}

  std::vector<double> stop() {
    stopping_ = true;
    thread_.join();
    return std::move(times_);
  }

private:
  void run(node& asked) {
    while (!stopping_) {
      times_.push_back(1000 * seconds_of([&] { asked.report(); }));
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
  }

  std::atomic<bool> stopping_ = false;
  std::vector<double> times_;
  std::thread thread_;
};

double percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  auto index =
    static_cast<std::size_t>(share * static_cast<double>(values.size()));
  return values.at(std::min(index, values.size() - 1));
}

/// Source here, counts on a worker: how many bytes a second.
double exchange(const bench_setup& setup, std::uint64_t bytes,
                const run_settings& runs, std::vector<double>* control_times) {
  bench_cluster cluster{setup.program, 1, runs};
  submission asked;
  asked.topology = "wide_exchange";
  asked.settings = {{"tuples", std::to_string(bytes / sizeof(wide_tuple))}};
  asked.parallelism = 1;
  round_trips control{cluster.supervising()};
  auto took = cluster.run(asked);
  auto times = control.stop();
  if (control_times)
    *control_times = std::move(times);
  return static_cast<double>(bytes) / took.count();
}

} // namespace

std::vector<measurement> measure_links(const bench_setup& setup) {
  std::uint64_t bytes = setup.quick ? 1u << 28 : 3ull << 30;
  // What links carry; and what is left where all that was sent is kept to be
  // sent again.
  run_settings plain;
  plain.checkpoint_interval_us = 0;
  std::vector<double> ratios;
  std::vector<double> kept_ratios;
  std::vector<double> raw_rates;
  std::vector<double> medians;
  std::vector<double> slowest;
  for (unsigned i = 0; i < setup.runs; ++i) {
    // The raw connection forks, so no node may be up meanwhile.
    auto raw = raw_tcp_bytes_per_second(frame_bytes, bytes);
    std::vector<double> times;
    ratios.push_back(exchange(setup, bytes, plain, &times) / raw);
    kept_ratios.push_back(exchange(setup, bytes, {}, nullptr) / raw);
    raw_rates.push_back(raw / 1e6);
    medians.push_back(median(times));
    slowest.push_back(percentile(times, 0.99));
  }
  return {
    at_least(0, "raw_tcp", median(raw_rates), "MB/s"),
    at_least(0.5, "two_processes_64_byte_tuples", median(ratios), "of raw TCP"),
    at_least(0.5, "two_processes_with_checkpoints", median(kept_ratios),
             "of raw TCP"),
    at_most(5, "control_round_trip_under_load", median(medians), "ms"),
    at_most(5, "control_round_trip_under_load_99th", median(slowest), "ms"),
  };
}

} // namespace braid
