#include "actors/input_sampler.hpp"

#include <algorithm>
#include <cassert>

namespace braid {

input_sampler::input_sampler(const std::vector<edge_node>& inputs,
                             const hosted_slices& slices, partition_load& load)
  : inputs_(&inputs), slices_(&slices), load_(&load) {
  load.slice_tuples = std::vector<std::atomic<std::uint64_t>>(slices.size());
}

void input_sampler::on_epoch(const operator_instance& instance,
                             epoch_number epoch,
                             const std::vector<input_run>& runs,
                             event_time wall) {
  if (epoch % stride != 0)
    return;
  for (auto& run : runs) {
    auto how = edge_of(run).how;
    if (how == routing::broadcast)
      continue;
    count_slices(run);
    if (how == routing::keyed)
      look_for_keys(instance, run);
  }
  if (wall - interval_began_ >= interval)
    end_interval(wall);
}

void input_sampler::count_slices(const input_run& run) {
  auto routes = run.source->routes();
  auto add = [&](std::uint32_t local, std::uint32_t tuples) {
    assert(local != hosted_slices::not_here);
    load_->slice_tuples[local] += tuples;
  };
  if (routes.empty())
    return add(slices_->local(run.slice), run.count);
  for (auto by : routes.subspan(run.first, run.count))
    add(slices_->local(slice_of(by, slices_->total())), 1);
}

void input_sampler::look_for_keys(const operator_instance& instance,
                                  const input_run& run) {
  auto routes = run.source->routes();
  if (routes.empty())
    return;
  keys_.on_batch(
    run.count, [&](std::size_t i) { return routes[run.first + i]; },
    [&](std::size_t i) {
      auto text =
        instance.key_text(run, run.first + static_cast<std::uint32_t>(i));
      return text.empty() ? "with hash " + std::to_string(routes[run.first + i])
                          : text;
    });
}

void input_sampler::end_interval(event_time wall) {
  std::uint64_t busy = load_->busy_ns;
  auto elapsed = static_cast<double>(wall - interval_began_) * 1e3;
  auto share = static_cast<double>(busy - busy_before_) / elapsed;
  auto first = interval_began_ == 0;
  interval_began_ = wall;
  busy_before_ = busy;
  auto hot = keys_.on_interval(first ? 0 : share);
  if (hot)
    load_->set_hot_key(*hot);
}

const edge_node& input_sampler::edge_of(const input_run& run) const {
  auto found = std::find_if(inputs_->begin(), inputs_->end(),
                            [&](auto& edge) { return edge.id == run.edge; });
  assert(found != inputs_->end());
  return *found;
}

} // namespace braid
