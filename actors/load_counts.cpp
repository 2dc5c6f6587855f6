#include "actors/load_counts.hpp"

#include <algorithm>
#include <cmath>

namespace braid {

namespace {

/// Fewer tuples say nothing about slices.
constexpr std::uint64_t least_sampled = 500;

/// What is read while it is written may seem to have gone back a little.
std::uint64_t since(std::uint64_t before, std::uint64_t after) {
  return after - std::min(before, after);
}

/// What came to a source in `elapsed` nanoseconds. It counts when it gets to
/// it, not when it is asked: between two counts may lie another time.
std::uint64_t arrivals(const partition_counts& before,
                       const partition_counts& after, double elapsed) {
  auto came =
    since(before.queued_tuples,
          since(before.tuples_in, after.tuples_in) + after.queued_tuples);
  auto between =
    1e3 * static_cast<double>(after.counted_at_us - before.counted_at_us);
  return between <= 0 ? came
                      : static_cast<std::uint64_t>(std::llround(
                        static_cast<double>(came) * elapsed / between));
}

void add_to_edge(load_report& report, operator_id from, operator_id to,
                 std::uint64_t tuples) {
  auto found =
    std::find_if(report.edges.begin(), report.edges.end(), [&](auto& edge) {
      return edge.from == from && edge.to == to;
    });
  if (found == report.edges.end())
    report.edges.push_back({from, to, tuples});
  else
    found->tuples += tuples;
}

} // namespace

std::optional<load_report>
load_meter::add(std::chrono::microseconds now,
                const std::vector<load_counts>& counts,
                const assignment& owners) {
  all_known after;
  for (auto& node : counts)
    for (auto& each : node.partitions)
      after[each.place] = {node.at_ns, each};
  std::optional<load_report> result;
  if (is_comparable(after, owners)) {
    result = blank(now, owners);
    result->from = before_at_;
    for (operator_id id = 0; id < operators_.size(); ++id) {
      result->operators[id].partitions.clear();
      for (auto index : owners[id].hosts())
        add_figures(*result, id, before_.at({id, index}),
                    after.at({id, index}));
    }
  }
  before_ = std::move(after);
  before_at_ = now;
  return result;
}

load_report load_meter::blank(std::chrono::microseconds now,
                              const assignment& owners) const {
  load_report result;
  result.from = result.until = now;
  for (operator_id id = 0; id < operators_.size(); ++id) {
    auto& made = result.operators.emplace_back();
    made.name = operators_[id].name;
    made.fixed = operators_[id].fixed;
    made.slices = owners[id].slices();
    made.partitions.resize(owners[id].hosts().size());
  }
  return result;
}

bool load_meter::is_comparable(const all_known& now,
                               const assignment& owners) const {
  for (operator_id id = 0; id < operators_.size(); ++id)
    for (auto index : owners[id].hosts()) {
      auto after = now.find({id, index});
      auto before = before_.find({id, index});
      if (after == now.end() || before == before_.end()
          || after->second.counts.generation != before->second.counts.generation
          || after->second.at_ns <= before->second.at_ns)
        return false;
    }
  return true;
}

void load_meter::add_figures(load_report& report, operator_id id,
                             const known& before, const known& after) const {
  auto& of = report.operators[id];
  auto elapsed = static_cast<double>(after.at_ns - before.at_ns);
  auto share = [&](std::uint64_t from, std::uint64_t to) {
    return std::min(1.0, static_cast<double>(since(from, to)) / elapsed);
  };
  auto& old = before.counts;
  auto& now = after.counts;
  partition_figures figures;
  figures.busy = share(old.busy_ns, now.busy_ns);
  figures.blocked = share(old.blocked_ns, now.blocked_ns);
  figures.tuples_in = since(old.tuples_in, now.tuples_in);
  figures.tuples_out = since(old.tuples_out, now.tuples_out);
  figures.backlog = now.queued_tuples;
  figures.worked = static_cast<double>(since(old.busy_ns - old.unfinished_ns,
                                             now.busy_ns - now.unfinished_ns))
                   / elapsed;
  of.partitions.push_back(figures);
  if (now.knows_arrivals)
    of.arrived = of.arrived.value_or(0) + arrivals(old, now, elapsed);
  for (std::size_t i = 0; i < now.edges.size(); ++i)
    add_to_edge(report, id, now.edges[i].to,
                since(i < old.edges.size() ? old.edges[i].tuples : 0,
                      now.edges[i].tuples));
  std::uint64_t sampled = 0;
  for (std::size_t i = 0; i < now.slices.size(); ++i)
    sampled += since(old.slices[i].second, now.slices[i].second);
  if (sampled < least_sampled)
    return;
  of.slice_busy.resize(of.slices);
  for (std::size_t i = 0; i < now.slices.size(); ++i) {
    auto part = since(old.slices[i].second, now.slices[i].second);
    of.slice_busy[now.slices[i].first] =
      figures.busy * static_cast<double>(part) / static_cast<double>(sampled);
  }
}

} // namespace braid
