#include "actors/tcp_peer.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cassert>
#include <thread>
#include <utility>

namespace braid {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using endpoints = std::vector<tcp::endpoint>;

tcp_link_context::tcp_link_context(const tcp_link_options& wanted,
                                   link_callbacks whom)
  : options(wanted), ours{wanted.name, wanted.incarnation, lane::batches, ""},
    callbacks(std::move(whom)), bodies(wanted.unused_body_bytes) {}

void tcp_link_context::log(link_log level, const std::string& text) const {
  if (callbacks.on_log)
    callbacks.on_log(level, text);
}

endpoints resolve(const std::string& host, std::uint16_t port,
                  error_code& error) {
  if (auto literal = asio::ip::make_address(host, error); !error)
    return {{literal, port}};
  asio::io_context unused;
  endpoints found;
  for (const auto& entry :
       tcp::resolver(unused).resolve(host, std::to_string(port), error))
    found.push_back(entry.endpoint());
  return found;
}

tcp_peer::tcp_peer(std::shared_ptr<tcp_link_context> context, std::string name,
                   std::shared_ptr<tcp_outlet> outlet)
  : context_(std::move(context)), name_(std::move(name)),
    outlet_(std::move(outlet)), retry_(context_->io),
    next_retry_(context_->options.first_retry) {}

// -- who it is ----------------------------------------------------------------

void tcp_peer::meet(std::uint64_t incarnation, const std::string& host,
                    std::uint16_t port) {
  if (incarnation < incarnation_)
    return context_->log(link_log::warning,
                         "'" + name_ + "' stays at incarnation "
                           + std::to_string(incarnation_) + ": "
                           + std::to_string(incarnation) + " is older");
  bool moved = host != host_ || port != port_;
  bool newer = incarnation > incarnation_;
  host_ = host;
  port_ = port;
  if (newer) {
    if (connection_)
      disconnect("incarnation " + std::to_string(incarnation)
                 + " takes its place");
    begin_life(incarnation);
  }
  if (dials() && !connection_ && (newer || moved)) {
    stop_dialling();
    dial();
  }
}

// Frames were meant for the life that was known when they were sent.
void tcp_peer::begin_life(std::uint64_t incarnation) {
  if (incarnation_ != 0 && !waiting_.empty()) {
    context_->log(link_log::info, "dropped " + std::to_string(waiting_.size())
                                    + " frames for incarnation "
                                    + std::to_string(incarnation_) + " of '"
                                    + name_ + "', which is over");
    drop_waiting();
  }
  incarnation_ = incarnation;
}

std::string tcp_peer::judge(const hello& theirs) const {
  if (theirs.name != name_)
    return "'" + theirs.name + "' answers in place of '" + name_ + "'";
  if (theirs.incarnation < incarnation_)
    return "incarnation " + std::to_string(theirs.incarnation) + " of '" + name_
           + "' is over, incarnation " + std::to_string(incarnation_)
           + " is known";
  return "";
}

// -- dialling -----------------------------------------------------------------

bool tcp_peer::dials() const {
  return context_->options.name < name_;
}

// A host's name is looked up on a thread that nobody waits for: the question
// cannot be withdrawn and may take longer than a link has time to stop.
void tcp_peer::dial() {
  assert(dials() && !connection_ && !attempt_);
  error_code error;
  if (auto literal = asio::ip::make_address(host_, error); !error)
    return connect({{literal, port_}});
  auto ask = [context = std::weak_ptr(context_), peer = weak_from_this(),
              number = dial_number_, host = host_, port = port_] {
    error_code failure;
    endpoints found = resolve(host, port, failure);
    auto resolved = [peer, number, failure, found = std::move(found)] {
      auto self = peer.lock();
      if (!self || self->dial_number_ != number)
        return;
      if (failure)
        return self->dial_failed("unknown host: " + failure.message());
      self->connect(found);
    };
    if (auto alive = context.lock())
      asio::post(alive->io, std::move(resolved));
  };
  std::thread(std::move(ask)).detach();
}

void tcp_peer::connect(const endpoints& found) {
  tcp_handshake::callbacks then;
  then.judge = [this](const hello& theirs) { return judge(theirs); };
  then.on_done = [this](tcp_stream stream, const hello& theirs) {
    attempt_.reset();
    adopt(std::move(stream), theirs);
  };
  then.on_failed = [this](const std::string& reason) { dial_failed(reason); };
  attempt_ = std::make_shared<tcp_handshake>(tcp_stream(context_->io),
                                             context_->ours, std::move(then));
  attempt_->dial(found, context_->options.connect_limit,
                 context_->options.handshake_limit);
}

void tcp_peer::dial_failed(const std::string& reason) {
  attempt_.reset();
  // Two nodes seldom hear of each other at the same moment, so the first
  // attempts may well fail. What goes on failing is said once more, as a
  // warning, but not with every attempt.
  auto early = next_retry_ <= 4 * context_->options.first_retry;
  auto& said = early ? last_early_failure_ : last_failure_;
  auto level = reason == said ? link_log::debug
               : early        ? link_log::info
                              : link_log::warning;
  said = reason;
  context_->log(level, "cannot connect to '" + name_ + "' at " + host_ + ":"
                         + std::to_string(port_) + ": " + reason
                         + "; will go on trying");
  redial_later();
}

void tcp_peer::redial_later() {
  retry_.expires_after(next_retry_);
  next_retry_ = std::min(2 * next_retry_, context_->options.longest_retry);
  retry_.async_wait(
    [peer = weak_from_this(), number = dial_number_](error_code error) {
      auto self = peer.lock();
      if (!error && self && self->dial_number_ == number)
        self->dial();
    });
}

void tcp_peer::stop_dialling() {
  ++dial_number_;
  next_retry_ = context_->options.first_retry;
  last_early_failure_.clear();
  last_failure_.clear();
  retry_.cancel();
  if (attempt_)
    std::exchange(attempt_, nullptr)->cancel();
}

// -- connected ----------------------------------------------------------------

void tcp_peer::adopt(tcp_stream stream, const hello& theirs) {
  if (connection_)
    disconnect("a new connection takes its place");
  if (theirs.incarnation > incarnation_)
    begin_life(theirs.incarnation);
  // What has waited long goes on so, unless this connection lasts.
  auto next_retry = next_retry_;
  stop_dialling();
  next_retry_ = next_retry;
  connected_at_ = std::chrono::steady_clock::now();
  auto socket = stream.native_handle();
  connection_ = std::make_shared<tcp_connection>(
    std::move(stream), lane::batches, context_->bodies,
    context_->options.longest_frame_bytes, connection_callbacks());
  connection_->start();
  for (outgoing_frame& frame : std::exchange(waiting_, {}))
    send(std::move(frame));
  connection_number_ = outlet_->open(socket);
  context_->log(link_log::info, "connected to '" + name_ + "', incarnation "
                                  + std::to_string(incarnation_));
  if (context_->callbacks.on_peer_up)
    context_->callbacks.on_peer_up(name_);
  flush();
}

tcp_connection::callbacks tcp_peer::connection_callbacks() {
  tcp_connection::callbacks then;
  then.on_frame = [this](incoming_frame frame) {
    if (context_->callbacks.on_frame)
      context_->callbacks.on_frame(name_, std::move(frame));
  };
  then.on_written = [this](std::uint64_t bytes) {
    unwritten_ -= bytes;
    outlet_->no_longer_queued(bytes);
  };
  then.on_broken = [this](const std::string& reason) {
    // Not in a rush if connections break as soon as they stand.
    auto lasted = std::chrono::steady_clock::now() - connected_at_;
    if (lasted > context_->options.longest_retry)
      next_retry_ = context_->options.first_retry;
    disconnect(reason);
    if (dials())
      redial_later();
  };
  return then;
}

void tcp_peer::send(outgoing_frame frame, begun_frame begun) {
  auto rest = wire_size(frame) - begun.bytes;
  // Of a frame the beginning of which is lost, the rest is of no use.
  if (begun.bytes > 0 && begun.connection != connection_number_)
    return outlet_->no_longer_queued(rest);
  if (!connection_)
    return waiting_.push_back(std::move(frame));
  unwritten_ += rest;
  connection_->enqueue(std::move(frame), begun.bytes);
}

void tcp_peer::flush() {
  if (connection_)
    connection_->flush();
}

void tcp_peer::disconnect(const std::string& reason) {
  outlet_->close();
  connection_number_ = 0;
  std::exchange(connection_, nullptr)->close();
  outlet_->no_longer_queued(std::exchange(unwritten_, 0));
  context_->log(link_log::warning,
                "connection to '" + name_ + "' ended: " + reason);
  if (context_->callbacks.on_peer_down)
    context_->callbacks.on_peer_down(name_, reason);
}

void tcp_peer::drop_waiting() {
  for (const outgoing_frame& frame : waiting_)
    outlet_->no_longer_queued(wire_size(frame));
  waiting_.clear();
}

void tcp_peer::leave(const std::string& reason) {
  stop_dialling();
  if (connection_)
    disconnect(reason);
  drop_waiting();
}

void tcp_peer::stop() {
  stop_dialling();
  outlet_->close();
  if (connection_)
    connection_->close();
}

} // namespace braid
