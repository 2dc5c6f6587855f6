#include "actors/replaying_outbox.hpp"

#include <algorithm>

namespace braid {

replaying_outbox::replaying_outbox(const topology& graph,
                                   const assignment& owners, operator_id id,
                                   const settings& how, outbox& out)
  : how_(how), out_(&out),
    closes_up_to_(how.hold_closes ? how.closed : ~epoch_number{0}) {
  for (auto& edge : graph.outputs_of(id))
    for (auto to : owners[edge.to].hosts()) {
      auto& made = channels_[{edge.id, to}];
      made.sent = std::make_shared<sent_channel>(how.closed, how.account);
      made.at = {how.closed + 1, 0};
      made.generation = how.generation;
      made.allowed = how.in_flight;
      made.open = how.generation == 0;
    }
}

void replaying_outbox::append(edge_id edge, partition_index to,
                              epoch_number epoch, batch_ptr tuples) {
  if (!how_.keep)
    return out_->send_batch({edge, to, how_.generation, epoch},
                            std::move(tuples));
  auto& on = channels_.at({edge, to});
  on.sent->own().append(std::move(tuples));
  send_more({edge, to}, on);
}

void replaying_outbox::close(const close_notice& notice,
                             std::span<const std::uint32_t> tuples) {
  if (!how_.keep) {
    std::vector<close_receiver> all;
    for (partition_index to = 0; to < tuples.size(); ++to)
      all.push_back({to, how_.generation, tuples[to]});
    return out_->send_close(notice, all);
  }
  auto kept = std::make_shared<const close_notice>(notice);
  for (auto& [to, on] : channels_)
    if (to.first == notice.edge && takes_epochs(on))
      on.sent->own().close(notice.last, kept);
  send_closes_alike(notice.edge);
}

/// Most receivers are at the same close: it goes to them in one message for
/// each node. Then the rest, channel by channel.
void replaying_outbox::send_closes_alike(edge_id edge) {
  const close_notice* first = nullptr;
  close_notice notice;
  std::vector<close_receiver> receivers;
  for (auto& [to, on] : channels_) {
    if (to.first != edge || !may_close(on))
      continue;
    auto close = on.sent->own().close_at(on.at);
    if (!first) {
      first = close->close.get();
      notice = *first;
      notice.first = close->first;
      notice.last = close->last;
    }
    if (close->close.get() != first || close->first != notice.first
        || close->last > std::min(on.allowed, closes_up_to_))
      continue;
    receivers.push_back(
      {to.second, on.generation, static_cast<std::uint32_t>(close->tuples)});
    on.at = {close->last + 1, 0};
  }
  if (!receivers.empty())
    out_->send_close(notice, receivers);
  for (auto& [to, on] : channels_)
    if (to.first == edge)
      send_more(to, on);
}

/// Whether the close of an epoch is what comes next on a channel, and may go.
bool replaying_outbox::may_close(const channel& on) const {
  if (stopped_ || !on.open || on.at.epoch > std::min(on.allowed, closes_up_to_)
      || on.sent->is_borrowed(on.at.epoch))
    return false;
  return on.sent->own().close_at(on.at).has_value();
}

void replaying_outbox::keep_until_stable(bool hold_closes) {
  how_.until_stable = true;
  how_.hold_closes = hold_closes;
  closes_up_to_ = hold_closes ? 0 : ~epoch_number{0};
  if (hold_closes)
    for (auto& [to, on] : channels_)
      closes_up_to_ = std::max(closes_up_to_, on.sent->closed());
}

void replaying_outbox::allow_closes(epoch_number epoch) {
  if (!how_.hold_closes || epoch <= closes_up_to_)
    return;
  closes_up_to_ = epoch;
  for (auto next = channels_.begin(); next != channels_.end();) {
    auto edge = next->first.first;
    send_closes_alike(edge);
    next = channels_.upper_bound({edge, ~partition_index{0}});
  }
}

replaying_outbox::credit_result
replaying_outbox::on_credit(const credit_notice& credit) {
  auto found = channels_.find({credit.edge, credit.from});
  if (found == channels_.end() || found->second.released
      || credit.generation < found->second.generation)
    return credit_result::stale;
  auto& on = found->second;
  auto anew = !on.open || credit.generation > on.generation;
  // What is trimmed was finished, though the asking was under way for longer.
  auto finished = std::max(credit.finished, on.sent->trimmed());
  auto allowed = finished + how_.in_flight;
  if (anew) {
    on.open = true;
    on.generation = credit.generation;
    on.at = {finished + 1, 0};
    on.allowed = allowed;
    on.finished = finished;
  } else {
    on.allowed = std::max(on.allowed, allowed);
    on.finished = std::max(on.finished, finished);
  }
  if (how_.keep && !how_.until_stable)
    on.sent->trim(on.finished);
  send_more(found->first, on);
  return anew ? credit_result::restarted : credit_result::usual;
}

void replaying_outbox::trim(epoch_number epoch) {
  sent_channel::pins pinned;
  for (auto& [to, on] : channels_)
    on.sent->pin_origins(on.finished, pinned);
  for (auto& [to, on] : channels_) {
    auto pin = pinned.find(on.sent.get());
    on.sent->trim(pin == pinned.end() ? epoch : std::min(epoch, pin->second));
  }
  // Once more: what was borrowed may be gone now.
  for (auto& [to, on] : channels_) {
    on.sent->trim(0);
    // Receivers may have had it of an earlier instance.
    if (on.at.epoch <= on.sent->trimmed())
      on.at = {on.sent->trimmed() + 1, 0};
  }
  forget_released();
}

/// Channels to which nobody listens, and of which nobody borrows any more.
void replaying_outbox::forget_released() {
  std::erase_if(channels_, [](auto& each) {
    return each.second.released && each.second.sent.use_count() == 1;
  });
}

replaying_outbox::held replaying_outbox::held_for_replay() const {
  held result;
  std::uint64_t most = 0;
  std::uint64_t of_edge = 0;
  edge_id last = 0;
  for (auto& [to, on] : channels_) {
    if (!on.sent->has_own())
      continue;
    of_edge = to.first == last ? of_edge : 0;
    last = to.first;
    auto bytes = on.sent->own().bytes();
    of_edge += bytes;
    result.bytes += bytes;
    if (of_edge > most) {
      most = of_edge;
      result.most = last;
    }
  }
  return result;
}

void replaying_outbox::send_more(const address& to, channel& on) {
  while (!stopped_ && on.open && on.at.epoch <= on.allowed
         && send_next(to, on)) {
  }
}

/// What comes next on an open channel that may be sent more: a batch, a close,
/// or all of a borrowed epoch. Returns false if nothing can go now.
bool replaying_outbox::send_next(const address& to, channel& on) {
  if (on.sent->is_borrowed(on.at.epoch))
    return send_borrowed(to, on);
  auto& own = on.sent->own();
  if (on.at.epoch > closes_up_to_ && own.close_at(on.at))
    return false;
  auto batch = [&](epoch_number epoch, const batch_ptr& tuples) {
    out_->send_batch({to.first, to.second, on.generation, epoch}, tuples);
  };
  auto close = [&](const auto& replayed) {
    auto notice = *replayed.close;
    notice.first = replayed.first;
    // Of a range of epochs the rest goes later.
    notice.last = std::min({replayed.last, on.allowed, closes_up_to_});
    on.at = own.from(notice.last);
    close_receiver receiver{to.second, on.generation,
                            static_cast<std::uint32_t>(replayed.tuples)};
    out_->send_close(notice, {&receiver, 1});
  };
  return own.next(on.at, batch, close);
}

bool replaying_outbox::send_borrowed(const address& to, channel& on) {
  if (on.at.epoch > closes_up_to_)
    return false;
  auto found = on.sent->read(on.at.epoch);
  if (!found)
    return false;
  for (auto& batch : found->batches)
    out_->send_batch({to.first, to.second, on.generation, found->first},
                     std::move(batch));
  auto notice = *found->close;
  notice.first = found->first;
  notice.last = std::min({found->last, on.allowed, closes_up_to_});
  notice.newest = on.sent->closed();
  on.at = {notice.last + 1, 0};
  close_receiver receiver{to.second, on.generation, found->tuples};
  out_->send_close(notice, {&receiver, 1});
  return true;
}

// -- a hand-over downstream ---------------------------------------------------

void replaying_outbox::add_successors(edge_id edge, const hand_over& what,
                                      std::uint32_t slices_downstream,
                                      bool broadcasts) {
  sent_channel::origin_list origins;
  for (auto each : what.origins)
    origins.push_back(channels_.at({edge, each}).sent);
  for (auto& successor : what.successors) {
    std::vector<bool> slices;
    if (!broadcasts) {
      slices.resize(slices_downstream);
      for (auto slice : successor.slices)
        slices[slice] = true;
    }
    auto& made = channels_[{edge, successor.index}];
    made.sent = std::make_shared<sent_channel>(origins, std::move(slices));
    made.finished = made.sent->trimmed();
    made.generation = what.generation;
    made.open = false;
  }
}

void replaying_outbox::retarget(edge_id edge, const hand_over& what) {
  for (auto& successor : what.successors)
    channels_.at({edge, successor.index}).sent->begin_own(how_.account);
  for (auto origin : what.origins)
    channels_.at({edge, origin}).retired = true;
}

void replaying_outbox::end_hand_over(edge_id edge, const hand_over& what,
                                     bool aborted) {
  if (aborted) {
    for (auto& successor : what.successors)
      channels_.erase({edge, successor.index});
    return;
  }
  for (auto each : what.origins) {
    auto& origin = channels_.at({edge, each});
    origin.released = true;
    origin.open = false;
  }
  forget_released();
}

// -- a hand-over of the partition itself --------------------------------------

void replaying_outbox::stop(partition_index from, epoch_number begin) {
  stopped_ = true;
  for (auto& [to, on] : channels_) {
    if (!on.open)
      continue;
    close_notice notice;
    notice.edge = to.first;
    notice.from = from;
    notice.first = notice.last = begin;
    notice.handed_over = true;
    close_receiver receiver{to.second, on.generation, 0};
    out_->send_close(notice, {&receiver, 1});
  }
}

} // namespace braid
