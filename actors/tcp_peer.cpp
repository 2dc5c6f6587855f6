#include "actors/tcp_peer.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cassert>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <thread>
#include <utility>

namespace braid {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using endpoints = std::vector<tcp::endpoint>;

namespace {

/// A network that loses all packets does not end a connection.
void limit_silence(tcp_stream& stream, std::chrono::milliseconds limit) {
  auto longest = static_cast<unsigned>(limit.count());
  setsockopt(stream.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &longest,
             sizeof(longest));
}

} // namespace

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
                   std::shared_ptr<tcp_outlets> outlets)
  : context_(std::move(context)), name_(std::move(name)),
    outlets_(std::move(outlets)), state_turn_(context_->io),
    retry_(context_->io), next_retry_(context_->options.first_retry) {}

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
    if (is_connected())
      disconnect("incarnation " + std::to_string(incarnation)
                 + " takes its place");
    begin_life(incarnation);
  }
  if (dials() && !is_connected() && (newer || moved)) {
    stop_dialling();
    next_retry_ = context_->options.first_retry;
    dial();
  }
}

// Frames were meant for the life that was known when they were sent.
void tcp_peer::begin_life(std::uint64_t incarnation) {
  auto waiting = batches_.waiting.size() + state_.waiting.size();
  if (incarnation_ != 0 && waiting > 0) {
    context_->log(link_log::info, "dropped " + std::to_string(waiting)
                                    + " frames for incarnation "
                                    + std::to_string(incarnation_) + " of '"
                                    + name_ + "', which is over");
    drop_waiting(lane::batches);
    drop_waiting(lane::state);
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
  if (theirs.on == lane::state
      && (!is_connected() || theirs.incarnation != incarnation_))
    return "the lane of batches comes before that of state";
  if (theirs.on == lane::state && state_.connection)
    return "there is a lane of state";
  return "";
}

// -- dialling -----------------------------------------------------------------

bool tcp_peer::dials() const {
  return context_->options.name < name_;
}

// A host's name is looked up on a thread that nobody waits for: the question
// cannot be withdrawn and may take longer than a link has time to stop.
void tcp_peer::dial() {
  assert(dials() && !is_whole() && !attempt_);
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
  auto ours = context_->ours;
  ours.on = is_connected() ? lane::state : lane::batches;
  attempt_ = std::make_shared<tcp_handshake>(tcp_stream(context_->io), ours,
                                             std::move(then));
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
  last_early_failure_.clear();
  last_failure_.clear();
  retry_.cancel();
  if (attempt_)
    std::exchange(attempt_, nullptr)->cancel();
}

// -- connected ----------------------------------------------------------------

void tcp_peer::adopt(tcp_stream stream, const hello& theirs) {
  if (theirs.on == lane::state) {
    stop_dialling();
    connect_lane(lane::state, std::move(stream));
    return flush();
  }
  if (is_connected())
    disconnect("a new connection takes its place");
  if (theirs.incarnation > incarnation_)
    begin_life(theirs.incarnation);
  stop_dialling();
  connected_at_ = std::chrono::steady_clock::now();
  auto socket = stream.native_handle();
  connect_lane(lane::batches, std::move(stream));
  connection_number_ = outlets_->batches.open(socket);
  context_->log(link_log::info, "connected to '" + name_ + "', incarnation "
                                  + std::to_string(incarnation_));
  if (dials())
    dial();
  if (context_->callbacks.on_peer_up)
    context_->callbacks.on_peer_up(name_);
  flush();
}

void tcp_peer::connect_lane(lane which, tcp_stream stream) {
  auto& to = of(which);
  limit_silence(stream, context_->options.silence_limit);
  to.connection = std::make_shared<tcp_connection>(
    std::move(stream), which, context_->bodies,
    context_->options.longest_frame_bytes, connection_callbacks(which));
  to.connection->start();
  for (outgoing_frame& frame : std::exchange(to.waiting, {}))
    send(std::move(frame));
}

tcp_connection::callbacks tcp_peer::connection_callbacks(lane which) {
  tcp_connection::callbacks then;
  then.on_frame = [this](incoming_frame frame) {
    if (context_->callbacks.on_frame)
      context_->callbacks.on_frame(name_, std::move(frame));
  };
  then.on_written = [this, which](std::uint64_t bytes) {
    of(which).unwritten -= bytes;
    outlets_->of(which).no_longer_queued(bytes);
    if (which == lane::batches && state_waits_)
      flush_state();
  };
  if (which == lane::state) {
    then.on_piece = [this] { flush_state(); };
    // Whoever makes room may do so when this peer is gone.
    if (auto& takes = context_->callbacks.takes_state)
      then.may_read = [&takes, context = std::weak_ptr{context_}](
                        const std::function<void()>& again) {
        return takes([context, again] {
          if (auto there = context.lock())
            boost::asio::post(there->io, again);
        });
      };
  }
  then.on_broken = [this](const std::string& reason) {
    break_connection(reason);
  };
  return then;
}

tcp_peer::lane_state& tcp_peer::of(lane which) {
  return which == lane::state ? state_ : batches_;
}

bool tcp_peer::is_connected() const {
  return batches_.connection != nullptr;
}

/// On all lanes.
bool tcp_peer::is_whole() const {
  return is_connected() && state_.connection != nullptr;
}

void tcp_peer::send(outgoing_frame frame, begun_frame begun) {
  auto on = frame.on_lane();
  auto& to = of(on);
  auto rest = wire_size(frame) - begun.bytes;
  // Of a frame the beginning of which is lost, the rest is of no use.
  if (begun.bytes > 0 && begun.connection != connection_number_)
    return outlets_->of(on).no_longer_queued(rest);
  if (!to.connection)
    return to.waiting.push_back(std::move(frame));
  to.unwritten += rest;
  to.connection->enqueue(std::move(frame), begun.bytes);
}

void tcp_peer::flush() {
  if (batches_.connection)
    batches_.connection->flush();
  flush_state();
}

/// Writes the next piece of state. While batches wait for the network that
/// waits, too, but not for ever.
void tcp_peer::flush_state() {
  constexpr std::chrono::milliseconds longest_wait{10};
  if (!state_.connection || state_.unwritten == 0)
    return;
  if (outlets_->batches.queued() == 0) {
    state_waits_ = false;
    return state_.connection->flush();
  }
  if (std::exchange(state_waits_, true))
    return;
  state_turn_.expires_after(longest_wait);
  state_turn_.async_wait([peer = weak_from_this()](error_code error) {
    auto self = peer.lock();
    if (error || !self || !std::exchange(self->state_waits_, false))
      return;
    if (self->state_.connection)
      self->state_.connection->flush();
  });
}

void tcp_peer::break_connection(const std::string& reason) {
  if (!is_connected())
    return;
  // Who has waited long goes on so if connections break as soon as they stand.
  auto lasted = std::chrono::steady_clock::now() - connected_at_;
  if (lasted > context_->options.longest_retry)
    next_retry_ = context_->options.first_retry;
  disconnect(reason);
  if (dials())
    redial_later();
}

void tcp_peer::disconnect(const std::string& reason) {
  stop_dialling();
  outlets_->batches.close();
  connection_number_ = 0;
  state_waits_ = false;
  state_turn_.cancel();
  for (auto which : {lane::batches, lane::state}) {
    auto& closing = of(which);
    if (auto connection = std::exchange(closing.connection, nullptr))
      connection->close();
    outlets_->of(which).no_longer_queued(std::exchange(closing.unwritten, 0));
  }
  // Sent while the other lane stood, they count as lost with it.
  drop_waiting(lane::state);
  context_->log(link_log::warning,
                "connection to '" + name_ + "' ended: " + reason);
  if (context_->callbacks.on_peer_down)
    context_->callbacks.on_peer_down(name_, reason);
}

void tcp_peer::drop_waiting(lane which) {
  for (const outgoing_frame& frame : of(which).waiting)
    outlets_->of(which).no_longer_queued(wire_size(frame));
  of(which).waiting.clear();
}

void tcp_peer::leave(const std::string& reason) {
  stop_dialling();
  if (is_connected())
    disconnect(reason);
  drop_waiting(lane::batches);
  drop_waiting(lane::state);
}

void tcp_peer::stop() {
  stop_dialling();
  state_turn_.cancel();
  outlets_->batches.close();
  for (auto which : {lane::batches, lane::state})
    if (of(which).connection)
      of(which).connection->close();
}

} // namespace braid
