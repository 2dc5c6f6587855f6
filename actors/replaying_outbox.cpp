#include "actors/replaying_outbox.hpp"

#include <algorithm>

namespace braid {

replaying_outbox::replaying_outbox(const topology& graph,
                                   const assignment& owners, operator_id id,
                                   const settings& how, outbox& out)
  : how_(how), out_(&out),
    closes_up_to_(how.hold_closes ? how.closed : ~epoch_number{0}) {
  for (auto& edge : graph.outputs_of(id))
    for (partition_index to = 0; to < owners[edge.to].partitions(); ++to) {
      auto& made = channels_[{edge.id, to}];
      made.sent = std::make_unique<buffer>(how.closed, how.account);
      made.at = made.sent->from(how.closed);
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
  on.sent->append(std::move(tuples));
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
    if (to.first == notice.edge)
      on.sent->close(notice.last, kept);
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
    auto close = on.sent->close_at(on.at);
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
    on.at = on.sent->from(close->last);
  }
  if (!receivers.empty())
    out_->send_close(notice, receivers);
  for (auto& [to, on] : channels_)
    if (to.first == edge)
      send_more(to, on);
}

/// Whether the close of an epoch is what comes next on a channel, and may go.
bool replaying_outbox::may_close(const channel& on) const {
  if (!on.open || on.at.epoch > std::min(on.allowed, closes_up_to_))
    return false;
  return on.sent->close_at(on.at).has_value();
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
  if (found == channels_.end() || credit.generation < found->second.generation)
    return credit_result::stale;
  auto& on = found->second;
  auto anew = !on.open || credit.generation > on.generation;
  auto allowed = credit.finished + how_.in_flight;
  if (anew) {
    on.open = true;
    on.generation = credit.generation;
    on.at = on.sent->from(credit.finished);
    on.allowed = allowed;
  } else {
    on.allowed = std::max(on.allowed, allowed);
  }
  send_more(found->first, on);
  return anew ? credit_result::restarted : credit_result::usual;
}

void replaying_outbox::trim(epoch_number epoch) {
  for (auto& [to, on] : channels_)
    on.sent->trim(std::min(epoch, on.sent->closed()));
}

replaying_outbox::held replaying_outbox::held_for_replay() const {
  held result;
  std::uint64_t most = 0;
  std::uint64_t of_edge = 0;
  edge_id last = 0;
  for (auto& [to, on] : channels_) {
    of_edge = to.first == last ? of_edge : 0;
    last = to.first;
    of_edge += on.sent->bytes();
    result.bytes += on.sent->bytes();
    if (of_edge > most) {
      most = of_edge;
      result.most = last;
    }
  }
  return result;
}

void replaying_outbox::send_more(const address& to, channel& on) {
  auto batch = [&](epoch_number epoch, const batch_ptr& tuples) {
    out_->send_batch({to.first, to.second, on.generation, epoch}, tuples);
  };
  auto close = [&](const auto& replayed) {
    auto notice = *replayed.close;
    notice.first = replayed.first;
    // Of a range of epochs the rest goes later.
    notice.last = std::min({replayed.last, on.allowed, closes_up_to_});
    on.at = on.sent->from(notice.last);
    close_receiver receiver{to.second, on.generation,
                            static_cast<std::uint32_t>(replayed.tuples)};
    out_->send_close(notice, {&receiver, 1});
  };
  while (on.open && on.at.epoch <= on.allowed
         && (on.at.epoch <= closes_up_to_ || !on.sent->close_at(on.at))
         && on.sent->next(on.at, batch, close)) {
  }
}

} // namespace braid
