#include "actors/data_plane.hpp"

#include <caf/all.hpp>

#include <cassert>
#include <mutex>

namespace braid {

data_plane::data_plane(const tcp_link_options& options, callbacks tell)
  : tell_(std::move(tell)),
    restored_(std::make_shared<arrival_window>(options.unused_body_bytes / 2)) {
  link_callbacks heard;
  heard.on_frame = [this](const std::string& from,
                          const incoming_frame& frame) {
    on_frame(from, frame);
  };
  heard.on_peer_down = [this](const std::string& peer,
                              const std::string& reason) {
    {
      std::unique_lock guard{mutex_};
      void_.on_down(peer);
    }
    tell_.on_peer_down(peer, reason);
  };
  heard.on_peer_up = tell_.on_peer_up;
  heard.takes_state = [this](std::function<void()> then) {
    return restored_->has_room(std::move(then));
  };
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

void data_plane::add(std::shared_ptr<const run_routes> routes,
                     const std::function<void()>& tell) {
  std::unique_lock guard{mutex_};
  tell();
  auto run = routes->run;
  runs_[run] = std::move(routes);
}

void data_plane::remove(run_id run) {
  std::unique_lock guard{mutex_};
  runs_.erase(run);
  void_.forget(run);
}

void data_plane::on_generation(run_id run, generation_number generation) {
  std::unique_lock guard{mutex_};
  void_.on_generation(run, generation);
}

bool data_plane::is_void(const std::string& from, run_id run,
                         generation_number generation) const {
  std::shared_lock guard{mutex_};
  return void_.is_void(from, run, generation);
}

void data_plane::stop() {
  link_->stop();
  holder_ = nullptr; // it must not outlive its actor system
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
        return on_batch(from, frame);
      case frame_kind::close:
        return on_close(from, frame);
      case frame_kind::credit:
        return on_credit(from, frame);
    }
    switch (static_cast<backup_frame_kind>(frame.kind())) {
      case backup_frame_kind::backup_receipt:
        return on_receipt(from, read_backup_receipt(frame));
      case backup_frame_kind::cuts_receipt:
        return on_receipt(from, read_cuts_receipt(frame));
      case backup_frame_kind::recovered_part: {
        // Parts before it may be lost. What broke begins another recovery.
        auto head = read_recovered_head(frame);
        if (is_void(from, head.run, head.incarnation))
          return;
        return caf::anon_send(
          holder_,
          backup_arrival{from, frame, restored_->take(frame.bytes().size())});
      }
      case backup_frame_kind::backup:
      case backup_frame_kind::cuts:
        return caf::anon_send(holder_, backup_arrival{from, frame});
    }
    tell_.on_log(link_log::warning, "dropped a frame of unknown kind "
                                      + std::to_string(frame.kind()) + " from "
                                      + from);
  } catch (const std::exception& error) {
    on_unreadable(from, error.what());
  }
}

/// Whatever it was, it is sent again, like all that is lost with a connection.
void data_plane::on_unreadable(const std::string& from,
                               const std::string& reason) {
  {
    std::unique_lock guard{mutex_};
    void_.on_down(from);
  }
  link_->break_connection(from, reason);
}

// Frames of a run that is not here (any more) are late; nobody misses them.

void data_plane::on_batch(const std::string& node,
                          const incoming_frame& frame) {
  auto address = read_batch_address(frame);
  if (is_void(node, address.run, address.generation))
    return;
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

void data_plane::on_close(const std::string& node,
                          const incoming_frame& frame) {
  auto close = read_close(frame);
  auto routes = routes_of(close.run);
  if (!routes || close.notice.edge >= routes->edges.size())
    return;
  for (auto& receiver : close.receivers) {
    if (is_void(node, close.run, receiver.generation))
      continue;
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

template <class Receipt>
void data_plane::on_receipt(const std::string& from, const Receipt& receipt) {
  auto routes = routes_of(receipt.run);
  if (!routes)
    return;
  // Before all else: epochs wait for it.
  if (auto* actor = routes->find(receipt.place.id, receipt.place.index))
    caf::anon_send<caf::message_priority::high>(
      *actor, receipt_arrival<Receipt>{from, receipt});
}

void data_plane::on_credit(const std::string& node,
                           const incoming_frame& frame) {
  auto credit = read_credit(frame);
  if (is_void(node, credit.run, credit.notice.generation))
    return;
  auto routes = routes_of(credit.run);
  if (!routes || credit.notice.edge >= routes->edges.size())
    return;
  if (auto* actor =
        routes->find(routes->edges[credit.notice.edge].from, credit.notice.to))
    caf::anon_send(*actor, credit.notice);
}

} // namespace braid
