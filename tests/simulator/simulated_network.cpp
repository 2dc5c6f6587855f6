#include "tests/simulator/simulated_network.hpp"

#include <utility>

namespace braid::simulator {

simulated_network::simulated_network(const simulation_options& options,
                                     random_generator& random)
  : options_(&options), random_(&random) {}

void simulated_network::send(const endpoint& from, const endpoint& to,
                             message what) {
  if (is_cut(from, to))
    return;
  auto with_supervisor = from.node == at_supervisor || to.node == at_supervisor;
  channel_ends ends{from, to, with_supervisor ? supervisor_life_ : 0};
  auto [found, is_new] = channel_between_.try_emplace(ends, channels_.size());
  if (is_new) {
    channels_.push_back({ends, 1, {}});
    if (options_->uneven && random_->below(8) == 0)
      channels_.back().slowness = random_->below(2) == 0 ? 10 : 100;
  }
  auto& target = channels_[found->second];
  if (target.messages.empty())
    busy_.push_back(found->second);
  target.messages.push_back(std::move(what));
}

std::optional<simulated_network::delivery>
simulated_network::take(std::size_t busy_channel) {
  auto& from = channels_[busy_[busy_channel]];
  auto& ends = from.ends;
  delivery result{ends.from, ends.to, std::move(from.messages.front()),
                  ends.supervisor_life};
  from.messages.pop_front();
  auto arrives =
    ends.to.node != at_supervisor || ends.supervisor_life == supervisor_life_;
  if (from.messages.empty()) {
    busy_[busy_channel] = busy_.back();
    busy_.pop_back();
  }
  if (!arrives)
    return std::nullopt;
  return result;
}

void simulated_network::cut(node_index one, node_index other) {
  cut_.insert(std::minmax(one, other));
  std::erase_if(busy_, [&](std::size_t number) {
    auto& [ends, slowness, messages] = channels_[number];
    if (is_cut(ends.from, ends.to))
      messages.resize(random_->below(messages.size() + 1));
    return messages.empty();
  });
}

void simulated_network::mend(node_index one, node_index other) {
  cut_.erase(std::minmax(one, other));
}

} // namespace braid::simulator
