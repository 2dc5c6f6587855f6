#include "actors/data_plane.hpp"

#include <caf/all.hpp>

#include <cassert>
#include <mutex>

namespace braid {

const caf::actor* run_routes::find(operator_id id,
                                   partition_index partition) const {
  auto found = local.find({id, partition});
  return found == local.end() ? nullptr : &found->second;
}

data_plane::data_plane(const tcp_link_options& options, callbacks tell)
  : tell_(std::move(tell)) {
  link_callbacks heard;
  heard.on_frame = [this](const std::string& from,
                          const incoming_frame& frame) {
    on_frame(from, frame);
  };
  heard.on_peer_down = tell_.on_peer_down;
  heard.on_log = tell_.on_log;
  link_ = std::make_unique<tcp_link>(options, std::move(heard));
}

data_plane::~data_plane() {
  stop();
}

std::uint16_t data_plane::port() const {
  return link_->port();
}

link_layer& data_plane::link() {
  return *link_;
}

void data_plane::add(std::shared_ptr<const run_routes> routes) {
  std::unique_lock guard{mutex_};
  auto run = routes->run;
  runs_[run] = std::move(routes);
}

void data_plane::remove(run_id run) {
  std::unique_lock guard{mutex_};
  runs_.erase(run);
}

void data_plane::stop() {
  link_->stop();
}

std::shared_ptr<const run_routes> data_plane::routes_of(run_id run) const {
  std::shared_lock guard{mutex_};
  auto found = runs_.find(run);
  return found == runs_.end() ? nullptr : found->second;
}

void data_plane::on_frame(const std::string& from,
                          const incoming_frame& frame) {
  try {
    switch (static_cast<frame_kind>(frame.kind())) {
      case frame_kind::batch:
        return on_batch(frame);
      case frame_kind::close:
        return on_close(frame);
      case frame_kind::credit:
        return on_credit(frame);
    }
    tell_.on_log(link_log::warning, "dropped a frame of unknown kind "
                                      + std::to_string(frame.kind()) + " from "
                                      + from);
  } catch (const std::exception& error) {
    tell_.on_log(link_log::error,
                 "dropped a frame from " + from + ": " + error.what());
  }
}

// Frames of a run that is not here (any more) are late; nobody misses them.

void data_plane::on_batch(const incoming_frame& frame) {
  auto address = read_batch_address(frame);
  channel on{address.run, address.edge, address.from, address.to};
  auto found = arrived_.find(on);
  if (found == arrived_.end()) {
    forget_ended();
    found = arrived_.emplace(on, frame_arrival{}).first;
  }
  auto& arrived = found->second;
  batch_origin from{address.edge, address.from, address.generation,
                    address.epoch};
  if (arrived.from != from && !arrived.frames.empty())
    deliver(on, arrived);
  arrived.from = from;
  arrived.frames.push_back(frame);
  if (arrived.frames.size() == batches_together)
    deliver(on, arrived);
}

void data_plane::deliver(const channel& on, frame_arrival& arrived) const {
  auto content = std::exchange(arrived, {});
  if (content.frames.empty())
    return;
  auto routes = routes_of(on.run);
  if (!routes || on.edge >= routes->edges.size())
    return;
  if (auto* actor = routes->find(routes->edges[on.edge].to, on.to))
    caf::anon_send(*actor, std::move(content));
}

/// Drops what a run has left behind that ended in the middle of an epoch.
void data_plane::forget_ended() {
  std::erase_if(arrived_,
                [&](auto& each) { return !routes_of(each.first.run); });
}

void data_plane::on_close(const incoming_frame& frame) {
  auto close = read_close(frame);
  auto routes = routes_of(close.run);
  if (!routes || close.notice.edge >= routes->edges.size())
    return;
  for (auto& receiver : close.receivers) {
    channel on{close.run, close.notice.edge, close.notice.from, receiver.to};
    if (auto found = arrived_.find(on); found != arrived_.end())
      deliver(on, found->second);
    auto notice = close.notice;
    notice.generation = receiver.generation;
    notice.tuples = receiver.tuples;
    if (auto* actor = routes->find(routes->edges[notice.edge].to, receiver.to))
      caf::anon_send(*actor, std::move(notice));
  }
}

void data_plane::on_credit(const incoming_frame& frame) {
  auto credit = read_credit(frame);
  auto routes = routes_of(credit.run);
  if (!routes || credit.notice.edge >= routes->edges.size())
    return;
  if (auto* actor =
        routes->find(routes->edges[credit.notice.edge].from, credit.notice.to))
    caf::anon_send(*actor, credit.notice);
}

void routed_outbox::route(std::shared_ptr<const run_routes> routes) {
  routes_ = std::move(routes);
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

} // namespace braid
