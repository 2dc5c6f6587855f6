#include "actors/replaying_outbox.hpp"

#include <algorithm>

namespace braid {

replaying_outbox::replaying_outbox(const topology& graph,
                                   const assignment& owners, operator_id id,
                                   const settings& how, outbox& out)
  : how_(how), out_(&out) {
  for (auto& edge : graph.outputs_of(id)) {
    partitions_[edge.id] = owners[edge.to].partitions();
    for (partition_index to = 0; to < owners[edge.to].partitions(); ++to) {
      auto& made = channels_[{edge.id, to}];
      made.sent = std::make_unique<buffer>(how.closed);
      made.at = made.sent->from(how.closed);
    }
  }
}

void replaying_outbox::send_batch(edge_id edge, partition_index to,
                                  epoch_number epoch, batch_ptr tuples) {
  if (!how_.keep)
    return out_->send_batch(edge, to, epoch, std::move(tuples));
  auto& on = channels_.at({edge, to});
  on.sent->append(std::move(tuples));
  send_more({edge, to}, on);
}

/// Receivers that are behind get the close when they have come to it.
void replaying_outbox::send_close(const close_notice& notice,
                                  std::span<const std::uint32_t> tuples) {
  if (!how_.keep)
    return out_->send_close(notice, tuples);
  auto kept = std::make_shared<const close_notice>(notice);
  std::vector<std::uint32_t> now{tuples.begin(), tuples.end()};
  for (partition_index to = 0; to < now.size(); ++to) {
    auto& on = channels_.at({notice.edge, to});
    auto open = on.sent->closed() + 1;
    auto live = is_live(on, open);
    on.sent->close(notice.last, kept);
    if (live)
      on.at = on.sent->from(notice.last);
    else
      now[to] = not_yet;
  }
  if (std::any_of(now.begin(), now.end(), [](auto n) { return n != not_yet; }))
    out_->send_close(notice, now);
}

/// Whether all that was appended of the open epoch has gone out.
bool replaying_outbox::is_live(const channel& on, epoch_number open) const {
  return on.at.epoch == open && open <= on.finished + how_.in_flight;
}

void replaying_outbox::send_credit(const credit_notice& notice) {
  out_->send_credit(notice);
}

void replaying_outbox::send_checkpoint(partition_checkpoint checkpoint) {
  out_->send_checkpoint(std::move(checkpoint));
}

void replaying_outbox::on_credit(const credit_notice& credit) {
  auto found = channels_.find({credit.edge, credit.from});
  if (found == channels_.end())
    return;
  auto& on = found->second;
  on.finished = std::max(on.finished, credit.finished);
  send_more(found->first, on);
}

void replaying_outbox::replay(edge_id edge, partition_index to,
                              epoch_number finished) {
  auto& on = channels_.at({edge, to});
  on.at = on.sent->from(finished);
  on.finished = finished;
  send_more({edge, to}, on);
}

void replaying_outbox::trim(epoch_number epoch) {
  for (auto& [to, on] : channels_)
    on.sent->trim(std::min(epoch, on.sent->closed()));
}

std::uint64_t replaying_outbox::bytes() const {
  std::uint64_t result = 0;
  for (auto& [to, on] : channels_)
    result += on.sent->bytes();
  return result;
}

void replaying_outbox::send_more(const address& to, channel& on) {
  auto batch = [&](epoch_number epoch, const batch_ptr& tuples) {
    out_->send_batch(to.first, to.second, epoch, tuples);
  };
  auto allowed = on.finished + how_.in_flight;
  auto close = [&](const auto& replayed) {
    auto notice = *replayed.close;
    notice.first = replayed.first;
    notice.last = std::min(replayed.last, allowed);
    // Of a range of epochs the rest goes later.
    on.at = on.sent->from(notice.last);
    notice.tuples = static_cast<std::uint32_t>(replayed.tuples);
    send_close_to(to, notice);
  };
  while (on.at.epoch <= allowed && on.sent->next(on.at, batch, close)) {
  }
}

void replaying_outbox::send_close_to(const address& to,
                                     const close_notice& notice) {
  std::vector<std::uint32_t> tuples(partitions_.at(to.first), not_yet);
  tuples[to.second] = notice.tuples;
  out_->send_close(notice, tuples);
}

} // namespace braid
