// The recovery experiments of SEEP (SIGMOD 2013, figures 11 to 13) and of SDG
// (ATC 2014, figure 11), with what these papers published beside.
#include <algorithm>
#include <map>
#include <thread>

#include "bench/bench_node.hpp"
#include "bench/engine_bench.hpp"
#include "bench/recovery_topologies.hpp"

namespace braid {

namespace {

using namespace std::chrono_literals;

constexpr double word_count_limit = 0.5; // seconds, at every rate and interval
constexpr double gigabyte_limit = 3;     // seconds for each gigabyte
constexpr std::uint64_t gigabyte = std::uint64_t{1} << 30;

/// One node more is there to take over than are needed: `successors`.
struct experiment {
  submission asked;
  std::chrono::milliseconds interval{1000}; ///< between checkpoints
  unsigned successors = 1;
  std::chrono::milliseconds kill_after{1500};
  std::uint64_t kill_at_tuple = 0; ///< at least
};

/// From the kill of the worker that counts to the first new result of what it
/// had, in seconds. Source and sink run in this process.
double time_recovery(const bench_setup& setup, const experiment& what) {
  run_settings runs;
  runs.checkpoint_interval_us = static_cast<std::uint64_t>(
    std::chrono::microseconds{what.interval}.count());
  bench_cluster cluster{setup.program, 1, runs};
  result_watch::begin();
  auto run = cluster.supervising().submit(what.asked);
  auto begin = std::chrono::steady_clock::now();
  auto victim = cluster.workers().front();
  // They join once it runs, so that they have nothing to do until the kill.
  for (unsigned i = 0; i < what.successors; ++i)
    cluster.add_worker();
  wait_until([&] { return result_watch::newest() >= what.kill_at_tuple; }, 120s,
             "the state to be there");
  if (what.kill_at_tuple != 0) {
    auto stable = cluster.stable_epoch(run);
    wait_until([&] { return cluster.stable_epoch(run) > stable + 1; }, 120s,
               "a checkpoint of the whole state");
  }
  std::this_thread::sleep_until(begin + what.kill_after);
  result_watch::expect_successor_of(victim);
  cluster.kill_worker(victim);
  wait_until([] { return result_watch::recovered_after().has_value(); }, 120s,
             "the recovery of " + run);
  return *result_watch::recovered_after();
}

double median_recovery(const bench_setup& setup, const experiment& what) {
  std::vector<double> times;
  for (unsigned i = 0; i < setup.runs; ++i)
    times.push_back(time_recovery(setup, what));
  return median(times);
}

/// Killed as late after a checkpoint as may be.
experiment word_count_experiment(std::uint64_t rate,
                                 std::chrono::milliseconds interval) {
  experiment result;
  result.asked = word_frequency(rate);
  result.interval = interval;
  result.kill_after = interval + interval * 9 / 10 + 500ms;
  return result;
}

// -- word count: rates and intervals ------------------------------------------

/// SEEP's figure 12, by tuples a second and seconds between checkpoints.
std::optional<double> published_by_seep(std::uint64_t rate, long interval) {
  static const std::map<std::pair<std::uint64_t, long>, double> figure{
    {{100, 1}, 1.07},  {{100, 5}, 1.23},   {{100, 10}, 1.33},
    {{100, 30}, 3.00}, {{500, 1}, 1.31},   {{500, 5}, 1.78},
    {{500, 10}, 3.70}, {{500, 30}, 6.49},  {{1000, 1}, 2.00},
    {{1000, 5}, 2.97}, {{1000, 10}, 4.94}, {{1000, 30}, 7.70}};
  auto found = figure.find({rate, interval});
  return found == figure.end() ? std::nullopt : std::optional{found->second};
}

/// As many fragments a second as leave a fifth of the machine to catch up with.
std::uint64_t highest_rate(const bench_setup& setup) {
  std::uint64_t fragments = setup.quick ? 100'000 : 500'000;
  bench_cluster cluster{setup.program, 1};
  auto took = cluster.run(word_frequency(0, fragments));
  return static_cast<std::uint64_t>(0.8 * static_cast<double>(fragments)
                                    / took.count());
}

} // namespace

std::vector<measurement> measure_word_count_recovery(const bench_setup& setup) {
  auto most = highest_rate(setup);
  std::vector<measurement> result{
    at_least(0, "word_count_most", static_cast<double>(most), "fragments/s")};
  std::vector<long> intervals{1, 5, 10, 30};
  std::vector<std::uint64_t> rates{100, 500, 1000, most};
  if (setup.quick) {
    intervals = {1};
    rates = {1000, most};
  }
  for (auto rate : rates)
    for (auto interval : intervals) {
      auto what = word_count_experiment(rate, std::chrono::seconds{interval});
      auto name = rate == most ? "most" : std::to_string(rate);
      result.push_back(at_most(word_count_limit,
                               "word_count_" + name + "_a_second_every_"
                                 + std::to_string(interval) + "_s",
                               median_recovery(setup, what), "s"));
      result.back().published = published_by_seep(rate, interval);
    }
  return result;
}

// -- serial and parallel ------------------------------------------------------

/// Two of three partitions are lost, to one other node or to two.
std::vector<measurement> measure_parallel_recovery(const bench_setup& setup) {
  std::vector<measurement> result;
  static const std::map<long, std::pair<double, double>> figure{
    {1, {1.31, 3.15}}, {10, {3.70, 3.36}}, {30, {6.62, 4.34}}};
  for (auto& [interval, published] : figure) {
    if (setup.quick && interval > 1)
      break;
    auto what = word_count_experiment(500, std::chrono::seconds{interval});
    what.asked.parallelism_of["counts"] = 3;
    auto serial = median_recovery(setup, what);
    what.successors = 2;
    auto parallel = median_recovery(setup, what);
    auto name = "_every_" + std::to_string(interval) + "_s";
    result.push_back(at_most(0, "word_count_500_serial" + name, serial, "s"));
    result.back().published = published.first;
    // What the machine's noise is worth: never slower by more than that.
    result.push_back(at_most(std::max(serial * 1.1, serial + 0.02),
                             "word_count_500_parallel" + name, parallel, "s"));
    result.back().published = published.second;
  }
  return result;
}

// -- large states -------------------------------------------------------------

std::vector<measurement> measure_state_recovery(const bench_setup& setup) {
  std::vector<measurement> result;
  // SDG's figure 11, restored from one node to one.
  static const std::map<unsigned, double> figure{
    {1, 7.4}, {2, 14.7}, {4, 34.7}};
  for (auto& [gigabytes, published] : figure) {
    if (!setup.gigabytes.empty()
        && std::find(setup.gigabytes.begin(), setup.gigabytes.end(), gigabytes)
             == setup.gigabytes.end())
      continue;
    if (setup.quick && gigabytes > 1)
      break;
    auto bytes = gigabytes * gigabyte;
    auto size = state_size::of_bytes(setup.quick ? bytes / 8 : bytes);
    experiment what;
    // The load is the same for all sizes: a tenth of a gigabyte a second, and
    // so each gigabyte takes ten seconds to be there.
    auto rate =
      std::min(size.changing, state_size::of_bytes(gigabyte).changing);
    what.asked = large_state(size, rate);
    what.kill_at_tuple = size.keys;
    auto took = median_recovery(setup, what);
    result.push_back(at_most(
      gigabyte_limit * gigabytes,
      "state_of_" + std::to_string(size.keys >> 12) + "_MiB", took, "s"));
    if (!setup.quick)
      result.back().published = published;
  }
  return result;
}

} // namespace braid
