#include "actors/routed_outbox.hpp"

#include "actors/log.hpp"

#include <caf/all.hpp>

namespace braid {

const caf::actor* run_routes::find(operator_id id,
                                   partition_index partition) const {
  auto found = local.find({id, partition});
  return found == local.end() ? nullptr : &found->second;
}

node_index run_routes::index_of(const std::string& node) const {
  // A node that has come back follows its earlier life.
  for (auto i = nodes.size(); i > 0; --i)
    if (nodes[i - 1] == node)
      return static_cast<node_index>(i - 1);
  return ~node_index{0};
}

routed_outbox::routed_outbox(run_id run, partition_place place,
                             generation_number generation, link_layer& link)
  : run_(run), place_(place), generation_(generation), link_(&link),
    checkpoints_(run, place, generation), cuts_(run, place, generation, {}) {}

void routed_outbox::route(std::shared_ptr<const run_routes> routes,
                          backup_holders holders) {
  routes_ = std::move(routes);
  holders_ = std::move(holders);
  with_room_ = holders_;
  checkpoints_.set_holders(*holders_);
  auto change = cuts_.set_holders(cut_holders(*holders_, place_));
  send(change.messages);
  if (change.held)
    tell_.cuts_held(*change.held);
  note_if_alone();
}

/// Where no other node lives there is none to survive this one, and nobody
/// needs to wait.
void routed_outbox::note_if_alone() {
  if (last_cut_ > cuts_.held() && cut_holders(*holders_, place_).empty())
    tell_.cuts_held(last_cut_);
}

void routed_outbox::repeat_cuts(
  epoch_number stable,
  const std::map<epoch_number, std::vector<source_cut>>& cuts) {
  cuts_.stable(stable);
  for (auto& [epoch, slices] : cuts)
    send(cuts_.begin({epoch, epoch, slices}));
}

void routed_outbox::on_reconnected(node_index node) {
  send(cuts_.unconfirmed(node));
  checkpoints_.on_reconnected(node);
  send_parts();
}

void routed_outbox::send_batch(const batch_target& to, batch_ptr tuples) {
  auto& waiting = waiting_[{to.edge, to.to}];
  if (waiting.to != to)
    deliver(waiting);
  waiting.to = to;
  waiting.batches.push_back(std::move(tuples));
  if (waiting.batches.size() == batches_together)
    deliver(waiting);
}

void routed_outbox::deliver(waiting_batches& waiting) {
  auto batches = std::exchange(waiting.batches, {});
  if (batches.empty())
    return;
  auto& to = waiting.to;
  auto target = routes_->edges[to.edge].to;
  if (auto* actor = routes_->find(target, to.to)) {
    caf::anon_send(
      *actor, batch_arrival{{to.edge, place_.index, to.generation, to.epoch},
                            std::move(batches)});
    return;
  }
  batch_address address{routes_->run, to.edge,       place_.index,
                        to.to,        to.generation, to.epoch};
  std::vector<outgoing_frame> frames;
  frames.reserve(batches.size());
  for (auto& batch : batches)
    frames.push_back(to_frame(address, batch));
  link_->send(routes_->nodes[routes_->owners[target].nodes[to.to]], frames);
}

void routed_outbox::send_close(const close_notice& notice,
                               std::span<const close_receiver> receivers) {
  auto target = routes_->edges[notice.edge].to;
  auto& nodes = routes_->owners[target].nodes;
  std::map<node_index, addressed_close> remote;
  for (auto& receiver : receivers) {
    if (auto found = waiting_.find({notice.edge, receiver.to});
        found != waiting_.end())
      deliver(found->second);
    if (auto* actor = routes_->find(target, receiver.to)) {
      auto addressed = notice;
      addressed.generation = receiver.generation;
      addressed.tuples = receiver.tuples;
      caf::anon_send(*actor, std::move(addressed));
    } else {
      remote[nodes[receiver.to]].receivers.push_back(receiver);
    }
  }
  for (auto& [node, close] : remote) {
    close.run = routes_->run;
    close.notice = notice;
    link_->send(routes_->nodes[node], to_frame(close));
  }
}

void routed_outbox::send_credit(const credit_notice& notice) {
  auto target = routes_->edges[notice.edge].from;
  if (auto* actor = routes_->find(target, notice.to)) {
    caf::anon_send(*actor, notice);
    return;
  }
  auto& node = routes_->nodes[routes_->owners[target].nodes[notice.to]];
  link_->send(node, to_frame(addressed_credit{routes_->run, notice}));
}

// -- backups ------------------------------------------------------------------

void routed_outbox::send_checkpoint(partition_checkpoint&& checkpoint) {
  // Nobody lives who could survive this node. But savepoints need a copy.
  if (cut_holders(*holders_, place_).empty())
    return keep_here(std::move(checkpoint));
  checkpoint_sender::completion alone{checkpoint.epoch, checkpoint.ended};
  auto ahead = checkpoint.ahead;
  auto kept = checkpoints_.begin(std::move(checkpoint), *with_room_);
  if (!kept && !ahead)
    return tell_.backed_up(alone);
  send_parts();
}

/// As many as go now; receipts let others follow. So neither this partition nor
/// its links are busy with all of a large checkpoint at once.
void routed_outbox::send_parts() {
  for (auto& message : checkpoints_.take_messages())
    if (message.to == routes_->here)
      caf::anon_send(routes_->holder,
                     own_backup{std::move(message.backup), own_actor()});
    else
      link_->send(routes_->nodes[message.to],
                  to_frame(std::move(message.backup)));
}

void routed_outbox::keep_here(partition_checkpoint&& checkpoint) {
  checkpoint_sender::completion done{checkpoint.epoch, checkpoint.ended};
  auto ahead = checkpoint.ahead;
  partition_backup backup{run_, place_, generation_,
                          0,    !ahead, std::move(checkpoint)};
  caf::anon_send(routes_->holder, own_backup{std::move(backup), {}});
  if (!ahead)
    tell_.backed_up(done);
}

lost_copies routed_outbox::take_lost_copies() {
  return checkpoints_.take_lost();
}

bool routed_outbox::takes_copies() const {
  constexpr std::uint64_t enough = std::uint64_t{64} << 20;
  return checkpoints_.waiting_bytes() < enough;
}

void routed_outbox::leave_out_checkpoint(epoch_number epoch) {
  tell_.left_out(epoch);
}

void routed_outbox::send_cuts(cut_notice&& cuts) {
  send(cuts_.begin(cuts));
  last_cut_ = cuts.last;
  // The instance before this one had cut the epoch already.
  if (cuts.last <= cuts_.held())
    tell_.cuts_held(cuts.last);
  note_if_alone();
}

void routed_outbox::send(const std::vector<cut_sender::message>& messages) {
  for (auto& message : messages)
    if (message.to == routes_->here)
      caf::anon_send(routes_->holder, own_cuts{message.cuts, own_actor()});
    else
      link_->send(routes_->nodes[message.to], to_frame(message.cuts));
}

const caf::actor& routed_outbox::own_actor() const {
  return *routes_->find(place_.id, place_.index);
}

void routed_outbox::on_receipt(const std::string& node,
                               const backup_receipt& receipt) {
  auto outcome = checkpoints_.on_receipt(routes_->index_of(node), receipt);
  if (!outcome.refused.empty())
    on_refusal(node, receipt);
  if (outcome.completed)
    tell_.backed_up(*outcome.completed);
  send_parts();
}

/// Where there is no room the next checkpoint does not go, unless too few nodes
/// are left: then all are asked again.
void routed_outbox::on_refusal(const std::string& node,
                               const backup_receipt& receipt) {
  auto reason = "node " + node + " does not keep a backup of "
                + place_name(place_) + ": " + to_string(receipt.result);
  if (receipt.result == put_result::over_limit) {
    reason = "node " + node + " has no room for a backup of "
             + place_name(place_)
             + "; raise checkpoints.memory there, or add nodes";
    with_room_ = with_room_->without(routes_->index_of(node));
    if (!with_room_)
      with_room_ = holders_;
    checkpoints_.set_holders(*with_room_);
  }
  if (receipt.result != put_result::fenced)
    tell_.not_kept(receipt.epoch, reason);
}

void routed_outbox::ask_for_checkpoint(epoch_number epoch) {
  tell_.wished(epoch);
}

void routed_outbox::tell_caught_up() {
  tell_.caught_up();
}

std::optional<epoch_number>
routed_outbox::on_receipt(const std::string& node,
                          const cuts_receipt& receipt) {
  return cuts_.on_receipt(routes_->index_of(node), receipt);
}

void routed_outbox::on_stable(epoch_number epoch, bool shadow) {
  if (!shadow)
    checkpoints_.forget(epoch);
  if (auto held = cuts_.stable(epoch))
    tell_.cuts_held(*held);
}

} // namespace braid
