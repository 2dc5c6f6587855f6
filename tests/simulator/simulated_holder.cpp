#include "tests/simulator/simulated_holder.hpp"

#include <set>

namespace braid::simulator {

void simulated_holder::put(std::size_t partition,
                           partition_checkpoint checkpoint) {
  auto epoch = checkpoint.epoch;
  kept_[partition][epoch] =
    std::make_shared<const partition_checkpoint>(std::move(checkpoint));
}

bool simulated_holder::advance() {
  std::set<epoch_number> candidates;
  for (auto& partition : kept_)
    for (auto& [epoch, checkpoint] : partition)
      candidates.insert(epoch);
  auto before = stable_;
  for (auto epoch : candidates)
    if (epoch > stable_ && all_have(epoch))
      stable_ = epoch;
  if (stable_ == before)
    return false;
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    auto needed = find(i, stable_);
    std::erase_if(kept_[i], [&](auto& each) {
      return each.first < stable_ && each.second != needed;
    });
  }
  return true;
}

void simulated_holder::forget_beyond_stable(std::size_t partition) {
  std::erase_if(kept_[partition],
                [&](auto& each) { return each.first > stable_; });
}

simulated_holder::checkpoint_ptr
simulated_holder::at_stable(std::size_t partition) const {
  return find(partition, stable_);
}

simulated_holder::checkpoint_ptr
simulated_holder::find(std::size_t partition, epoch_number epoch) const {
  auto& all = kept_[partition];
  auto found = all.upper_bound(epoch);
  if (found == all.begin())
    return nullptr;
  --found;
  // An older copy will do only if nothing came after it.
  return found->first == epoch || found->second->ended ? found->second
                                                       : nullptr;
}

bool simulated_holder::all_have(epoch_number epoch) const {
  for (std::size_t i = 0; i < kept_.size(); ++i)
    if (!find(i, epoch))
      return false;
  return true;
}

} // namespace braid::simulator
