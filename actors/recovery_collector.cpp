#include "actors/recovery_collector.hpp"

#include "operators/state_fold.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace braid {

namespace {

/// "4, 7 and 12 more".
std::string list_of(const std::vector<slice_id>& slices) {
  constexpr std::size_t named = 8;
  std::string result;
  for (std::size_t i = 0; i < std::min(named, slices.size()); ++i)
    result += (i == 0 ? "" : ", ") + std::to_string(slices[i]);
  if (slices.size() > named)
    result += " and " + std::to_string(slices.size() - named) + " more";
  return result;
}

} // namespace

recovery_collector::recovery_collector(run_id run, lost_partition lost,
                                       epoch_number stable,
                                       std::set<std::string> nodes)
  : run_(run), lost_(std::move(lost)), stable_(stable),
    awaited_(std::move(nodes)) {
  if (awaited_.empty())
    on_all_answered();
}

void recovery_collector::on_part(recovered_part part) {
  if (state_ != state::waiting || part.run != run_
      || part.place.id != lost_.place.id
      || part.place.index != lost_.place.index
      || part.incarnation != lost_.successor || !awaited_.contains(part.holder))
    return;
  gather(part);
  gather_cuts(part);
  if (part.final)
    awaited_.erase(part.holder);
  if (state_ == state::waiting && awaited_.empty())
    on_all_answered();
}

void recovery_collector::on_node_lost(const std::string& name) {
  if (state_ != state::waiting || awaited_.erase(name) == 0)
    return;
  silent_.insert(name);
  if (awaited_.empty())
    on_all_answered();
}

std::map<slice_id, slice_copy> recovery_collector::take_slices() {
  auto found = found_.find(stable_);
  if (found == found_.end())
    return {};
  auto result = std::exchange(found->second.slices, {});
  for (auto& [slice, copy] : result)
    found->second.taken.insert(slice);
  return result;
}

std::optional<partition_checkpoint> recovery_collector::take_checkpoint() {
  assert(state_ == state::complete);
  if (found_.empty())
    return std::nullopt;
  auto& found = found_.begin()->second;
  auto& result = found.checkpoint;
  for (auto& [slice, copy] : found.slices)
    result.slices.emplace(slice, whole_of(copy, fold_all));
  return std::move(result);
}

/// Only copies of the stable epoch, or of a partition that had ended by then,
/// are what the partition was at the stable epoch.
void recovery_collector::gather(recovered_part& part) {
  auto& from = part.checkpoint;
  auto usable = from.epoch == stable_ || (from.ended && from.epoch < stable_);
  if (stable_ == 0 || !usable || (!part.has_partition && part.slices.empty()))
    return;
  auto& found = found_[from.epoch];
  auto& into = found.checkpoint;
  into.epoch = from.epoch;
  into.ended = into.ended || from.ended;
  if (part.has_partition && !found.has_partition) {
    found.has_partition = true;
    into.progress = std::move(from.progress);
    into.shared = std::move(from.shared);
  }
  for (auto slice : lost_.slices)
    if (auto copy = part.slices.find(slice); copy != part.slices.end()) {
      if (!found.has(slice))
        found.slices.emplace(slice, std::move(copy->second));
      if (from.epoch == stable_)
        held_by_[slice].insert(part.holder);
    }
}

void recovery_collector::gather_cuts(recovered_part& part) {
  for (auto& [epoch, cuts] : part.cuts) {
    if (epoch <= stable_)
      continue;
    auto [known, added] = cuts_.try_emplace(epoch, cuts);
    if (!added && known->second != cuts) {
      fail("node '" + part.holder + "' knows other cuts of epoch "
           + std::to_string(epoch) + " than another node; start the run anew");
      return;
    }
  }
}

void recovery_collector::on_all_answered() {
  if (auto gap = cut_gap(); !gap.empty())
    return fail(gap);
  if (stable_ == 0) {
    state_ = state::complete;
    return;
  }
  auto found = std::find_if(found_.rbegin(), found_.rend(),
                            [&](auto& x) { return is_whole(x.second); });
  if (found == found_.rend())
    return fail(what_is_missing());
  state_ = state::complete;
  auto epoch = found->first;
  std::erase_if(found_, [&](auto& x) { return x.first != epoch; });
  if (epoch != stable_)
    held_by_.clear();
}

void recovery_collector::fail(const std::string& what) {
  state_ = state::failed;
  problem_ = place_name(lost_.place) + " cannot be restored at epoch "
             + std::to_string(stable_) + ": " + what;
  if (silent_.empty())
    return;
  problem_ += " (lost before they answered:";
  for (auto& name : silent_)
    problem_ += " " + name;
  problem_ += ")";
}

std::vector<slice_id>
recovery_collector::missing_in(const gathered& found) const {
  std::vector<slice_id> result;
  for (auto slice : lost_.slices)
    if (!found.has(slice))
      result.push_back(slice);
  return result;
}

bool recovery_collector::is_whole(const gathered& found) const {
  return found.has_partition && missing_in(found).empty();
}

/// Of the epoch of which the most was found.
std::string recovery_collector::what_is_missing() const {
  gathered none;
  const gathered* best = &none;
  for (auto& [epoch, found] : found_)
    if (best == &none || missing_in(found).size() <= missing_in(*best).size())
      best = &found;
  std::string result = "no whole copy is left of ";
  auto slices = missing_in(*best);
  if (!slices.empty())
    result += "slices " + list_of(slices);
  if (!best->has_partition)
    result += std::string{slices.empty() ? "" : " and of "}
              + "what belongs to no slice";
  return result + "; keep more replicas";
}

/// Sources tell the cuts of every epoch. Going on with a gap would end epochs
/// otherwise than whoever saw them remembers.
std::string recovery_collector::cut_gap() const {
  auto expected = stable_ + 1;
  for (auto& [epoch, cuts] : cuts_) {
    if (epoch != expected)
      return "nobody knows how epochs " + std::to_string(expected) + " to "
             + std::to_string(epoch - 1) + " ended, though epoch "
             + std::to_string(epoch) + " did; keep more replicas";
    ++expected;
  }
  return {};
}

} // namespace braid
