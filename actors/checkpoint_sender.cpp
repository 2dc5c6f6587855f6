#include "actors/checkpoint_sender.hpp"

#include <algorithm>

namespace braid {

checkpoint_sender::checkpoint_sender(run_id run, partition_place place,
                                     incarnation_number incarnation)
  : checkpoint_sender(run, place, incarnation, {}) {}

checkpoint_sender::checkpoint_sender(run_id run, partition_place place,
                                     incarnation_number incarnation,
                                     const settings& how)
  : run_(run), place_(place), incarnation_(incarnation), settings_(how) {}

// -- sending ------------------------------------------------------------------

bool checkpoint_sender::begin(partition_checkpoint checkpoint,
                              const backup_holders& holders) {
  auto by_node = split(checkpoint, holders);
  pending waiting{checkpoint.ended, 0, {}};
  for (auto& [node, filled] : by_node) {
    auto& holder = holders_[node];
    // Receipts that have not come by now may never come.
    if (!checkpoint.ahead)
      holder.window_used = 0;
    for (auto& part : filled.parts) {
      waiting.missing.emplace(node, part.part);
      auto bytes = bytes_of(part);
      waiting_bytes_ += bytes;
      waiting.bytes += bytes;
      holder.waiting.push_back({std::move(part), bytes});
    }
  }
  if (checkpoint.ahead)
    return !by_node.empty();
  if (by_node.empty())
    pending_.erase(checkpoint.epoch);
  else
    pending_.insert_or_assign(checkpoint.epoch, std::move(waiting));
  return !by_node.empty();
}

/// What each node is to keep.
std::map<node_index, checkpoint_sender::filling>
checkpoint_sender::split(partition_checkpoint& checkpoint,
                         const backup_holders& holders) {
  std::map<node_index, filling> result;
  auto slices = std::move(checkpoint.slices);
  for (auto& [slice, content] : slices) {
    auto nodes = holders.of({place_.id, slice});
    auto base = checkpoint.bases.find(slice);
    auto based = base != checkpoint.bases.end();
    auto bytes = based && content.empty() ? unchanged_entry_bytes
                                          : content.size() + part_entry_bytes;
    for (auto to = nodes.begin(); to != nodes.end(); ++to) {
      auto& into = room_for(result[*to], checkpoint, bytes).checkpoint;
      // Only replicas beyond the first are copied.
      if (to + 1 == nodes.end())
        // NOLINTNEXTLINE(bugprone-use-after-move): there is no next turn.
        into.slices.emplace(slice, std::move(content));
      else
        into.slices.emplace(slice, content);
      if (based)
        into.bases.emplace(slice, base->second);
    }
    kept_by_[slice] = std::move(nodes);
  }
  return result;
}

std::vector<checkpoint_sender::message> checkpoint_sender::take_messages() {
  std::vector<message> result;
  for (auto& [node, holder] : holders_)
    while (!holder.waiting.empty()) {
      auto& next = holder.waiting.front();
      auto used = holder.window_used + next.bytes;
      if (holder.window_used > 0 && used > settings_.window_bytes)
        break;
      holder.window_used = used;
      auto& backup = next.backup;
      unconfirmed_part sent{
        backup.checkpoint.epoch, next.bytes, {}, backup.has_partition};
      for (auto& [slice, content] : backup.checkpoint.slices)
        sent.slices.push_back(slice);
      holder.unconfirmed.emplace(backup.part, std::move(sent));
      waiting_bytes_ -= next.bytes;
      result.push_back({node, std::move(backup)});
      holder.waiting.pop_front();
    }
  return result;
}

/// The part in which there is room for a slice.
partition_backup& checkpoint_sender::room_for(
  filling& parts, const partition_checkpoint& checkpoint, std::uint64_t bytes) {
  if (parts.parts.empty()) {
    auto& first = parts.parts.emplace_back(part_of(checkpoint));
    if (!checkpoint.ahead) {
      first.has_partition = true;
      first.checkpoint.progress = checkpoint.progress;
      first.checkpoint.shared = checkpoint.shared;
      first.checkpoint.shared_base = checkpoint.shared_base;
    }
    parts.bytes = bytes_of(first);
  }
  if (parts.bytes > 0 && parts.bytes + bytes > settings_.part_bytes) {
    parts.parts.push_back(part_of(checkpoint));
    parts.bytes = 0;
  }
  parts.bytes += bytes;
  return parts.parts.back();
}

partition_backup
checkpoint_sender::part_of(const partition_checkpoint& checkpoint) {
  partition_backup result{run_, place_, incarnation_, next_part_++, false, {}};
  result.checkpoint.epoch = checkpoint.epoch;
  result.checkpoint.ended = checkpoint.ended;
  result.checkpoint.ahead = checkpoint.ahead;
  return result;
}

std::uint64_t checkpoint_sender::bytes_of(const partition_backup& part) {
  auto& checkpoint = part.checkpoint;
  std::uint64_t result = checkpoint.progress.size() + checkpoint.shared.size();
  for (auto& [slice, content] : checkpoint.slices)
    result += content.empty() ? unchanged_entry_bytes
                              : content.size() + part_entry_bytes;
  return result;
}

// -- receipts -----------------------------------------------------------------

checkpoint_sender::outcome
checkpoint_sender::on_receipt(node_index from, const backup_receipt& receipt) {
  outcome result;
  if (receipt.run != run_ || receipt.place.id != place_.id
      || receipt.place.index != place_.index
      || receipt.incarnation != incarnation_)
    return result;
  auto holder = holders_.find(from);
  if (holder == holders_.end())
    return result;
  auto part = holder->second.unconfirmed.find(receipt.part);
  if (part == holder->second.unconfirmed.end()
      || part->second.epoch != receipt.epoch)
    return result;
  auto confirmed = std::move(part->second);
  holder->second.unconfirmed.erase(part);
  // Less is used if a later checkpoint has begun since.
  auto& used = holder->second.window_used;
  used -= std::min(used, confirmed.bytes);
  auto kept =
    receipt.result == put_result::stored || receipt.result == put_result::known;
  auto found = pending_.find(receipt.epoch);
  auto awaited = found != pending_.end()
                 && found->second.missing.erase({from, receipt.part}) > 0;
  if (!kept) {
    lose(confirmed);
    result.refused = place_name(place_) + ": node " + std::to_string(from)
                     + " does not keep its checkpoint of epoch "
                     + std::to_string(receipt.epoch) + ": "
                     + to_string(receipt.result);
    if (awaited)
      pending_.erase(found);
  } else if (awaited && found->second.missing.empty()) {
    result.completed =
      completion{receipt.epoch, found->second.ended, found->second.bytes};
    pending_.erase(found);
  }
  return result;
}

void checkpoint_sender::forget(epoch_number epoch) {
  pending_.erase(pending_.begin(), pending_.upper_bound(epoch));
  for (auto& [node, holder] : holders_)
    std::erase_if(holder.unconfirmed,
                  [&](auto& part) { return part.second.epoch <= epoch; });
}

// -- losses -------------------------------------------------------------------

void checkpoint_sender::lose(const unconfirmed_part& part) {
  lost_.insert(part.slices.begin(), part.slices.end());
  lost_shared_ = lost_shared_ || part.shared;
}

void checkpoint_sender::set_holders(const backup_holders& holders) {
  for (auto at = kept_by_.begin(); at != kept_by_.end();) {
    auto nodes = holders.of({place_.id, at->first});
    auto moved = nodes != at->second;
    if (moved) {
      lost_.insert(at->first);
      lost_shared_ = true;
    }
    at = moved ? kept_by_.erase(at) : std::next(at);
  }
  std::erase_if(holders_, [&](auto& each) {
    if (holders.may_keep(each.first))
      return false;
    for (auto& part : each.second.waiting)
      waiting_bytes_ -= part.bytes;
    return true;
  });
}

void checkpoint_sender::on_reconnected(node_index node) {
  auto holder = holders_.find(node);
  if (holder == holders_.end())
    return;
  for (auto& [number, part] : holder->second.unconfirmed)
    lose(part);
  holder->second.unconfirmed.clear();
  holder->second.window_used = 0;
}

lost_copies checkpoint_sender::take_lost() {
  lost_copies result{{lost_.begin(), lost_.end()}, lost_shared_};
  lost_.clear();
  lost_shared_ = false;
  return result;
}

} // namespace braid
