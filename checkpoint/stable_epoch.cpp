#include "checkpoint/stable_epoch.hpp"

#include <algorithm>
#include <cassert>
#include <stdexcept>
#include <string>

namespace braid {

stable_epoch::stable_epoch(const std::vector<member>& operators,
                           epoch_number epoch)
  : value_(epoch) {
  for (auto& each : operators) {
    [[maybe_unused]] auto added =
      operators_.try_emplace(each.of, slices_.size(), each.slices).second;
    assert(added);
    for (slice_id slice = 0; slice < each.slices; ++slice)
      slices_.push_back({{each.of, slice}, {}, {}});
  }
}

bool stable_epoch::report(operator_id of, std::span<const slice_id> slices,
                          incarnation_number incarnation, epoch_number epoch) {
  for (auto slice : slices) {
    auto index = index_of(of, slice);
    if (epoch > value_ && counts(slices_[index], incarnation, epoch))
      note(reports_of(epoch), index, incarnation);
  }
  return advance();
}

bool stable_epoch::report_last(operator_id of, std::span<const slice_id> slices,
                               incarnation_number incarnation,
                               epoch_number epoch) {
  for (auto slice : slices) {
    auto index = index_of(of, slice);
    auto& state = slices_[index];
    if (!counts(state, incarnation, epoch))
      continue;
    // What a successor says takes the place of what it did not agree to.
    if (!state.last || incarnation > state.last->incarnation)
      state.last = ending{epoch, incarnation};
    // Makes this epoch one that can become stable.
    if (epoch > value_)
      reports_of(epoch);
    for (auto at = pending_.lower_bound(epoch); at != pending_.end(); ++at)
      note(at->second, index, incarnation);
  }
  return advance();
}

void stable_epoch::fence(operator_id of, std::span<const slice_id> slices,
                         incarnation_number successor, epoch_number after) {
  for (auto slice : slices) {
    auto index = index_of(of, slice);
    add_fence(slices_[index], {successor, std::max(after, value_)});
    drop_void_reports(index);
  }
}

std::vector<operator_slice> stable_epoch::missing(epoch_number epoch,
                                                  std::size_t limit) const {
  std::vector<operator_slice> result;
  auto reports = pending_.find(epoch);
  for (std::size_t i = 0; i < slices_.size() && result.size() < limit; ++i) {
    auto& last = slices_[i].last;
    auto reported = reports != pending_.end() && reports->second.by[i];
    if (!reported && !(last && last->epoch <= epoch))
      result.push_back(slices_[i].id);
  }
  return result;
}

std::size_t stable_epoch::index_of(operator_id of, slice_id slice) const {
  auto found = operators_.find(of);
  if (found == operators_.end() || slice >= found->second.second)
    throw std::invalid_argument{
      "a checkpoint was reported of slice " + std::to_string(slice)
      + " of operator " + std::to_string(of)
      + ", which this run does not have; do all nodes run the same topology?"};
  return found->second.first + slice;
}

bool stable_epoch::counts(const slice_state& slice,
                          incarnation_number incarnation, epoch_number epoch) {
  return std::all_of(slice.fences.begin(), slice.fences.end(),
                     [&](const fence_rule& x) {
                       return incarnation >= x.successor || epoch <= x.after;
                     });
}

/// The reports of an epoch beyond the stable one. Slices that ended before
/// count already.
stable_epoch::epoch_reports& stable_epoch::reports_of(epoch_number epoch) {
  auto [at, added] = pending_.try_emplace(epoch);
  auto& reports = at->second;
  if (added) {
    reports.by.resize(slices_.size());
    reports.missing = slices_.size();
    for (std::size_t i = 0; i < slices_.size(); ++i)
      if (auto& last = slices_[i].last; last && last->epoch <= epoch)
        note(reports, i, last->incarnation);
  }
  return reports;
}

void stable_epoch::note(epoch_reports& reports, std::size_t slice,
                        incarnation_number incarnation) {
  auto& by = reports.by[slice];
  if (!by)
    --reports.missing;
  by = std::max(by.value_or(0), incarnation);
}

void stable_epoch::add_fence(slice_state& slice, fence_rule rule) const {
  // Nobody asks about stable epochs any more.
  for (auto& x : slice.fences)
    x.after = std::max(x.after, value_);
  auto covers = [](const fence_rule& x, const fence_rule& y) {
    return x.successor >= y.successor && x.after <= y.after;
  };
  auto& fences = slice.fences;
  if (std::any_of(fences.begin(), fences.end(),
                  [&](auto& x) { return covers(x, rule); }))
    return;
  std::erase_if(fences, [&](auto& x) { return covers(rule, x); });
  fences.push_back(rule);
}

void stable_epoch::drop_void_reports(std::size_t index) {
  auto& slice = slices_[index];
  auto& last = slice.last;
  if (last && !counts(slice, last->incarnation, last->epoch))
    last.reset();
  for (auto& [epoch, reports] : pending_) {
    auto& by = reports.by[index];
    if (!by || counts(slice, *by, epoch) || (last && last->epoch <= epoch))
      continue;
    by.reset();
    ++reports.missing;
  }
}

/// Takes the newest complete epoch. Returns whether there is one.
bool stable_epoch::advance() {
  auto complete = [](auto& x) { return x.second.missing == 0; };
  auto newest = std::find_if(pending_.rbegin(), pending_.rend(), complete);
  if (newest == pending_.rend())
    return false;
  value_ = newest->first;
  pending_.erase(pending_.begin(), pending_.upper_bound(value_));
  return true;
}

} // namespace braid
