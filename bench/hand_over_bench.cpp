// How results come while an operator with a large state gets other partitions:
// by hand-over, and by a stop and a start from a savepoint.
#include "operators/braid.hpp"
#include "operators/generator.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <thread>

#include "bench/bench_node.hpp"
#include "bench/bench_topologies.hpp"
#include "bench/engine_bench.hpp"
#include "bench/plot.hpp"
#include "bench/result_series.hpp"

namespace braid {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t block_bytes = 4096;
constexpr std::uint64_t changing_blocks = 1'000;
constexpr double latency_limit = 100; // ms, 99th percentile
constexpr double gap_limit = 50;      // ms more than without a hand-over

struct touch {
  std::uint64_t key;
  std::uint64_t index;
};

/// First makes all blocks, then goes on with a few of them.
class block_store : public keyed_operator<std::uint64_t, touch> {
public:
  void on(const touch& x) {
    auto& block = blocks.edit();
    block[x.index % block.size()] = x.index;
    emit(x);
  }

private:
  static constexpr auto numbers = block_bytes / sizeof(std::uint64_t) - 1;

  value<std::array<std::uint64_t, numbers>> blocks{*this, "blocks"};
};

struct watch_arrivals {
  struct writer final : sink_writer<touch> {
    void write(slice_id, std::span<const tuple_view<touch>> tuples) override {
      due_.clear();
      for (auto& tuple : tuples)
        due_.push_back(tuple.time);
      result_series::add(due_);
    }

  private:
    std::vector<event_time> due_;
  };

  std::optional<std::uint32_t> slices() const {
    return 1;
  }

  std::unique_ptr<sink_writer<touch>> open(const sink_context&) const {
    return std::make_unique<writer>();
  }
};

submission blocks(std::uint64_t bytes, std::uint64_t rate) {
  submission result;
  result.topology = "blocks";
  result.settings = {{"rate", std::to_string(rate)},
                     {"start", std::to_string(wall_clock_now())},
                     {"keys", std::to_string(bytes / block_bytes)}};
  result.parallelism = 1;
  return result;
}

/// A run with all its state, and the times of what is done to it.
class trial {
public:
  struct span {
    event_time from = 0;
    event_time to = 0;
  };

  trial(const bench_setup& setup, std::uint64_t bytes, std::uint64_t rate)
    : cluster_(setup.program, 1) {
    result_series::begin();
    begun_ = wall_clock_now();
    run_ = cluster_.supervising().submit(blocks(bytes, rate));
    // Sinks whose results are watched must be in this process: on two nodes the
    // sink is, and on five if there are four partitions between.
    for (int i = 0; i < 3; ++i)
      cluster_.add_worker();
    // Until all blocks are there, and backed up.
    auto fill =
      static_cast<double>(bytes / block_bytes) / static_cast<double>(rate);
    std::this_thread::sleep_for(std::chrono::duration<double>{fill} + 4s);
  }

  span wait(std::chrono::milliseconds time) {
    span result{wall_clock_now(), 0};
    std::this_thread::sleep_for(time);
    result.to = wall_clock_now();
    return result;
  }

  /// Other partitions by hand-over; until that is done.
  span scale(std::uint32_t partitions) {
    span result{wall_clock_now(), 0};
    scaling_order order;
    order.run = run_;
    order.operator_name = "store";
    order.partitions = partitions;
    cluster_.supervising().rescale(order);
    await("the hand-over", [&](const run_report& run) {
      if (!run.hand_over_problem.empty())
        throw request_error{"it came to nothing: " + run.hand_over_problem};
      return run.hand_over.empty();
    });
    result.to = wall_clock_now();
    return result;
  }

  /// The same by a stop and a start; until results are as young as before.
  span restart(std::uint32_t partitions) {
    span result{wall_clock_now(), 0};
    savepoint_order order;
    order.run = run_;
    order.limit_us = 60'000'000;
    auto name = cluster_.supervising().savepoint(order);
    for (;;) {
      auto status = cluster_.supervising().savepoint_status(name);
      if (status.stage == savepoint_stage::written)
        break;
      if (status.stage == savepoint_stage::failed)
        throw request_error{"no savepoint was written: " + status.reason};
      std::this_thread::sleep_for(1ms);
    }
    cluster_.supervising().cancel(run_);
    submission asked;
    asked.topology = "blocks";
    asked.from = name;
    asked.parallelism = 1;
    asked.parallelism_of = {{"store", partitions}};
    run_ = cluster_.supervising().submit(asked);
    auto deadline = std::chrono::steady_clock::now() + 1min;
    for (;;) {
      auto all = result_series::all();
      if (!all.empty() && all.back().at > result.from
          && all.back().oldest < 50'000)
        break;
      if (std::chrono::steady_clock::now() > deadline)
        break;
      std::this_thread::sleep_for(20ms);
    }
    result.to = wall_clock_now();
    return result;
  }

  event_time begun() const {
    return begun_;
  }

private:
  template <class Condition>
  void await(const std::string& what, Condition&& condition) {
    auto deadline = std::chrono::steady_clock::now() + 5min;
    for (;;) {
      for (auto& each : cluster_.supervising().report().runs)
        if (each.name == run_ && condition(each))
          return;
      if (std::chrono::steady_clock::now() > deadline)
        throw request_error{"waited 5 minutes for " + what};
      std::this_thread::sleep_for(10ms);
    }
  }

  bench_cluster cluster_;
  std::string run_;
  event_time begun_ = 0;
};

/// Ages over time, in seconds after `from` and ms: the oldest of each 20 ms.
std::vector<std::pair<double, double>>
points_of(const std::vector<result_arrival>& all, event_time from) {
  constexpr event_time bin = 20'000;
  std::vector<std::pair<double, double>> result;
  event_time current = -1;
  for (auto& each : all) {
    if (each.at < from)
      continue;
    auto at = (each.at - from) / bin;
    auto age = static_cast<double>(each.oldest) / 1000;
    if (at == current) {
      result.back().second = std::max(result.back().second, age);
      continue;
    }
    current = at;
    result.emplace_back(static_cast<double>(at * bin) / 1e6, age);
  }
  return result;
}

struct hand_over_times {
  double steady_latency = 0;
  double latency = 0; ///< while slices changed hands
  double steady_gap = 0;
  double gap = 0;
  double took = 0; ///< seconds, the longer of the two
};

std::vector<measurement> measure_size(const bench_setup& setup,
                                      std::uint64_t megabytes) {
  auto bytes = megabytes << 20;
  const std::uint64_t rate = 20'000;
  auto pause = setup.quick ? 1500ms : 5000ms;
  plot drawn;
  drawn.title =
    "1 to 4 partitions and back, " + std::to_string(megabytes) + " MB of state";
  drawn.across = "seconds";
  drawn.upward = "age of results, ms";
  drawn.least = 1;
  hand_over_times times;
  {
    trial run{setup, bytes, rate};
    auto steady = run.wait(pause);
    auto out = run.scale(4);
    run.wait(pause);
    auto in = run.scale(1);
    auto after = run.wait(pause);
    auto all = result_series::all();
    auto of = [&](const trial::span& span) {
      return age_percentile(all, span.from, span.to, 0.99);
    };
    times.steady_latency = std::max(of(steady), of(after));
    times.latency = std::max(of(out), of(in));
    times.steady_gap = std::max(longest_gap(all, steady.from, steady.to),
                                longest_gap(all, after.from, after.to));
    times.gap = std::max(longest_gap(all, out.from, out.to),
                         longest_gap(all, in.from, in.to));
    times.took =
      static_cast<double>(std::max(out.to - out.from, in.to - in.from)) / 1e6;
    drawn.lines.push_back(
      {"hand-over", "#0072b2", points_of(all, steady.from)});
    for (auto& [span, name] : {std::pair{out, "1 to 4"}, {in, "4 to 1"}}) {
      drawn.moments.push_back(
        {static_cast<double>(span.from - steady.from) / 1e6, name});
      drawn.moments.push_back(
        {static_cast<double>(span.to - steady.from) / 1e6, "done"});
    }
  }
  double stopped = 0;
  {
    trial run{setup, bytes, rate};
    auto steady = run.wait(pause);
    auto out = run.restart(4);
    run.wait(pause);
    auto all = result_series::all();
    stopped = longest_gap(all, out.from, out.to);
    drawn.lines.push_back(
      {"stop and restart", "#d55e00", points_of(all, steady.from)});
  }
  auto size = std::to_string(megabytes) + "_mb";
  if (!setup.plots.empty())
    drawn.write(setup.plots / ("hand_over_" + size + ".svg"));
  return {
    at_least(0, size + "_latency_99th_steady", times.steady_latency, "ms"),
    at_most(latency_limit, size + "_latency_99th_in_hand_over", times.latency,
            "ms"),
    at_least(0, size + "_longest_gap_steady", times.steady_gap, "ms"),
    at_most(times.steady_gap + gap_limit, size + "_longest_gap_in_hand_over",
            times.gap, "ms"),
    at_least(0, size + "_hand_over_took", times.took, "s"),
    at_least(0, size + "_stop_and_restart_gap", stopped, "ms"),
  };
}

} // namespace

std::vector<measurement> measure_hand_over(const bench_setup& setup) {
  std::vector<measurement> result;
  for (std::uint64_t megabytes : {100, 1024}) {
    if (setup.quick && megabytes > 100)
      break;
    for (auto& each : measure_size(setup, megabytes))
      result.push_back(each);
  }
  return result;
}

} // namespace braid

// NOLINTBEGIN: the macro makes static objects
BRAID_TOPOLOGY(blocks) {
  auto keys = static_cast<std::uint64_t>(settings.number("keys"));
  auto make = [keys](std::uint64_t index) {
    auto key =
      index < keys
        ? index
        : braid::bench_key(index, std::min(keys, braid::changing_blocks));
    return braid::touch{key, index};
  };
  auto options = braid::options_from(settings);
  options.start = static_cast<braid::event_time>(settings.number("start"));
  topology.source("touches", braid::generate<braid::touch>(make, options))
    .key_by([](const braid::touch& x) { return x.key; })
    .process<braid::block_store>("store")
    .sink("result", braid::watch_arrivals{});
}
// NOLINTEND
