#include "actors/local_recovery.hpp"

#include <algorithm>
#include <set>

namespace braid {

local_recovery::local_recovery(recovery what, const std::string& here,
                               const std::string& more)
  : what_(std::move(what)) {
  auto& plan = what_.plan;
  std::set<std::string> alive;
  for (auto node : what_.alive)
    alive.insert(plan.nodes.at(node).name);
  if (!more.empty())
    alive.insert(more);
  for (auto& lost : what_.lost) {
    auto host = plan.owners.at(lost.place.id).nodes.at(lost.place.index);
    if (plan.nodes.at(host).name == here)
      collectors_.emplace(
        lost.place, recovery_collector{plan.run, lost, what_.stable, alive});
  }
}

std::vector<lost_partition> local_recovery::hosted_here() const {
  std::vector<lost_partition> result;
  for (auto& lost : what_.lost)
    if (collectors_.contains(lost.place))
      result.push_back(lost);
  return result;
}

void local_recovery::on_part(recovered_part part) {
  auto found = collectors_.find(part.place);
  if (found != collectors_.end())
    found->second.on_part(std::move(part));
}

std::map<slice_id, slice_copy>
local_recovery::take_slices(const partition_place& place) {
  auto found = collectors_.find(place);
  return found == collectors_.end() ? std::map<slice_id, slice_copy>{}
                                    : found->second.take_slices();
}

bool local_recovery::is_complete() const {
  return std::all_of(collectors_.begin(), collectors_.end(), [](auto& each) {
    return each.second.current() == recovery_collector::state::complete;
  });
}

std::string local_recovery::problem() const {
  std::string result;
  for (auto& [place, collector] : collectors_)
    if (!collector.problem().empty())
      result += (result.empty() ? "" : "; ") + collector.problem();
  return result;
}

std::vector<local_recovery::restored_partition> local_recovery::take() {
  std::vector<restored_partition> result;
  for (auto& [place, collector] : collectors_)
    result.push_back({place, collector.take_checkpoint(), collector.cuts(),
                      collector.held_by()});
  return result;
}

} // namespace braid
