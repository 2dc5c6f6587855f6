#include "actors/checkpoint_capture.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace braid {

checkpoint_capture::checkpoint_capture(std::uint32_t slices,
                                       const capture_limits& limits)
  : limits_(limits), copies_(slices) {
  for (std::uint32_t local = 0; local < slices; ++local)
    missing_.insert(missing_.end(), local);
}

void checkpoint_capture::begin_with(
  epoch_number epoch, const std::vector<slice_id>& held,
  const std::map<slice_id, std::uint64_t>& bytes, const hosted_slices& hosted) {
  for (auto slice : held) {
    auto local = hosted.local(slice);
    copies_.at(local) = {epoch, bytes.at(slice), 0};
    missing_.erase(local);
  }
}

void checkpoint_capture::lose(const lost_copies& lost,
                              const hosted_slices& hosted) {
  for (auto slice : lost.slices) {
    auto local = hosted.local(slice);
    copies_.at(local) = {};
    missing_.insert(local);
  }
  if (lost.shared)
    shared_.reset();
}

void checkpoint_capture::begin(operator_instance& from,
                               const hosted_slices& hosted,
                               partition_checkpoint begun) {
  assert(!is_writing());
  auto& into = under_way_.emplace(std::move(begun));
  auto limit =
    into.ended ? std::numeric_limits<std::uint64_t>::max() : limits_.at_once;
  auto bytes = take_missing(from, hosted, limit, into);
  behind_ = !missing_.empty();
  into.ahead = behind_;
  // What else changed is not lost: the next checkpoint takes it.
  if (into.ahead)
    return;
  for (std::uint32_t local = 0; local < copies_.size(); ++local) {
    auto& last = copies_[local];
    if (into.slices.contains(hosted.id(local)))
      continue;
    // Two checkpoints of one epoch: it cannot be based on itself.
    if (last.epoch == into.epoch || (is_due(last) && bytes < limit / 4)) {
      bytes += last.full_bytes;
      freeze_all(from, local, into.epoch);
    } else {
      take_changes(from, hosted, local, into);
    }
  }
  take_shared(from, into);
  constexpr std::size_t epochs = 64;
  share_ = 1 + frozen_.size() / epochs;
}

std::optional<partition_checkpoint>
checkpoint_capture::write(operator_instance& from, const hosted_slices& hosted,
                          std::size_t at_most) {
  for (; at_most > 0 && !frozen_.empty(); --at_most) {
    auto local = frozen_.front();
    frozen_.pop_front();
    auto& content = under_way_->slices[hosted.id(local)];
    from.save_frozen(local, content);
    auto& last = copies_[local];
    if (under_way_->bases.contains(hosted.id(local)))
      last.changed_bytes += content.size();
    else
      last.full_bytes = content.size();
  }
  if (!frozen_.empty())
    return std::nullopt;
  return std::exchange(under_way_, std::nullopt);
}

std::optional<partition_checkpoint>
checkpoint_capture::take_ahead(operator_instance& from,
                               const hosted_slices& hosted, epoch_number epoch,
                               event_time wall) {
  if (!behind_)
    return std::nullopt;
  constexpr event_time longest = 250'000;
  auto passed = static_cast<std::uint64_t>(
    std::clamp<event_time>(wall - last_ahead_, 0, longest));
  auto limit = passed * limits_.per_second / 1'000'000;
  if (limit == 0)
    return std::nullopt;
  partition_checkpoint result;
  result.epoch = epoch;
  result.ahead = true;
  auto bytes = take_missing(from, hosted, limit, result);
  // What it took too much, it takes less next time.
  last_ahead_ = wall;
  if (bytes > limit)
    last_ahead_ +=
      static_cast<event_time>((bytes - limit) * 1'000'000 / limits_.per_second);
  behind_ = !missing_.empty();
  return result;
}

/// Returns how many bytes they are: less than `limit`, but for the last one.
std::uint64_t checkpoint_capture::take_missing(operator_instance& from,
                                               const hosted_slices& hosted,
                                               std::uint64_t limit,
                                               partition_checkpoint& into) {
  std::uint64_t bytes = 0;
  while (!missing_.empty() && bytes < limit) {
    bytes += take_full(from, hosted, *missing_.begin(), into);
    missing_.erase(missing_.begin());
  }
  return bytes;
}

std::uint64_t checkpoint_capture::take_full(operator_instance& from,
                                            const hosted_slices& hosted,
                                            std::uint32_t local,
                                            partition_checkpoint& into) {
  auto& content = into.slices[hosted.id(local)];
  from.save_slice(local, content);
  from.forget_changes(local);
  copies_[local] = {into.epoch, content.size(), 0};
  return content.size();
}

void checkpoint_capture::freeze_all(operator_instance& from,
                                    std::uint32_t local, epoch_number epoch) {
  from.freeze(local, record_extent::everything);
  frozen_.push_back(local);
  copies_[local] = {epoch, 0, 0};
}

void checkpoint_capture::take_changes(operator_instance& from,
                                      const hosted_slices& hosted,
                                      std::uint32_t local,
                                      partition_checkpoint& into) {
  auto& last = copies_[local];
  auto slice = hosted.id(local);
  if (from.changed(local)) {
    from.freeze(local, record_extent::changes);
    frozen_.push_back(local);
  } else {
    into.slices[slice]; // no bytes: nothing changed
  }
  into.bases[slice] = *last.epoch;
  last.epoch = into.epoch;
}

void checkpoint_capture::take_shared(operator_instance& from,
                                     partition_checkpoint& into) {
  if (!shared_ || *shared_ == into.epoch) {
    from.save_shared(into.shared);
    from.forget_shared_changes();
  } else {
    into.shared_base = shared_;
    if (from.shared_changed())
      from.save_shared_changes(into.shared);
  }
  shared_ = into.epoch;
}

bool checkpoint_capture::is_due(const copy& last) const {
  return last.changed_bytes > limits_.renewal * last.full_bytes;
}

} // namespace braid
