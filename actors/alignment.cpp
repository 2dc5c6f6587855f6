#include "actors/alignment.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace braid {

alignment::alignment(const std::vector<input>& inputs) {
  for (auto& in : inputs) {
    auto& edge = upstreams_[in.edge];
    edge.port = in.port;
    edge.closed.assign(in.slices, 0);
    edge.ended.assign(in.slices, never);
    watermarks_[in.edge] = beginning_of_time;
    live_slices_ += in.slices;
  }
}

alignment::pending_epoch& alignment::at(epoch_number epoch) {
  assert(epoch >= next_);
  while (pending_.size() <= epoch - next_) {
    // Slices that have ended count as closed in every epoch to come.
    pending_.emplace_back().open_slices = live_slices_;
  }
  return pending_[epoch - next_];
}

void alignment::add(edge_id edge, partition_index from, epoch_number epoch,
                    batch_ptr tuples) {
  if (epoch < next_)
    return;
  auto& source = upstreams_.at(edge);
  auto& target = at(epoch);
  std::uint32_t first = 0;
  std::uint32_t kept = 0;
  for (auto& run : tuples->runs()) {
    if (run.slice >= source.closed.size())
      throw protocol_error{"edge " + std::to_string(edge) + ": tuples of slice "
                           + std::to_string(run.slice)
                           + ", which its upstream operator does not have"};
    if (source.closed[run.slice] < epoch) {
      target.input.runs.push_back(
        {source.port, edge, run.slice, tuples.get(), first, run.count});
      kept += run.count;
    }
    first += run.count;
  }
  auto& arrived = target.arrived[{edge, from}];
  arrived.tuples += tuples->size();
  if (kept == 0)
    return;
  arrived.batches.push_back(tuples.get());
  target.input.tuples += kept;
  target.input.bytes += tuples->bytes();
  pending_tuples_ += kept;
  pending_bytes_ += tuples->bytes();
  target.input.batches.push_back(std::move(tuples));
}

void alignment::close(const close_notice& notice) {
  assert(notice.first <= notice.last);
  auto& edge = upstreams_.at(notice.edge);
  if (notice.first >= next_)
    check_count(notice);
  note_progress(notice);
  for (auto& range : notice.slices)
    for (auto slice = range.first; slice < range.last; ++slice)
      close_slice(edge, slice, notice);
  auto& newest = edge.closed_by[notice.from];
  newest = notice.ended ? never : std::max(newest, notice.last);
  newest_closed_ = std::max(newest_closed_, notice.last);
}

void alignment::close_slice(upstream& edge, slice_id slice,
                            const close_notice& notice) {
  auto& closed = edge.closed.at(slice);
  if (closed >= notice.last)
    return;
  if (closed + 1 < notice.first)
    throw protocol_error{
      "edge " + std::to_string(notice.edge) + ": slice " + std::to_string(slice)
      + " closes epoch " + std::to_string(notice.first) + " after epoch "
      + std::to_string(closed) + "; closes in between are lost"};
  for (auto epoch = std::max(closed + 1, next_); epoch <= notice.last; ++epoch)
    --at(epoch).open_slices;
  closed = notice.last;
  if (notice.ended) {
    closed = never;
    edge.ended[slice] = notice.last;
    --live_slices_;
    last_ = std::max(last_, notice.last);
    for (auto epoch = std::max(notice.last + 1, next_);
         epoch < next_ + pending_.size(); ++epoch)
      --at(epoch).open_slices;
  }
}

bool alignment::closes_anything(const close_notice& notice) const {
  auto& closed = upstreams_.at(notice.edge).closed;
  for (auto& range : notice.slices)
    for (auto slice = range.first; slice < range.last; ++slice)
      if (closed.at(slice) < notice.first)
        return true;
  return false;
}

void alignment::check_count(const close_notice& notice) {
  // Forgotten here: all may come once more, with a close or without.
  auto arrived =
    std::exchange(at(notice.first).arrived[{notice.edge, notice.from}], {})
      .tuples;
  if (arrived != notice.tuples && closes_anything(notice))
    throw protocol_error{"edge " + std::to_string(notice.edge) + ": epoch "
                         + std::to_string(notice.first) + " of partition "
                         + std::to_string(notice.from) + " was closed with "
                         + std::to_string(notice.tuples) + " tuples, but "
                         + std::to_string(arrived) + " arrived"};
}

void alignment::note_progress(const close_notice& notice) {
  for (auto epoch = std::max(notice.first, next_); epoch <= notice.last;
       ++epoch) {
    auto& target = at(epoch);
    target.now = std::max(target.now, notice.now);
    target.input.checkpoint |= notice.checkpoint == epoch;
    if (notice.idle || notice.ended)
      continue;
    auto& watermark =
      target.watermarks.try_emplace(notice.edge, end_of_time).first->second;
    watermark = std::min(watermark, notice.watermark);
  }
}

bool alignment::sealed() const {
  // Nothing arrives any more once all have ended; what arrived was taken.
  return !pending_.empty() && pending_.front().open_slices == 0;
}

/// Edges whose slices are all idle or have ended hold nothing back.
event_time alignment::watermark_after(const pending_epoch& epoch) {
  if (epoch.watermarks.empty())
    return watermark_;
  auto lowest = end_of_time;
  for (auto& [edge, watermark] : epoch.watermarks) {
    auto& known = watermarks_.at(edge);
    known = std::max(known, watermark);
    lowest = std::min(lowest, known);
  }
  return lowest;
}

alignment::epoch_input alignment::take() {
  assert(sealed());
  auto taken = std::move(pending_.front());
  pending_.pop_front();
  auto& info = taken.input.epoch;
  info.number = next_++;
  now_ = std::max(now_, taken.now);
  info.now = now_;
  info.watermark_before = watermark_;
  watermark_ = std::max(watermark_, watermark_after(taken));
  info.watermark_after = watermark_;
  info.idle = taken.watermarks.empty();
  info.last = live_slices_ == 0 && info.number == last_;
  if (info.last)
    info.watermark_after = watermark_ = end_of_time;
  pending_tuples_ -= taken.input.tuples;
  pending_bytes_ -= taken.input.bytes;
  sort_runs(taken.input.runs);
  return std::move(taken.input);
}

void alignment::forget(edge_id edge, partition_index from) {
  for (auto& epoch : pending_)
    if (auto found = epoch.arrived.find({edge, from});
        found != epoch.arrived.end()) {
      drop(epoch, found->second.batches);
      epoch.arrived.erase(found);
    }
}

void alignment::drop(pending_epoch& from,
                     const std::vector<const batch*>& batches) {
  auto is_one = [&](const batch* x) {
    return std::find(batches.begin(), batches.end(), x) != batches.end();
  };
  auto& pending = from.input;
  std::erase_if(pending.runs, [&](const input_run& run) {
    if (!is_one(run.source))
      return false;
    pending.tuples -= run.count;
    pending_tuples_ -= run.count;
    return true;
  });
  std::erase_if(pending.batches, [&](const batch_ptr& x) {
    if (!is_one(x.get()))
      return false;
    pending.bytes -= x->bytes();
    pending_bytes_ -= x->bytes();
    return true;
  });
}

void alignment::save(byte_buffer& out) const {
  input_progress progress{next_ - 1, now_, watermark_, {}};
  for (auto& [id, edge] : upstreams_) {
    auto ended = edge.ended;
    // What ends later has not ended yet.
    for (auto& last : ended)
      last = last <= progress.taken ? last : never;
    progress.edges.push_back({watermarks_.at(id), std::move(ended)});
  }
  encode(progress, out);
}

void alignment::load(input_archive& in) {
  input_progress progress;
  decode(in, progress);
  now_ = progress.now;
  watermark_ = progress.watermark;
  next_ = progress.taken + 1;
  newest_closed_ = progress.taken;
  if (progress.edges.size() != upstreams_.size())
    throw decode_error{"there is another number of edges upstream"};
  auto from = progress.edges.begin();
  for (auto& [id, edge] : upstreams_) {
    if (from->ended.size() != edge.ended.size())
      throw decode_error{"edge " + std::to_string(id)
                         + " has another number of slices upstream"};
    watermarks_.at(id) = from->watermark;
    edge.ended = std::move(from++->ended);
    for (std::size_t slice = 0; slice < edge.ended.size(); ++slice) {
      auto last = edge.ended[slice];
      edge.closed[slice] = last == never ? progress.taken : never;
      if (last == never)
        continue;
      --live_slices_;
      last_ = std::max(last_, last);
    }
  }
}

epoch_number alignment::closed_by(edge_id edge, partition_index from) const {
  auto& known = upstreams_.at(edge).closed_by;
  auto found = known.find(from);
  return found == known.end() ? 0 : found->second;
}

} // namespace braid
