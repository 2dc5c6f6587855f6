#include "actors/partition.hpp"

#include <cassert>

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

operator_partition::operator_partition(
  const topology& graph, const assignment& owners, partition_place place,
  std::unique_ptr<operator_instance> instance, partition_beginning beginning)
  : place_(place), instance_(std::move(instance)),
    out_(std::move(beginning.out)), checkpoints_(beginning.checkpoints),
    hosted_(owners[place.id].table, place.index),
    alignment_(inputs_of(graph, owners, place.id)),
    flow_(beginning.flow.in_flight), slices_(ranges_of(hosted_.ids())) {
  for (auto& edge : graph.inputs_of(place.id))
    for (partition_index i = 0; i < owners[edge.from].partitions(); ++i)
      upstreams_.push_back({edge.id, i, 0});
  for (auto& edge : graph.outputs_of(place.id))
    for (partition_index i = 0; i < owners[edge.to].partitions(); ++i)
      flow_.add_channel(edge.id, i);
  if (beginning.restored)
    restore(*beginning.restored);
}

void operator_partition::restore(const partition_checkpoint& from) {
  input_archive progress{from.progress.bytes()};
  alignment_.load(progress);
  progress.expect_end();
  instance_->load_shared(from.shared.bytes());
  for (std::uint32_t local = 0; local < hosted_.size(); ++local)
    instance_->load_slice(local, from.slices.at(hosted_.id(local)).bytes());
  done_ = from.ended;
  load_->epoch = from.epoch;
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

void operator_partition::on_batch(edge_id edge, partition_index from,
                                  epoch_number epoch, batch_ptr tuples) {
  alignment_.add(edge, from, epoch, std::move(tuples));
  note_load();
}

void operator_partition::on_close(const close_notice& notice) {
  alignment_.close(notice);
  send_hints();
  note_load();
}

void operator_partition::on_credit(const credit_notice& notice) {
  flow_.on_credit(notice);
  out_->on_credit(notice);
  send_hints();
}

void operator_partition::on_upstream_restored(edge_id edge,
                                              partition_index from) {
  alignment_.forget(edge, from);
  note_load();
  for (auto& upstream : upstreams_)
    if (upstream.edge == edge && upstream.index == from)
      send_credit(upstream, alignment_.next() - 1);
}

void operator_partition::on_downstream_restored(edge_id edge,
                                                partition_index to,
                                                epoch_number finished) {
  flow_.restart(edge, to, finished);
  out_->replay(edge, to, finished);
}

void operator_partition::on_stable(epoch_number epoch) {
  out_->trim(epoch);
}

step_result operator_partition::step(event_time) {
  if (done_)
    return {.done = true};
  if (!alignment_.sealed()) {
    load_->state = partition_state::waiting;
    return {};
  }
  if (alignment_.next() > flow_.allowed()) {
    load_->state = partition_state::blocked;
    return {};
  }
  load_->state = partition_state::busy;
  process_epoch();
  load_->state = done_ ? partition_state::done : partition_state::waiting;
  return {.worked = true, .done = done_};
}

void operator_partition::process_epoch() {
  auto input = alignment_.take();
  instance_->process(input.epoch, input.runs);
  close_outputs(input.epoch);
  done_ = input.epoch.last;
  load_->epoch = input.epoch.number;
  load_->tuples_in += input.tuples;
  load_->tuples_out = instance_->emitted();
  note_load();
  size_ = {input.epoch.number, input.bytes};
  send_credits(input.epoch.number);
  auto n = input.epoch.number;
  if (checkpoints_.falls_within(n, n) || (done_ && checkpoints_.every != 0))
    out_->send_checkpoint(checkpoint());
}

void operator_partition::close_outputs(const epoch_info& epoch) {
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
    out_->send_close(notice, edge->finish_epoch());
  }
}

void operator_partition::send_credits(epoch_number finished) {
  for (auto& upstream : upstreams_)
    send_credit(upstream, finished);
}

/// Tells whoever is behind that a related source has closed a newer epoch.
void operator_partition::send_hints() {
  auto hint = newest_hint();
  for (auto& upstream : upstreams_) {
    auto closed = alignment_.closed_by(upstream.edge, upstream.index);
    if (upstream.hinted < hint && closed < hint)
      send_credit(upstream, alignment_.next() - 1);
  }
}

void operator_partition::send_credit(upstream_partition& to,
                                     epoch_number finished) {
  credit_notice credit;
  credit.edge = to.edge;
  credit.from = place_.index;
  credit.to = to.index;
  credit.finished = finished;
  credit.hint = newest_hint();
  auto beyond = flow_.largest();
  credit.largest = beyond.bytes > size_.bytes ? beyond : size_;
  to.hinted = credit.hint;
  out_->send_credit(credit);
}

epoch_number operator_partition::newest_hint() const {
  return std::max(flow_.hint(), alignment_.newest_closed());
}

void operator_partition::note_load() {
  load_->queued_epochs = alignment_.pending_epochs();
  load_->queued_bytes = alignment_.pending_bytes();
}

} // namespace braid
