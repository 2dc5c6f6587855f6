#include "tests/simulator/naive_node.hpp"

#include "operators/exchange.hpp"
#include "operators/key_hash.hpp"

#include <algorithm>

namespace braid::simulator {

naive_epoch naive_clock::next(const std::vector<const naive_origin*>& inputs) {
  watermarks_.resize(inputs.size(), beginning_of_time);
  ++epoch_.number;
  epoch_.watermark_before = epoch_.watermark;
  auto lowest = end_of_time;
  auto all_ended = true;
  epoch_.idle = true;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    auto& input = *inputs[i];
    if (input.closes)
      epoch_.now = std::max(epoch_.now, input.now);
    all_ended = all_ended && input.ended;
    if (input.ended || input.idle)
      continue;
    // Whoever is idle or has ended holds nothing back.
    epoch_.idle = false;
    watermarks_[i] = std::max(watermarks_[i], input.watermark);
    lowest = std::min(lowest, watermarks_[i]);
  }
  if (all_ended)
    epoch_.watermark = end_of_time;
  else if (!epoch_.idle)
    epoch_.watermark = std::max(epoch_.watermark, lowest);
  epoch_.last = all_ended;
  return epoch_;
}

void naive_node::take(const std::vector<const naive_stream*>& ports) {
  if (slices_ == 0)
    choose_slices(ports);
  if (done()) {
    output_ = side_ = {empty_output()};
    output_.front().closes = side_.front().closes = false;
    return;
  }
  std::vector<const naive_origin*> edges;
  for (auto* stream : ports)
    for (auto& origin : *stream)
      edges.push_back(&origin);
  epoch_ = clock_.next(edges);
  output_ = side_ = {empty_output()};
  std::vector<slice_input> inputs(slices_, slice_input(ports.size()));
  for (std::size_t port = 0; port < ports.size(); ++port)
    arrange(port, *ports[port], inputs);
  for (slice_ = 0; slice_ < slices_; ++slice_)
    process_slice(inputs[slice_]);
}

naive_origin naive_node::empty_output() const {
  naive_origin result;
  result.slices.resize(slices_);
  result.now = epoch_.now;
  result.watermark = epoch_.watermark;
  result.ended = epoch_.last;
  result.idle = epoch_.idle;
  return result;
}

void naive_node::choose_slices(const std::vector<const naive_stream*>& ports) {
  slices_ = description_->slices.value_or(keyed() ? 256 : 1);
  if (description_->slices || keyed())
    return;
  for (std::size_t port = 0; port < ports.size(); ++port)
    if (!broadcast(port))
      for (auto& origin : *ports[port])
        slices_ =
          std::max(slices_, static_cast<std::uint32_t>(origin.slices.size()));
}

std::uint32_t naive_node::slice_for(std::size_t port,
                                    const naive_origin& origin,
                                    slice_id upstream, std::uint64_t index,
                                    const item& x) const {
  if (keyed()) {
    auto key = key_of(x);
    auto hash = key.text.empty() ? key_hash(key.number) : key_hash(key.text);
    return slice_of(hash, slices_);
  }
  auto rebalanced =
    port < description_->rebalanced.size() && description_->rebalanced[port];
  if (!rebalanced && origin.slices.size() == slices_)
    return upstream;
  return slice_of(balanced_route(epoch_.number, upstream, index, slices_),
                  slices_);
}

/// Deals a port's tuples to the slices, in canonical order: edge, upstream
/// slice, emission.
void naive_node::arrange(std::size_t port, const naive_stream& stream,
                         std::vector<slice_input>& inputs) {
  for (auto& origin : stream)
    for (slice_id upstream = 0; upstream < origin.slices.size(); ++upstream) {
      std::uint64_t index = 0;
      for (auto& x : origin.slices[upstream]) {
        if (broadcast(port))
          on_broadcast(x.tuple);
        else
          inputs[slice_for(port, origin, upstream, index, x.tuple)][port]
            .push_back(x);
        ++index;
      }
    }
}

void naive_node::process_slice(const slice_input& input) {
  random_ = random_for(topology_, description_->name, slice_, epoch_.number);
  for (std::size_t port = 0; port < input.size(); ++port)
    for (auto& x : input[port]) {
      key_ = keyed() ? key_of(x.tuple) : naive_key{};
      on(port, x);
    }
  fire_timers();
  end_slice();
}

void naive_node::fire_timers() {
  auto& timers = timers_[slice_];
  while (!timers.empty() && timers.begin()->first <= epoch_.watermark) {
    auto due = *timers.begin();
    timers.erase(timers.begin());
    for (auto& key : due.second) {
      key_ = key;
      on_timer(due.first);
    }
  }
}

} // namespace braid::simulator
