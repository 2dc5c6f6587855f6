#include "actors/data_plane.hpp"

#include "actors/messages.hpp"

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
  heard.on_frame = [this](const std::string& from, incoming_frame frame) {
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
  auto routes = routes_of(address.run);
  if (!routes || address.edge >= routes->edges.size())
    return;
  if (auto* actor = routes->find(routes->edges[address.edge].to, address.to))
    caf::anon_send(
      *actor, frame_arrival{address.edge, address.from, address.epoch, frame});
}

void data_plane::on_close(const incoming_frame& frame) {
  auto close = read_close(frame);
  auto routes = routes_of(close.run);
  if (!routes || close.notice.edge >= routes->edges.size())
    return;
  for (auto& receiver : close.receivers) {
    auto notice = close.notice;
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

void routed_outbox::send_batch(edge_id edge, partition_index to,
                               epoch_number epoch, batch_ptr tuples) {
  auto target = routes_->edges[edge].to;
  if (auto* actor = routes_->find(target, to)) {
    caf::anon_send(*actor,
                   batch_arrival{edge, place_.index, epoch, std::move(tuples)});
    return;
  }
  auto& node = routes_->nodes[routes_->owners[target].nodes[to]];
  link_->send(node,
              to_frame({routes_->run, edge, place_.index, to, epoch}, tuples));
}

void routed_outbox::send_close(const close_notice& notice,
                               std::span<const std::uint32_t> tuples) {
  auto target = routes_->edges[notice.edge].to;
  auto& nodes = routes_->owners[target].nodes;
  assert(tuples.size() == nodes.size());
  std::map<node_index, addressed_close> remote;
  for (partition_index to = 0; to < nodes.size(); ++to) {
    if (auto* actor = routes_->find(target, to)) {
      auto addressed = notice;
      addressed.tuples = tuples[to];
      caf::anon_send(*actor, std::move(addressed));
    } else {
      remote[nodes[to]].receivers.push_back({to, tuples[to]});
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
