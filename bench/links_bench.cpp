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

} // namespace

std::vector<measurement> measure_links(const bench_setup& setup) {
  std::uint64_t bytes = setup.quick ? 1u << 28 : 3ull << 30;
  auto tuples = bytes / sizeof(wide_tuple);
  std::vector<double> ratios;
  std::vector<double> raw_rates;
  std::vector<double> medians;
  std::vector<double> slowest;
  for (unsigned i = 0; i < setup.runs; ++i) {
    // The raw connection forks, so no node may be up meanwhile.
    auto raw = raw_tcp_bytes_per_second(frame_bytes, bytes);
    bench_cluster cluster{setup.program, 1};
    submission asked;
    asked.topology = "wide_exchange";
    asked.settings = {{"tuples", std::to_string(tuples)}};
    asked.parallelism = 1; // the source here, the counts on the worker
    round_trips control{cluster.supervising()};
    auto took = cluster.run(asked);
    auto times = control.stop();
    ratios.push_back(static_cast<double>(bytes) / took.count() / raw);
    raw_rates.push_back(raw / 1e6);
    medians.push_back(median(times));
    slowest.push_back(percentile(times, 0.99));
  }
  return {
    at_least(0, "raw_tcp", median(raw_rates), "MB/s"),
    at_least(0.5, "two_processes_64_byte_tuples", median(ratios), "of raw TCP"),
    at_most(5, "control_round_trip_under_load", median(medians), "ms"),
    at_most(5, "control_round_trip_under_load_99th", median(slowest), "ms"),
  };
}

} // namespace braid
