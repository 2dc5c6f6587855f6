// The part of a node's runs that is about what users see of them.
#include "actors/local_runs.hpp"

#include <algorithm>

namespace braid {

namespace {

partition_counts counts_of(const partition_load& load, std::int64_t now,
                           bool source) {
  partition_counts result;
  // In this order: an epoch that ends meanwhile does not count as unfinished.
  std::uint64_t finished = load.busy_ns;
  result.busy_ns = std::max(finished, load.busy_until(now));
  result.unfinished_ns = result.busy_ns - finished;
  result.blocked_ns = load.blocked_until(now);
  result.tuples_out = load.tuples_out;
  result.tuples_in = source ? result.tuples_out : load.tuples_in.load();
  result.queued_tuples = load.queued_tuples;
  result.counted_at_us = load.counted_at;
  result.knows_arrivals = load.knows_arrivals;
  result.hot = load.take_hot_key();
  return result;
}

} // namespace

partition_report local_runs::report_of(const local_partition& known) {
  auto result = known.report;
  result.state = known.load->state;
  result.epoch = known.load->epoch;
  result.tuples_in = known.load->tuples_in;
  result.tuples_out = known.load->tuples_out;
  result.queued_epochs = known.load->queued_epochs;
  result.queued_bytes = known.load->queued_bytes;
  result.replay_bytes = known.load->replay_bytes;
  return result;
}

partition_report local_runs::last_report_of(const local_partition& known) {
  auto result = report_of(known);
  if (result.state != partition_state::done
      && result.state != partition_state::failed)
    result.state = partition_state::stopped;
  result.tuples_per_second = 0;
  result.busy_permille = 0;
  result.queued_epochs = 0;
  result.queued_bytes = 0;
  result.replay_bytes = 0;
  return result;
}

std::vector<partition_report> local_runs::report() const {
  std::vector<partition_report> result;
  for (auto& [number, run] : runs_)
    for (auto& [place, known] : run.partitions)
      result.push_back(report_of(known));
  return result;
}

load_counts local_runs::measure(run_id run) const {
  load_counts result;
  result.at_ns =
    std::chrono::nanoseconds{clock::now().time_since_epoch()}.count();
  auto found = runs_.find(run);
  if (found == runs_.end())
    return result;
  for (auto& [place, known] : found->second.partitions) {
    auto& counts = result.partitions.emplace_back(
      counts_of(*known.load, result.at_ns, known.source));
    counts.place = place;
    counts.generation = known.generation;
    auto outputs = found->second.graph->outputs_of(place.id);
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (outputs[i].how != routing::broadcast)
        counts.edges.push_back({outputs[i].to, known.load->edges[i].tuples});
    auto slices = found->second.plan.slices_of(place);
    // What was handed over is nobody's here.
    if (slices.size() != known.load->slice_tuples.size())
      continue;
    for (std::size_t i = 0; i < slices.size(); ++i)
      counts.slices.emplace_back(slices[i], known.load->slice_tuples[i]);
  }
  return result;
}

void local_runs::sample(clock::time_point now) {
  auto elapsed = static_cast<std::uint64_t>(
    std::chrono::nanoseconds{now - sampled_at_}.count());
  sampled_at_ = now;
  if (elapsed == 0)
    return;
  auto steady_now = std::chrono::nanoseconds{now.time_since_epoch()}.count();
  for (auto& [number, run] : runs_)
    for (auto& [place, known] : run.partitions) {
      std::uint64_t tuples =
        known.source ? known.load->tuples_out : known.load->tuples_in;
      // The two figures it is made of are not read at one instant.
      auto busy =
        std::max(known.busy_before, known.load->busy_until(steady_now));
      known.report.tuples_per_second = static_cast<std::uint64_t>(
        static_cast<double>(tuples - known.tuples_before) * 1e9
        / static_cast<double>(elapsed));
      known.report.busy_permille = std::min<std::uint64_t>(
        1000, (busy - known.busy_before) * 1000 / elapsed);
      known.tuples_before = tuples;
      known.busy_before = busy;
    }
}

} // namespace braid
