#include "actors/partition.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <stdexcept>

namespace braid {

namespace {

std::vector<alignment::input>
inputs_of(const topology& graph, const assignment& owners, operator_id id) {
  std::vector<alignment::input> result;
  for (auto& edge : graph.inputs_of(id))
    result.push_back({edge.id, edge.port, owners[edge.from].slices()});
  return result;
}

} // namespace

void partition::load_slice(slice_id, const slice_copy&) {
  throw std::logic_error{"only operators are loaded slice by slice"};
}

void partition::finish_loading(const partition_checkpoint&,
                               const std::vector<slice_id>&) {
  throw std::logic_error{"only operators are loaded slice by slice"};
}

void partition::count_edges(const topology& graph, operator_id id) {
  auto outputs = graph.outputs_of(id);
  load_->edges = std::vector<edge_load>(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i)
    load_->edges[i].edge = outputs[i].id;
}

void partition::close_edge(replaying_outbox& out, const close_notice& notice,
                           edge_output& edge) {
  auto sent = edge.finish_epoch();
  auto counted =
    std::find_if(load_->edges.begin(), load_->edges.end(),
                 [&](auto& known) { return known.edge == notice.edge; });
  assert(counted != load_->edges.end());
  counted->tuples += std::accumulate(sent.begin(), sent.end(), std::uint64_t{});
  out.close(notice, sent);
}

void partition::take_credit(const credit_notice& credit, flow_control& flow,
                            replaying_outbox& out) {
  switch (out.on_credit(credit)) {
    case replaying_outbox::credit_result::stale:
      return;
    case replaying_outbox::credit_result::restarted:
      flow.restart(credit.edge, credit.from, credit.finished);
      break;
    case replaying_outbox::credit_result::usual:
      break;
  }
  flow.on_credit(credit);
}

void partition::note_held(replaying_outbox& out, early_checkpoint& early) {
  auto held = out.held_for_replay();
  load_->replay_bytes = held.bytes;
  load_->replay_edge = held.most;
  epoch_number epoch = load_->epoch;
  if (early.ask(epoch, load_->busy_ns))
    out.direct().ask_for_checkpoint(epoch);
}

operator_partition::operator_partition(
  const topology& graph, const assignment& owners, partition_place place,
  std::unique_ptr<operator_instance> instance, partition_beginning beginning)
  : place_(place), instance_(std::move(instance)),
    out_(std::move(beginning.out)), checkpoints_(beginning.checkpoints),
    hosted_(owners[place.id].table, place.index),
    capture_(hosted_.size(), checkpoints_.copies),
    alignment_(inputs_of(graph, owners, place.id)),
    flow_(beginning.flow.in_flight), early_(checkpoints_.early()),
    inputs_(graph.inputs_of(place.id)), sampler_(inputs_, hosted_, *load_),
    downstream_(graph, place.id), slices_(ranges_of(hosted_.ids())),
    may_ask_(beginning.generation == 0), shadow_(beginning.shadow) {
  for (auto& edge : inputs_)
    for (auto index : owners[edge.from].hosts())
      upstreams_[{edge.id, index}].generation = beginning.generation;
  for (auto& edge : graph.outputs_of(place.id))
    for (auto index : owners[edge.to].hosts())
      if (shadow_)
        flow_.add_silent_channel(edge.id, index);
      else
        flow_.add_channel(edge.id, index, beginning.generation == 0);
  count_edges(graph, place.id);
  if (beginning.restored)
    finish_loading(*beginning.restored, beginning.held);
}

void operator_partition::load_slice(slice_id slice, const slice_copy& copy) {
  auto local = hosted_.local(slice);
  loaded_[slice] = copy.full.bytes.size();
  // What a savepoint does not have begins empty.
  if (copy.full.bytes.empty())
    return;
  instance_->load_slice(local, copy.full.bytes);
  for (auto& each : copy.changes)
    instance_->apply_changes(local, each.bytes);
}

void operator_partition::finish_loading(const partition_checkpoint& rest,
                                        const std::vector<slice_id>& held) {
  input_archive progress{rest.progress.bytes()};
  alignment_.load(progress);
  progress.expect_end();
  if (!rest.shared.empty())
    instance_->load_shared(rest.shared.bytes());
  for (auto slice : hosted_.ids())
    if (!loaded_.contains(slice)) {
      auto& bytes = rest.slices.at(slice);
      load_slice(slice, {{bytes.bytes(), nullptr, 0}, {}});
    }
  capture_.begin_with(rest.epoch, held, loaded_, hosted_);
  loaded_.clear();
  done_ = rest.ended;
  load_->epoch = rest.epoch;
  if (done_)
    load_->state = partition_state::done;
}

partition_checkpoint operator_partition::checkpoint() const {
  partition_checkpoint result;
  result.epoch = alignment_.next() - 1;
  result.ended = done_;
  alignment_.save(result.progress);
  instance_->save_shared(result.shared);
  for (std::uint32_t local = 0; local < hosted_.size(); ++local)
    instance_->save_slice(local, result.slices[hosted_.id(local)]);
  return result;
}

/// Null if what it sends is void.
operator_partition::upstream_partition*
operator_partition::find_upstream(edge_id edge, partition_index index,
                                  generation_number generation) {
  auto found = upstreams_.find({edge, index});
  return found == upstreams_.end() || found->second.generation != generation
             || found->second.silent
           ? nullptr
           : &found->second;
}

void operator_partition::on_batch(const batch_origin& from, batch_ptr tuples) {
  if (!find_upstream(from.edge, from.from, from.generation))
    return;
  alignment_.add(from.edge, from.from, from.epoch, std::move(tuples));
  note_load();
}

void operator_partition::on_close(const close_notice& notice) {
  if (!find_upstream(notice.edge, notice.from, notice.generation))
    return;
  if (notice.handed_over)
    return on_handed_over(notice);
  alignment_.close(notice);
  note_newest(notice.newest);
  send_news();
  note_load();
}

void operator_partition::on_credit(const credit_notice& notice) {
  take_credit(notice, flow_, *out_);
  send_news();
}

void operator_partition::ask_for_replay() {
  may_ask_ = true;
  send_credits(alignment_.next() - 1);
}

void operator_partition::renew_channel(edge_id edge, partition_index from,
                                       generation_number generation) {
  auto found = upstreams_.find({edge, from});
  if (found == upstreams_.end() || generation <= found->second.generation)
    return;
  auto& renewed = found->second;
  renewed.generation = generation;
  renewed.handed_over = false;
  renewed.silent = false;
  alignment_.forget(edge, from);
  note_load();
  send_credit(found->first, renewed, alignment_.next() - 1);
}

void operator_partition::on_stable(epoch_number epoch) {
  out_->trim(epoch);
  early_.on_stable(epoch);
  note_held(*out_, early_);
  send_news();
}

void operator_partition::on_replay_room() {
  send_news();
}

step_result operator_partition::step(event_time wall) {
  if (stopped_)
    return {.worked = write_checkpoint(1), .done = done_};
  if (done_)
    return {.done = true};
  if (!alignment_.sealed()) {
    load_->state = partition_state::waiting;
    return {.worked = write_checkpoint(1)};
  }
  if (alignment_.next() > flow_.allowed()) {
    load_->state = partition_state::blocked;
    return {.worked = write_checkpoint(1)};
  }
  load_->state = partition_state::busy;
  process_epoch(wall);
  back_up(wall);
  load_->state = done_     ? partition_state::done
                 : shadow_ ? partition_state::shadow
                           : partition_state::waiting;
  return {.worked = true, .done = done_};
}

void operator_partition::process_epoch(event_time wall) {
  note_work();
  auto input = alignment_.take();
  sampler_.on_epoch(*instance_, input.epoch.number, input.runs, wall);
  instance_->process(input.epoch, input.runs);
  close_outputs(input);
  done_ = input.epoch.last;
  load_->epoch = input.epoch.number;
  load_->tuples_in += input.tuples;
  load_->tuples_out = instance_->emitted();
  note_load();
  if (input.checkpoint || done_)
    early_.on_checkpoint(load_->busy_ns);
  note_held(*out_, early_);
  size_ = {input.epoch.number, input.bytes};
  send_credits(input.epoch.number);
  note_newest(0);
  checkpoint_named_ = input.checkpoint;
}

void operator_partition::take_checkpoints(const checkpoint_settings& how) {
  if (checkpoints_.taken)
    return;
  checkpoints_ = how;
  early_ = early_checkpoint{how.early()};
  early_.on_checkpoint(load_->busy_ns);
  out_->keep_until_stable(false);
}

/// What an epoch took is known only after the step.
void operator_partition::note_work() {
  std::uint64_t busy = load_->busy_ns;
  work_ = {size_.epoch, (busy - busy_before_) / 1'000};
  busy_before_ = busy;
}

/// Between two epochs.
void operator_partition::back_up(event_time wall) {
  auto& to = out_->direct();
  if (!checkpoints_.taken) {
    // One may be named for a savepoint all the same, and is kept by nobody
    // else.
    if (checkpoint_named_ || (done_ && asked_)) {
      instance_->before_checkpoint();
      to.send_checkpoint(checkpoint());
    }
  } else if (checkpoint_named_ || done_) {
    begin_checkpoint();
  } else if (capture_.is_writing()) {
    write_checkpoint(capture_.share_of_epoch());
  } else if (capture_.is_behind() && to.takes_copies()) {
    auto taken =
      capture_.take_ahead(*instance_, hosted_, alignment_.next() - 1, wall);
    if (taken)
      to.send_checkpoint(std::move(*taken));
  }
}

void operator_partition::begin_checkpoint() {
  instance_->before_checkpoint();
  // The one before must be done with: this one is based on it.
  write_checkpoint(hosted_.size());
  auto& to = out_->direct();
  capture_.lose(to.take_lost_copies(), hosted_);
  partition_checkpoint begun;
  begun.epoch = alignment_.next() - 1;
  begun.ended = done_;
  alignment_.save(begun.progress);
  capture_.begin(*instance_, hosted_, std::move(begun));
  // All of it, or what there is if nothing is to be written.
  write_checkpoint(done_ ? hosted_.size() : 0);
}

/// Writes so many slices of the checkpoint that is under way, if one is.
/// Returns false if there was none.
bool operator_partition::write_checkpoint(std::size_t slices) {
  if (!capture_.is_writing())
    return false;
  auto& to = out_->direct();
  if (auto taken = capture_.write(*instance_, hosted_, slices)) {
    // Nobody waits for that of a shadow.
    if (taken->ahead && !shadow_)
      to.leave_out_checkpoint(taken->epoch);
    to.send_checkpoint(std::move(*taken));
  }
  return true;
}

/// Where checkpoints are not taken, one that ends must know of a savepoint.
/// Where they are, its last one counts for all that follow, once it is kept.
bool operator_partition::name_checkpoint(epoch_number) {
  asked_ = true;
  if (!done_)
    return true;
  auto& to = out_->direct();
  auto lost = to.take_lost_copies();
  if (!checkpoints_.taken || lost.shared || !lost.slices.empty())
    to.send_checkpoint(checkpoint());
  return true;
}

void operator_partition::close_outputs(const alignment::epoch_input& input) {
  auto& epoch = input.epoch;
  for (auto* edge : instance_->edges()) {
    close_notice notice;
    notice.edge = edge->edge();
    notice.from = place_.index;
    notice.first = notice.last = epoch.number;
    notice.slices = slices_;
    notice.watermark = epoch.watermark_after;
    notice.now = epoch.now;
    notice.idle = epoch.idle;
    notice.ended = epoch.last;
    notice.checkpoint = input.checkpoint ? epoch.number : 0;
    close_edge(*out_, notice, *edge);
  }
}

void operator_partition::send_credits(epoch_number finished) {
  for (auto& [at, upstream] : upstreams_)
    if (!upstream.silent)
      send_credit(at, upstream, finished);
}

/// Tells whoever is behind that a related source has closed a newer epoch, and
/// everybody whether data is to be held back, if that has changed.
void operator_partition::send_news() {
  if (!may_ask_)
    return;
  auto hint = newest_hint();
  auto full = replay_full();
  for (auto& [at, upstream] : upstreams_) {
    if (upstream.silent)
      continue;
    auto closed = alignment_.closed_by(at.first, at.second);
    if ((upstream.hinted < hint && closed < hint) || upstream.told_full != full)
      send_credit(at, upstream, alignment_.next() - 1);
  }
}

void operator_partition::send_credit(const channel& of, upstream_partition& to,
                                     epoch_number finished) {
  credit_notice credit;
  credit.edge = of.first;
  credit.from = place_.index;
  credit.to = of.second;
  credit.generation = to.generation;
  credit.finished = finished;
  credit.hint = newest_hint();
  auto beyond = flow_.largest();
  credit.largest = beyond.bytes > size_.bytes ? beyond : size_;
  auto after = flow_.longest();
  credit.longest = after.microseconds > work_.microseconds ? after : work_;
  credit.replay_full = replay_full();
  to.hinted = credit.hint;
  to.told_full = credit.replay_full;
  out_->direct().send_credit(credit);
}

epoch_number operator_partition::newest_hint() const {
  return std::max(flow_.hint(), alignment_.newest_closed());
}

/// What sends nothing on fills no buffers.
bool operator_partition::replay_full() const {
  if (flow_.replay_full())
    return true;
  auto& account = checkpoints_.account;
  return account && !instance_->edges().empty() && !account->may_add_data();
}

void operator_partition::note_load() {
  load_->queued_epochs = alignment_.pending_epochs();
  load_->queued_tuples = alignment_.pending_tuples();
  load_->queued_bytes = alignment_.pending_bytes();
}

} // namespace braid
