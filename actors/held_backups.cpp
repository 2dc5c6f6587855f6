#include "actors/held_backups.hpp"

#include "operators/archive.hpp"
#include "operators/state_fold.hpp"

#include <algorithm>
#include <cstring>

namespace braid {

namespace {

/// In one piece; nothing if it is damaged.
std::optional<byte_buffer> contents_of(const restored_slice& slice) {
  if (slice.result != restored_slice::outcome::found)
    return std::nullopt;
  try {
    return whole_of(slice, fold_all);
  } catch (const decode_error&) {
    // As it came. It is of no more use than what was damaged here.
    return std::nullopt;
  }
}

bool is_held(const restored_slice& slice) {
  return slice.result != restored_slice::outcome::missing;
}

std::uint64_t size_of(const std::vector<source_cut>& cuts) {
  return part_entry_bytes + cuts.size() * sizeof(source_cut);
}

/// Where a connection broke, cuts before these did not arrive. So they were not
/// held everywhere, and nobody has seen the epochs from there on. Returns their
/// bytes.
std::uint64_t
drop_after_gap(std::map<epoch_number, std::vector<source_cut>>& cuts,
               epoch_number stable) {
  std::uint64_t result = 0;
  auto at = cuts.begin();
  for (auto next = stable + 1; at != cuts.end() && at->first == next; ++next)
    ++at;
  for (auto late = at; late != cuts.end(); ++late)
    result += size_of(late->second);
  cuts.erase(at, cuts.end());
  return result;
}

/// Slices have smaller numbers; what belongs to no slice has these.
constexpr slice_id first_progress = 0x8000'0000;
constexpr slice_id first_shared = 0xC000'0000;
static_assert(first_progress > max_slices);

/// The places under which copies of the partition may be kept.
std::vector<partition_place> with_origins(const lost_partition& lost) {
  std::vector<partition_place> result{lost.place};
  for (auto origin : lost.origins)
    result.push_back({lost.place.id, origin});
  return result;
}

} // namespace

byte_buffer joined(const byte_buffer& progress, const byte_buffer& shared) {
  byte_buffer result;
  std::uint64_t size = progress.size();
  result.reserve(sizeof(size) + size + shared.size());
  result.append(&size, sizeof(size));
  result.append(progress);
  result.append(shared);
  return result;
}

void separate(std::span<const std::byte> bytes, partition_checkpoint& into) {
  std::uint64_t size = 0;
  std::memcpy(&size, bytes.data(), sizeof(size));
  bytes = bytes.subspan(sizeof(size));
  into.progress = byte_buffer{bytes.first(size)};
  into.shared = byte_buffer{bytes.subspan(size)};
}

/// Fills parts, and hands them out, one after the other.
class held_backups::parts_builder {
public:
  /// All parts are copies of `form`, then filled.
  parts_builder(recovered_part form, std::uint64_t limit,
                const std::function<void(recovered_part)>& take)
    : form_(std::move(form)), limit_(limit), take_(take) {}

  /// A part with copies of the end of `epoch` that has room for `bytes` more.
  recovered_part& room_for(epoch_number epoch, bool ended,
                           std::uint64_t bytes) {
    if (!part_ || part_->checkpoint.epoch != epoch
        || (filled_ > 0 && filled_ + bytes > limit_))
      begin_part(epoch, ended);
    filled_ += bytes;
    return *part_;
  }

  /// A part of whatever epoch that has room for cuts.
  recovered_part& room_for_cuts(std::uint64_t bytes) {
    if (!part_)
      return room_for(form_.checkpoint.epoch, false, bytes);
    auto& last = part_->checkpoint;
    return room_for(last.epoch, last.ended, bytes);
  }

  void finish() {
    if (!part_)
      part_ = form_;
    part_->final = true;
    take_(std::move(*part_));
  }

private:
  void begin_part(epoch_number epoch, bool ended) {
    if (part_)
      take_(std::move(*part_));
    part_ = form_;
    part_->checkpoint.epoch = epoch;
    part_->checkpoint.ended = ended;
    filled_ = 0;
  }

  recovered_part form_;
  std::uint64_t limit_;
  const std::function<void(recovered_part)>& take_;
  std::optional<recovered_part> part_; ///< the one that is being filled
  std::uint64_t filled_ = 0;
};

held_backups::held_backups(std::string node, backup_store::settings limits,
                           std::uint64_t part_bytes)
  : node_(std::move(node)), part_bytes_(part_bytes), store_(limits, fold_all) {}

// -- keeping ------------------------------------------------------------------

backup_receipt held_backups::put(partition_backup backup) {
  auto& checkpoint = backup.checkpoint;
  auto slices = std::move(checkpoint.slices);
  backup_receipt receipt{backup.run,       backup.place, backup.incarnation,
                         checkpoint.epoch, backup.part,  put_result::known};
  if (backup.incarnation < state_of(backup.run, backup.place).fence) {
    receipt.result = put_result::fenced;
    return receipt;
  }
  // Whether all is kept; `known` only if all of it was known.
  auto note = [&receipt](put_result result) {
    if (result != put_result::known)
      receipt.result = result;
    return result == put_result::known || result == put_result::stored;
  };
  if (backup.has_partition && !note(put_partition(backup)))
    return receipt;
  auto& bases = checkpoint.bases;
  for (auto& [slice, content] : slices) {
    auto base = bases.find(slice);
    auto since =
      base == bases.end() ? std::nullopt : std::optional{base->second};
    auto known = backup.sums.find(slice);
    auto sum =
      known == backup.sums.end() ? std::nullopt : std::optional{known->second};
    if (!note(put(backup, {backup.place.id, slice}, since, std::move(content),
                  sum)))
      return receipt;
  }
  return receipt;
}

put_result held_backups::put_partition(partition_backup& backup) {
  auto& checkpoint = backup.checkpoint;
  auto result = put(backup, shared_slice(backup.place), checkpoint.shared_base,
                    std::move(checkpoint.shared));
  if (result != put_result::stored && result != put_result::known)
    return result;
  return put(backup, partition_slice(backup.place), std::nullopt,
             std::move(checkpoint.progress));
}

put_result held_backups::put(const partition_backup& head,
                             const operator_slice& slice,
                             std::optional<epoch_number> base,
                             byte_buffer content,
                             std::optional<std::uint64_t> sum) {
  auto epoch = head.checkpoint.epoch;
  auto result = store_.put({head.run, slice}, {base, epoch, head.incarnation,
                                               std::move(content), sum});
  if (result == put_result::stored && head.checkpoint.ended)
    runs_[head.run].ended.insert_or_assign(slice,
                                           ending{epoch, head.incarnation});
  return result;
}

cuts_receipt held_backups::put(source_cuts cuts) {
  cuts_receipt receipt{cuts.run, cuts.place, cuts.incarnation, cuts.last,
                       false};
  if (cuts.first == 0 || cuts.last < cuts.first)
    throw protocol_error{place_name(cuts.place) + ": sent cuts of epochs "
                         + std::to_string(cuts.first) + " to "
                         + std::to_string(cuts.last)};
  auto& state = state_of(cuts.run, cuts.place);
  if (cuts.incarnation < std::max(state.fence, state.cuts_from)) {
    receipt.fenced = true;
    return receipt;
  }
  auto& known = state.cuts;
  for (auto at = known.lower_bound(cuts.first);
       at != known.end() && at->first <= cuts.last; ++at)
    if (at->second != cuts.cuts)
      throw protocol_error{place_name(cuts.place) + ": ended epoch "
                           + std::to_string(at->first)
                           + " otherwise than it did before"};
  state.cuts_from = cuts.incarnation;
  auto first = std::max(cuts.first, runs_[cuts.run].stable + 1);
  for (auto epoch = first; epoch <= cuts.last; ++epoch)
    if (known.emplace(epoch, cuts.cuts).second)
      cut_bytes_ += size_of(cuts.cuts);
  return receipt;
}

void held_backups::fence(run_id run, const lost_partition& lost,
                         epoch_number stable_epoch) {
  auto& state = runs_[run];
  if (lost.shadow)
    state.shadows = lost.successor;
  stable(run, stable_epoch);
  if (lost.shadow)
    return;
  auto fence_slice = [&](const operator_slice& slice) {
    store_.fence({run, slice}, lost.successor, stable_epoch);
    auto found = state.ended.find(slice);
    if (found != state.ended.end() && found->second.epoch > state.stable
        && found->second.incarnation < lost.successor)
      state.ended.erase(found);
  };
  for (auto& place : with_origins(lost)) {
    auto& partition = state_of(run, place);
    partition.fence = std::max(partition.fence, lost.successor);
    cut_bytes_ -= drop_after_gap(partition.cuts, state.stable);
    fence_slice(partition_slice(place));
    fence_slice(shared_slice(place));
  }
  for (auto slice : lost.slices)
    fence_slice({lost.place.id, slice});
}

void held_backups::stable(run_id run, epoch_number epoch) {
  auto& state = runs_[run];
  if (epoch <= state.stable)
    return;
  state.stable = epoch;
  store_.stable(run, epoch);
  drop_superfluous(run, state);
  for (auto& [place, partition] : state.partitions)
    trim_cuts(partition.cuts, epoch);
}

/// All slices can be restored at the stable epoch; a copy that is older, and
/// not of a slice that had ended, is from before others became its holders.
void held_backups::drop_superfluous(run_id run, const run_state& state) {
  for (auto& slice : store_.slices(run)) {
    auto newest = store_.epochs({run, slice}).back();
    auto is_shadows =
      state.shadows != 0 && store_.newest_maker({run, slice}) == state.shadows;
    if (newest < state.stable && !is_shadows
        && !has_ended(state, slice, newest))
      store_.drop({run, slice});
  }
}

void held_backups::trim_cuts(cuts_by_epoch& cuts, epoch_number epoch) {
  auto end = cuts.upper_bound(epoch);
  for (auto at = cuts.begin(); at != end; ++at)
    cut_bytes_ -= size_of(at->second);
  cuts.erase(cuts.begin(), end);
}

void held_backups::drop_run(run_id run) {
  store_.drop_run(run);
  auto found = runs_.find(run);
  if (found == runs_.end())
    return;
  for (auto& [place, partition] : found->second.partitions)
    trim_cuts(partition.cuts, ~epoch_number{0});
  runs_.erase(found);
}

// -- giving back --------------------------------------------------------------

held_backups::recovery held_backups::parts_of(run_id run,
                                              const lost_partition& lost,
                                              epoch_number stable) const {
  std::vector<recovered_part> parts;
  auto result = hand_out(run, lost, stable, [&](recovered_part part) {
    parts.push_back(std::move(part));
  });
  result.parts = std::move(parts);
  return result;
}

held_backups::recovery
held_backups::hand_out(run_id run, const lost_partition& lost,
                       epoch_number stable,
                       const std::function<void(recovered_part)>& take) const {
  recovered_part form{run, lost.place, lost.successor, node_, {}, {}, {}, {}};
  form.checkpoint.epoch = stable;
  parts_builder parts{std::move(form), part_bytes_, take};
  recovery result;
  // What belongs to no slice is the same with all who had some of the slices.
  for (auto& place : with_origins(lost))
    if (!add_partition(run, place, stable, parts))
      result.partition_damaged = true;
  for (auto slice : lost.slices)
    if (!add_slice(run, {lost.place.id, slice}, stable, parts))
      result.damaged.push_back(slice);
  for (auto& place : with_origins(lost))
    add_cuts(run, place, stable, parts);
  parts.finish();
  return result;
}

/// Returns false if it is damaged.
bool held_backups::add_partition(run_id run, const partition_place& place,
                                 epoch_number stable,
                                 parts_builder& parts) const {
  auto held_progress = usable(run, partition_slice(place), stable);
  auto held_shared = usable(run, shared_slice(place), stable);
  auto progress = contents_of(held_progress);
  auto shared = contents_of(held_shared);
  if (!progress || !shared)
    return !is_held(held_progress) && !is_held(held_shared);
  auto epoch = held_progress.epoch;
  auto ended = has_ended(runs_.at(run), partition_slice(place), epoch);
  auto& part = parts.room_for(epoch, ended, progress->size() + shared->size());
  part.has_partition = true;
  part.checkpoint.progress = std::move(*progress);
  part.checkpoint.shared = std::move(*shared);
  return true;
}

/// Likewise.
bool held_backups::add_slice(run_id run, const operator_slice& slice,
                             epoch_number stable, parts_builder& parts) const {
  auto held = usable(run, slice, stable);
  if (held.result != restored_slice::outcome::found)
    return !is_held(held);
  auto ended = has_ended(runs_.at(run), slice, held.epoch);
  auto copy = copy_of(held);
  auto bytes = copy.size() + part_entry_bytes;
  parts.room_for(held.epoch, ended, bytes)
    .slices.emplace(slice.slice, std::move(copy));
  return true;
}

void held_backups::add_cuts(run_id run, const partition_place& place,
                            epoch_number stable, parts_builder& parts) const {
  auto state = runs_.find(run);
  if (state == runs_.end())
    return;
  auto partition = state->second.partitions.find({place.id, place.index});
  if (partition == state->second.partitions.end())
    return;
  auto& cuts = partition->second.cuts;
  for (auto at = cuts.upper_bound(stable); at != cuts.end(); ++at)
    parts.room_for_cuts(size_of(at->second)).cuts.insert(*at);
}

/// What is held of a slice, if the partition can go on with it at `stable`.
restored_slice held_backups::usable(run_id run, const operator_slice& slice,
                                    epoch_number stable) const {
  auto result = store_.restore({run, slice}, stable);
  if (result.result == restored_slice::outcome::missing
      || result.epoch == stable)
    return result;
  auto state = runs_.find(run);
  if (state == runs_.end() || !has_ended(state->second, slice, result.epoch))
    return {};
  return result;
}

std::map<operator_slice, held_backups::held_copy>
held_backups::copies(run_id run, epoch_number epoch) const {
  std::map<operator_slice, held_copy> result;
  auto state = runs_.find(run);
  for (auto& slice : store_.slices(run)) {
    if (slice.slice >= first_shared)
      continue;
    auto found = slice.slice >= first_progress
                   ? whole_partition(run, slice, epoch)
                   : usable(run, slice, epoch);
    if (found.result != restored_slice::outcome::found)
      continue;
    auto ended =
      state != runs_.end() && has_ended(state->second, slice, found.epoch);
    result.emplace(slice, held_copy{std::move(found), ended});
  }
  return result;
}

/// Progress and shared state, joined.
restored_slice held_backups::whole_partition(run_id run,
                                             const operator_slice& progress,
                                             epoch_number epoch) const {
  auto result = usable(run, progress, epoch);
  auto shared = contents_of(usable(
    run, {progress.of, progress.slice - first_progress + first_shared}, epoch));
  auto content = contents_of(result);
  if (!content || !shared)
    return {};
  result.full = std::make_shared<const byte_buffer>(joined(*content, *shared));
  result.changes.clear();
  return result;
}

operator_slice held_backups::partition_slice(const partition_place& place) {
  return {place.id, first_progress | place.index};
}

operator_slice held_backups::shared_slice(const partition_place& place) {
  return {place.id, first_shared | place.index};
}

bool held_backups::has_ended(const run_state& run, const operator_slice& slice,
                             epoch_number by) {
  auto found = run.ended.find(slice);
  return found != run.ended.end() && found->second.epoch <= by;
}

held_backups::partition_state&
held_backups::state_of(run_id run, const partition_place& place) {
  return runs_[run].partitions[{place.id, place.index}];
}

} // namespace braid
