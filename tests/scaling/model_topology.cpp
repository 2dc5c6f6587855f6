#include "tests/scaling/model_topology.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace braid::testing {

operator_id model_topology::add_source(std::string name, options values) {
  return insert({std::move(name), values, {}, {}, {}, 0, 0});
}

operator_id model_topology::add(std::string name,
                                std::vector<operator_id> upstream,
                                options values) {
  auto id = insert({std::move(name), values, upstream, {}, {}, 0, 0});
  for (auto from : upstream)
    operators_[from].downstream.push_back(id);
  return id;
}

operator_id model_topology::insert(model_operator one) {
  one.partitions.resize(1);
  operators_.push_back(std::move(one));
  return static_cast<operator_id>(operators_.size() - 1);
}

void model_topology::rescale(operator_id id, std::uint32_t partitions,
                             double pause) {
  auto& one = operators_[id];
  double queued = 0;
  for (auto& each : one.partitions)
    queued += each.queue;
  one.partitions.assign(partitions, {});
  one.paused = pause;
  deliver(one, queued);
}

load_report model_topology::run(double seconds) {
  begin_interval();
  auto steps = std::lround(seconds / step);
  for (long i = 0; i < steps; ++i)
    take_step();
  return measured(seconds);
}

std::uint32_t model_topology::total_parallelism() const {
  std::size_t result = 0;
  for (auto& one : operators_)
    if (!one.upstream.empty())
      result += one.partitions.size();
  return static_cast<std::uint32_t>(result);
}

double model_topology::lag() const {
  double most = 0;
  for (auto& one : operators_)
    if (one.upstream.empty())
      for (auto& each : one.partitions)
        most = std::max(most, each.queue / std::max(rate_, 1.0));
  return most;
}

double model_topology::noisy(double x) {
  return x * (1 + noise_ * (2 * random_.uniform() - 1));
}

void model_topology::take_step() {
  for (auto& one : operators_)
    if (one.upstream.empty()) {
      auto tuples = noisy(rate_) * step;
      one.arrived += tuples;
      deliver(one, tuples);
    }
  // Downstream first: what is made in a step is taken in in the next one.
  for (auto one = operators_.rbegin(); one != operators_.rend(); ++one)
    process(*one);
  now_ += step;
}

void model_topology::process(model_operator& one) {
  if (one.paused > 0) {
    one.paused -= step;
    return;
  }
  for (auto& each : one.partitions) {
    auto able = noisy(one.values.capacity) * step;
    auto ready = std::min(able, each.queue);
    auto allowed = one.downstream.empty()
                     ? ready
                     : std::min(ready, room(one) / one.values.tuples_each);
    each.queue -= allowed;
    each.in += allowed;
    each.busy += step * allowed / able;
    if (allowed < ready)
      each.blocked += step * (1 - allowed / able);
    auto made = allowed * one.values.tuples_each;
    each.out += made;
    for (auto to : one.downstream)
      deliver(operators_[to], made);
  }
}

/// Tuples that all downstream can take: as many as the fullest queue, since
/// nobody passes over one that is full.
double model_topology::room(const model_operator& one) const {
  auto result = std::numeric_limits<double>::max();
  for (auto id : one.downstream) {
    auto& to = operators_[id];
    for (auto& each : to.partitions) {
      auto free = to.values.capacity * queue_seconds - each.queue;
      result = std::min(result, std::max(free, 0.0)
                                  * static_cast<double>(to.partitions.size()));
    }
  }
  return result;
}

void model_topology::deliver(model_operator& to, double tuples) {
  for (auto& each : to.partitions)
    each.queue += tuples / static_cast<double>(to.partitions.size());
}

void model_topology::begin_interval() {
  for (auto& one : operators_) {
    one.arrived = 0;
    for (auto& each : one.partitions)
      each = {each.queue, 0, 0, 0, 0};
  }
}

load_report model_topology::measured(double seconds) const {
  auto whole = [](double x) {
    return static_cast<std::uint64_t>(std::lround(x));
  };
  auto time = [](double x) {
    return std::chrono::microseconds{std::lround(x * 1e6)};
  };
  load_report result;
  result.from = time(now_ - seconds);
  result.until = time(now_);
  for (operator_id id = 0; id < operators_.size(); ++id) {
    auto& one = operators_[id];
    operator_figures figures;
    figures.name = one.name;
    figures.slices = 256;
    figures.fixed = one.upstream.empty();
    if (figures.fixed && one.values.tells_arrivals)
      figures.arrived = whole(one.arrived);
    double out = 0;
    for (auto& each : one.partitions) {
      // A source that does not tell what arrives knows no backlog, either.
      auto backlog =
        figures.fixed && !one.values.tells_arrivals ? 0 : each.queue;
      figures.partitions.push_back({each.busy / seconds, each.blocked / seconds,
                                    whole(each.in), whole(each.out),
                                    whole(backlog)});
      out += each.out;
    }
    result.operators.push_back(std::move(figures));
    for (auto to : one.downstream)
      result.edges.push_back({id, to, whole(out)});
  }
  return result;
}

} // namespace braid::testing
