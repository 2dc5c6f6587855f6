#include "actors/checkpoint_sender.hpp"

namespace braid {

checkpoint_sender::checkpoint_sender(run_id run, partition_place place,
                                     incarnation_number incarnation,
                                     std::uint64_t part_bytes)
  : run_(run), place_(place), incarnation_(incarnation),
    part_bytes_(part_bytes) {}

std::vector<checkpoint_sender::message>
checkpoint_sender::begin(partition_checkpoint checkpoint,
                         const backup_holders& holders) {
  std::map<node_index, filling> by_node;
  auto add = [&](node_index to, slice_id slice, byte_buffer content) {
    auto bytes = content.size() + part_entry_bytes;
    room_for(by_node[to], checkpoint, bytes)
      .checkpoint.slices.emplace(slice, std::move(content));
  };
  auto slices = std::move(checkpoint.slices);
  for (auto& [slice, content] : slices) {
    auto nodes = holders.of({place_.id, slice});
    if (nodes.empty())
      continue;
    // Only replicas beyond the first are copied.
    for (auto to = nodes.begin() + 1; to != nodes.end(); ++to)
      add(*to, slice, content);
    add(nodes.front(), slice, std::move(content));
  }
  pending waiting{checkpoint.ended, {}};
  std::vector<message> result;
  for (auto& [node, filled] : by_node)
    for (auto& part : filled.parts) {
      waiting.missing.emplace(node, part.part);
      result.push_back({node, std::move(part)});
    }
  if (result.empty())
    pending_.erase(checkpoint.epoch);
  else
    pending_.insert_or_assign(checkpoint.epoch, std::move(waiting));
  return result;
}

checkpoint_sender::outcome
checkpoint_sender::on_receipt(node_index from, const backup_receipt& receipt) {
  outcome result;
  if (receipt.run != run_ || receipt.place.id != place_.id
      || receipt.place.index != place_.index
      || receipt.incarnation != incarnation_)
    return result;
  auto found = pending_.find(receipt.epoch);
  if (found == pending_.end()
      || found->second.missing.erase({from, receipt.part}) == 0)
    return result;
  if (receipt.result != put_result::stored
      && receipt.result != put_result::known) {
    result.refused = place_name(place_) + ": node " + std::to_string(from)
                     + " does not keep its checkpoint of epoch "
                     + std::to_string(receipt.epoch) + ": "
                     + to_string(receipt.result);
    pending_.erase(found);
  } else if (found->second.missing.empty()) {
    result.completed = completion{receipt.epoch, found->second.ended};
    pending_.erase(found);
  }
  return result;
}

void checkpoint_sender::forget(epoch_number epoch) {
  pending_.erase(pending_.begin(), pending_.upper_bound(epoch));
}

/// The part in which there is room for a slice.
partition_backup& checkpoint_sender::room_for(
  filling& parts, const partition_checkpoint& checkpoint, std::uint64_t bytes) {
  if (parts.parts.empty()) {
    auto& first = parts.parts.emplace_back(part_of(checkpoint));
    first.has_partition = true;
    first.checkpoint.progress = checkpoint.progress;
    first.checkpoint.shared = checkpoint.shared;
    parts.bytes = checkpoint.progress.size() + checkpoint.shared.size();
  }
  if (parts.bytes > 0 && parts.bytes + bytes > part_bytes_) {
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
  return result;
}

} // namespace braid
