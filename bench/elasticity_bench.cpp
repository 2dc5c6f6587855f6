// The closed loop of scaling: an input that rises to eight times what one
// partition carries and falls again, and one that is steady but for noise.
//
// A partition here carries a fixed number of tuples a second, for it sleeps a
// while for each: so partitions stand in for machines, of which there are more
// than this one has cores.
#include "operators/braid.hpp"
#include "operators/random.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "bench/bench_node.hpp"
#include "bench/engine_bench.hpp"
#include "bench/load_profile.hpp"
#include "bench/plot.hpp"

namespace braid {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// What one partition of either operator carries, in tuples a second.
constexpr double first_carries = 2'000;
constexpr double second_carries = 1'000;

/// The lowest rate: what is called 1x.
constexpr double base_rate = 1'600;

/// Passes numbers on after a time that is fixed on average.
class paced : public keyed_operator<std::uint64_t, std::uint64_t> {
public:
  explicit paced(double carries) : each_(1e6 / carries) {}

  void on(const std::uint64_t& x) {
    owed_ += each_;
    emit(x);
    // One long sleep is more exact than many short ones.
    if (owed_ < 5'000)
      return;
    auto begin = clock::now();
    std::this_thread::sleep_for(
      std::chrono::microseconds{static_cast<std::int64_t>(owed_)});
    owed_ -=
      std::chrono::duration<double, std::micro>{clock::now() - begin}.count();
  }

private:
  double each_;     ///< microseconds
  double owed_ = 0; ///< of sleep
};

struct nowhere {
  struct writer final : sink_writer<std::uint64_t> {
    void write(slice_id, std::span<const tuple_view<std::uint64_t>>) override {}
  };

  std::optional<std::uint32_t> slices() const {
    return 1;
  }

  std::unique_ptr<sink_writer<std::uint64_t>> open(const sink_context&) const {
    return std::make_unique<writer>();
  }
};

/// What was seen of a run at some time after its beginning.
struct sight {
  double seconds = 0;
  std::uint32_t first = 0; ///< partitions
  std::uint32_t second = 0;
  std::uint64_t decisions = 0; ///< that were carried out
};

/// Runs the chain with this profile and looks at it until `seconds` have
/// passed.
class elastic_run {
public:
  elastic_run(const bench_setup& setup, const scaling_settings& scaling,
              const load_profile& profile, std::uint32_t first,
              std::uint32_t second)
    : cluster_(setup.program, options_with(scaling)) {
    submission asked;
    asked.topology = "paced_chain";
    asked.settings = {{"profile", profile.text()}};
    asked.parallelism = 1;
    asked.parallelism_of = {{"first", first}, {"second", second}};
    run_ = cluster_.supervising().submit(asked);
    begun_ = clock::now();
  }

  void watch_until(double seconds) {
    while (passed() < seconds) {
      look();
      std::this_thread::sleep_for(100ms);
    }
  }

  sight look() {
    sight result;
    result.seconds = passed();
    for (auto& each : cluster_.supervising().report().runs) {
      if (each.name != run_)
        continue;
      if (is_over(each.state))
        throw request_error{run_ + " is " + to_string(each.state) + ": "
                            + each.reason};
      for (auto& of : each.operators) {
        if (of.name == "first")
          result.first = of.partitions;
        if (of.name == "second")
          result.second = of.partitions;
      }
      for (auto& decision : each.decisions)
        result.decisions += decision.state == decision_state::carried_out;
    }
    sights_.push_back(result);
    return result;
  }

  /// How many tuples all partitions of an operator have taken in so far.
  std::uint64_t taken(const std::string& operator_name) {
    return cluster_.tuples_into(run_, operator_name);
  }

  double passed() const {
    return std::chrono::duration<double>(clock::now() - begun_).count();
  }

  const std::vector<sight>& sights() const {
    return sights_;
  }

private:
  static bench_cluster::options options_with(const scaling_settings& scaling) {
    bench_cluster::options result;
    result.workers = 3;
    result.scaling = scaling;
    // Each sleeping partition needs a thread.
    result.threads = 24;
    // Sleeps are exact to a fraction of a millisecond only.
    result.runs.epoch_length_us = 25'000;
    return result;
  }

  bench_cluster cluster_;
  std::string run_;
  clock::time_point begun_;
  std::vector<sight> sights_;
};

/// Whether so many partitions keep up with the rate for a while.
bool is_enough(const bench_setup& setup, double rate, std::uint32_t first,
               std::uint32_t second) {
  elastic_run run{setup, {}, load_profile{{{1, rate}}}, first, second};
  std::this_thread::sleep_for(3s);
  auto before = run.taken("second");
  auto began = run.passed();
  std::this_thread::sleep_for(8s);
  auto carried =
    static_cast<double>(run.taken("second") - before) / (run.passed() - began);
  return carried > 0.97 * rate;
}

/// The fewest partitions that keep up, found by trying from `least` on.
template <class Enough>
std::uint32_t fewest(double least, Enough&& enough) {
  auto first = static_cast<std::uint32_t>(std::ceil(least));
  for (auto result = first; result <= 2 * first; ++result)
    if (enough(result))
      return result;
  throw request_error{"twice the partitions that the rate needs do not keep up"
                      " with it: is the machine busy with something else?"};
}

struct stages {
  double low;
  double high;
  double fallen;
};

scaling_settings settings_for(policy_kind policy, bool quick) {
  scaling_settings result;
  result.policy = policy;
  result.interval = quick ? 500ms : 1000ms;
  result.cool_down = quick ? 1000ms : 2000ms;
  result.scale_in_after = quick ? 4s : 10s;
  result.catch_up = 20s;
  result.max_parallelism = 32;
  return result;
}

sight at(const std::vector<sight>& all, double seconds) {
  auto found = std::find_if(all.rbegin(), all.rend(), [&](auto& each) {
    return each.seconds <= seconds;
  });
  return found == all.rend() ? all.front() : *found;
}

plotted_line line_of(const std::vector<sight>& all, const std::string& name,
                     const std::string& colour,
                     std::uint32_t sight::*partitions) {
  plotted_line result{name, colour, {}, true};
  for (auto& each : all)
    result.points.emplace_back(each.seconds, each.*partitions);
  return result;
}

void draw(const bench_setup& setup, const std::string& name,
          const std::vector<sight>& all, const stages& lengths) {
  if (setup.plots.empty())
    return;
  plot drawn;
  drawn.title = "Partitions under " + name;
  drawn.across = "seconds";
  drawn.upward = "partitions";
  auto needed = [&](double carries) {
    plotted_line result{"", "", {}, true};
    double at = 0;
    for (auto [length, factor] : {std::pair{lengths.low, 1.0},
                                  {lengths.high, 8.0},
                                  {lengths.fallen, 1.0}}) {
      result.points.emplace_back(at, factor * base_rate / carries);
      at += length;
      result.points.emplace_back(at, factor * base_rate / carries);
    }
    return result;
  };
  auto first = needed(first_carries);
  first.name = "input by what one of first carries";
  first.colour = "#9ecae1";
  auto second = needed(second_carries);
  second.name = "input by what one of second carries";
  second.colour = "#fdbe85";
  drawn.lines = {first, second, line_of(all, "first", "#0072b2", &sight::first),
                 line_of(all, "second", "#d55e00", &sight::second)};
  drawn.write(setup.plots / ("elasticity_" + name + ".svg"));
}

/// The input rises and falls.
std::vector<measurement> measure_steps(const bench_setup& setup,
                                       policy_kind policy,
                                       std::uint32_t best_first,
                                       std::uint32_t best_second) {
  stages lengths = setup.quick ? stages{8, 20, 25} : stages{15, 60, 60};
  load_profile profile{{{lengths.low, base_rate},
                        {lengths.high, 8 * base_rate},
                        {lengths.fallen, base_rate}}};
  elastic_run run{setup, settings_for(policy, setup.quick), profile, 1, 2};
  auto risen = lengths.low;
  auto fallen = lengths.low + lengths.high;
  run.watch_until(fallen + lengths.fallen);
  auto& all = run.sights();
  auto before = at(all, risen);
  auto high = at(all, fallen);
  auto name = to_string(policy);
  draw(setup, name, all, lengths);
  auto within = policy == policy_kind::rate ? 25 : 0;
  // Too few are as wrong as too many.
  auto off = [](std::uint32_t partitions, std::uint32_t best) {
    return 100 * std::abs(static_cast<double>(partitions) / best - 1);
  };
  return {
    at_most(policy == policy_kind::rate ? 3 : 0, name + "_decisions_to_8x",
            static_cast<double>(high.decisions - before.decisions),
            "decisions"),
    at_least(0, name + "_first_at_8x", high.first, "partitions"),
    at_least(0, name + "_second_at_8x", high.second, "partitions"),
    at_most(within, name + "_first_at_8x_off_best", off(high.first, best_first),
            "% of the best fixed"),
    at_most(within, name + "_second_at_8x_off_best",
            off(high.second, best_second), "% of the best fixed"),
    at_most(3, name + "_first_fallen", all.back().first, "partitions"),
    at_most(5, name + "_second_fallen", all.back().second, "partitions"),
  };
}

/// The same rate, give or take a tenth, for a long time.
measurement measure_noise(const bench_setup& setup) {
  auto seconds = setup.quick ? 20 : 600;
  auto settling = setup.quick ? 10 : 30;
  random_generator random{7};
  std::vector<load_profile::stage> profile;
  for (int i = 0; i < seconds + settling; ++i)
    profile.push_back(
      {1,
       4 * base_rate * (0.9 + 0.002 * static_cast<double>(random.below(101)))});
  elastic_run run{setup, settings_for(policy_kind::rate, setup.quick),
                  load_profile{profile}, 1, 2};
  run.watch_until(settling);
  auto before = run.look().decisions;
  run.watch_until(settling + seconds);
  // One scale-in after the backlog of the beginning is no oscillation.
  return at_most(1, "rate_decisions_under_noise",
                 static_cast<double>(run.look().decisions - before),
                 "in " + std::to_string(seconds) + " s");
}

} // namespace

std::vector<measurement> measure_elasticity(const bench_setup& setup) {
  auto high = 8 * base_rate;
  auto first = static_cast<std::uint32_t>(std::ceil(high / first_carries));
  auto second = static_cast<std::uint32_t>(std::ceil(high / second_carries));
  if (!setup.quick) {
    first = fewest(high / first_carries, [&](std::uint32_t partitions) {
      return is_enough(setup, high, partitions, 24);
    });
    second = fewest(high / second_carries, [&](std::uint32_t partitions) {
      return is_enough(setup, high, 12, partitions);
    });
  }
  std::vector<measurement> result{
    at_least(0, "best_fixed_first_at_8x", first, "partitions"),
    at_least(0, "best_fixed_second_at_8x", second, "partitions")};
  for (auto policy : {policy_kind::threshold, policy_kind::rate})
    for (auto& each : measure_steps(setup, policy, first, second))
      result.push_back(each);
  result.push_back(measure_noise(setup));
  return result;
}

} // namespace braid

// NOLINTBEGIN: the macro makes static objects
BRAID_TOPOLOGY(paced_chain) {
  auto itself = [](const std::uint64_t& x) { return x; };
  topology
    .source("numbers", braid::profile_source{braid::load_profile::parse(
                         settings.text("profile"))})
    .key_by(itself)
    .process<braid::paced>("first", braid::first_carries)
    .key_by(itself)
    .process<braid::paced>("second", braid::second_carries)
    .sink("result", braid::nowhere{});
}
// NOLINTEND
