#include "actors/tcp_link.hpp"

#include "actors/tcp_handshake.hpp"
#include "actors/tcp_peer.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cassert>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace braid {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t longest_name = 255;
// Callers that have not said who they are yet. More are turned away.
constexpr std::size_t most_strangers = 128;

// Pause after accept() failed, for example for want of file descriptors.
constexpr std::chrono::milliseconds accept_pause{100};

void check_name(const std::string& name) {
  if (name.empty() || name.size() > longest_name)
    throw std::invalid_argument("a node's name has 1 to 255 bytes, not "
                                + std::to_string(name.size()));
}

// Throws if they are out of range.
const tcp_link_options& checked(const tcp_link_options& options) {
  check_name(options.name);
  if (options.longest_frame_bytes == 0)
    throw std::invalid_argument("longest_frame_bytes of a link must not be 0");
  if (options.first_retry.count() <= 0
      || options.longest_retry < options.first_retry)
    throw std::invalid_argument("the waits of a link before it dials again "
                                "must be 0 < first_retry <= longest_retry");
  return options;
}

tcp::acceptor listen(asio::io_context& io, const std::string& host,
                     std::uint16_t port) {
  tcp::acceptor acceptor(io);
  auto check = [&](const error_code& error) {
    if (error)
      throw std::system_error(error, "cannot listen on " + host + ":"
                                       + std::to_string(port)
                                       + " for data from other nodes");
  };
  error_code error;
  auto found = resolve(host, port, error);
  check(error);
  tcp::endpoint where = found.at(0);
  acceptor.open(where.protocol(), error);
  check(error);
  // A node may come back while connections of its last life linger.
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  check(error);
  acceptor.bind(where, error);
  check(error);
  acceptor.listen(tcp::acceptor::max_listen_connections, error);
  check(error);
  return acceptor;
}

// What other threads ask of the I/O thread.
struct send_request {
  std::string node;
  std::vector<outgoing_frame> frames;
  begun_frame first; ///< the first of them has been begun
};

struct add_request {
  std::string name;
  std::uint64_t incarnation;
  std::string host;
  std::uint16_t port;
  std::shared_ptr<tcp_outlets> outlets;
};

struct break_request {
  std::string name;
  std::string reason;
};

struct remove_request {
  std::string name;
};

using request =
  std::variant<send_request, add_request, break_request, remove_request>;

} // namespace

/// Requests come in through `requests_` in the order of the calls and are done
/// by the I/O thread, which alone knows peers and connections. Senders see only
/// the outlets of the peers.
class tcp_link::core {
public:
  core(const tcp_link_options& options, link_callbacks callbacks)
    : context_(std::make_shared<tcp_link_context>(checked(options),
                                                  std::move(callbacks))),
      acceptor_(listen(context_->io, options.host, options.port)),
      port_(acceptor_.local_endpoint().port()), accept_again_(context_->io),
      io_thread_([this] { run(); }) {}

  std::uint16_t port() const {
    return port_;
  }

  void send(const std::string& node, std::span<outgoing_frame> frames);
  void check(const std::string& node, const outgoing_frame& frame) const;
  std::uint64_t queued_bytes(const std::string& node) const;
  void add_peer(add_request wanted);
  void break_connection(break_request wanted);
  void remove_peer(const std::string& name);
  void stop();

private:
  void run();
  void ask(request wanted);
  void do_requests();
  void accept();
  void greet(tcp_stream stream);
  void refuse(const std::string& from, const std::string& reason,
              link_log level = link_log::warning);
  std::string judge(const hello& theirs) const;
  void close_everything();

  const std::shared_ptr<tcp_link_context> context_;

  // Of all threads.
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<tcp_outlets>> outlets_;
  std::vector<request> requests_;
  bool stopped_ = false;
  std::mutex stop_mutex_; // held while the I/O thread ends

  // Of the I/O thread.
  std::map<std::string, std::shared_ptr<tcp_peer>> peers_;
  std::set<std::shared_ptr<tcp_handshake>> strangers_;
  std::string last_refusal_;
  tcp::acceptor acceptor_;
  const std::uint16_t port_;
  asio::steady_timer accept_again_;

  std::thread io_thread_; // last: it uses all of the above
};

// -- on any thread ------------------------------------------------------------

// The caller holds the mutex.
void tcp_link::core::ask(request wanted) {
  if (stopped_)
    return;
  requests_.push_back(std::move(wanted));
  if (requests_.size() == 1)
    asio::post(context_->io, [this] { do_requests(); });
}

void tcp_link::core::check(const std::string& node,
                           const outgoing_frame& frame) const {
  if (frame.on_lane() > lane::state)
    throw std::invalid_argument("this link has no such lane");
  if (frame.size() > context_->options.longest_frame_bytes)
    throw std::length_error(
      "a frame of " + std::to_string(frame.size()) + " bytes to '" + node
      + "' is longer than the limit of "
      + std::to_string(context_->options.longest_frame_bytes)
      + "; raise the limit on all nodes or make epochs smaller");
}

void tcp_link::core::send(const std::string& node,
                          std::span<outgoing_frame> frames) {
  if (frames.empty())
    return;
  auto on = frames.front().on_lane();
  for (auto& frame : frames) {
    check(node, frame);
    if (frame.on_lane() != on)
      throw std::invalid_argument("frames sent together take the same lane");
  }
  for (auto& frame : frames)
    frame.seal();
  std::shared_ptr<tcp_outlets> outlets;
  {
    std::lock_guard guard(mutex_);
    auto found = outlets_.find(node);
    if (found == outlets_.end())
      return;
    outlets = found->second;
  }
  outlets->of(on).send(
    frames, [&](std::span<outgoing_frame> rest, begun_frame begun) {
      std::vector<outgoing_frame> left{std::make_move_iterator(rest.begin()),
                                       std::make_move_iterator(rest.end())};
      std::lock_guard guard(mutex_);
      ask(send_request{node, std::move(left), begun});
    });
}

std::uint64_t tcp_link::core::queued_bytes(const std::string& node) const {
  std::lock_guard guard(mutex_);
  auto found = outlets_.find(node);
  return found == outlets_.end() ? 0 : found->second->queued();
}

void tcp_link::core::add_peer(add_request wanted) {
  check_name(wanted.name);
  if (wanted.name == context_->options.name)
    throw std::invalid_argument("node '" + wanted.name
                                + "' cannot be a peer of itself");
  std::lock_guard guard(mutex_);
  auto& outlets = outlets_[wanted.name];
  if (!outlets)
    outlets = std::make_shared<tcp_outlets>();
  wanted.outlets = outlets;
  ask(std::move(wanted));
}

void tcp_link::core::break_connection(break_request wanted) {
  std::lock_guard guard(mutex_);
  if (outlets_.contains(wanted.name))
    ask(std::move(wanted));
}

void tcp_link::core::remove_peer(const std::string& name) {
  std::lock_guard guard(mutex_);
  if (outlets_.erase(name) > 0)
    ask(remove_request{name});
}

void tcp_link::core::stop() {
  assert(io_thread_.get_id() != std::this_thread::get_id());
  std::lock_guard guard(stop_mutex_);
  if (!io_thread_.joinable())
    return;
  asio::post(context_->io, [this] { close_everything(); });
  io_thread_.join();
  std::lock_guard requests_guard(mutex_);
  stopped_ = true;
  outlets_.clear();
  requests_.clear();
}

// -- on the I/O thread --------------------------------------------------------

void tcp_link::core::run() {
  auto work = asio::make_work_guard(context_->io);
  accept();
  context_->io.run();
}

void tcp_link::core::do_requests() {
  std::vector<request> todo;
  {
    std::lock_guard guard(mutex_);
    todo.swap(requests_);
  }
  for (request& next : todo) {
    if (auto* sent = std::get_if<send_request>(&next)) {
      // The sender may have been late for a peer that was removed meanwhile.
      if (auto peer = peers_.find(sent->node); peer != peers_.end())
        for (auto& frame : sent->frames)
          peer->second->send(std::move(frame),
                             std::exchange(sent->first, begun_frame{}));
    } else if (auto* added = std::get_if<add_request>(&next)) {
      auto& peer = peers_[added->name];
      if (!peer)
        peer =
          std::make_shared<tcp_peer>(context_, added->name, added->outlets);
      peer->meet(added->incarnation, added->host, added->port);
    } else if (auto* broken = std::get_if<break_request>(&next)) {
      if (auto peer = peers_.find(broken->name); peer != peers_.end())
        peer->second->break_connection(broken->reason);
    } else if (auto* removed = std::get_if<remove_request>(&next)) {
      auto peer = peers_.extract(removed->name);
      peer.mapped()->leave("no longer a peer");
    }
  }
  for (auto& [name, peer] : peers_)
    peer->flush();
}

void tcp_link::core::accept() {
  acceptor_.async_accept([this](error_code error, tcp_stream stream) {
    if (!acceptor_.is_open())
      return;
    if (!error) {
      greet(std::move(stream));
      return accept();
    }
    context_->log(link_log::error,
                  "cannot accept connections: " + error.message());
    accept_again_.expires_after(accept_pause);
    accept_again_.async_wait([this](error_code cancelled) {
      if (!cancelled && acceptor_.is_open())
        accept();
    });
  });
}

void tcp_link::core::greet(tcp_stream stream) {
  error_code error;
  auto from = stream.remote_endpoint(error).address().to_string();
  if (error)
    return; // gone already
  if (strangers_.size() >= most_strangers)
    return refuse(from, "too many callers have not said hello yet");
  auto handshake = std::make_shared<std::weak_ptr<tcp_handshake>>();
  tcp_handshake::callbacks then;
  // Two nodes seldom hear of each other at the same moment. The caller goes on
  // trying, and tells if that does not help.
  auto early = std::make_shared<bool>(false);
  then.judge = [this, early](const hello& theirs) {
    *early = !peers_.contains(theirs.name);
    return judge(theirs);
  };
  then.on_failed = [this, from, handshake, early](const std::string& reason) {
    strangers_.erase(handshake->lock());
    refuse(from, reason, *early ? link_log::info : link_log::warning);
  };
  then.on_done = [this, from, handshake](tcp_stream done, const hello& theirs) {
    strangers_.erase(handshake->lock());
    // The peer may have gone or begun a new life since it was judged.
    if (auto reason = judge(theirs); !reason.empty())
      return refuse(from, reason);
    peers_.at(theirs.name)->adopt(std::move(done), theirs);
  };
  auto stranger = std::make_shared<tcp_handshake>(
    std::move(stream), context_->ours, std::move(then));
  *handshake = stranger;
  strangers_.insert(stranger);
  stranger->answer(context_->options.handshake_limit);
}

void tcp_link::core::refuse(const std::string& from, const std::string& reason,
                            link_log level) {
  std::string text = "refused a connection from " + from + ": " + reason;
  // Said once, not each time a caller tries again.
  context_->log(text == last_refusal_ ? link_log::debug : level, text);
  last_refusal_ = std::move(text);
}

std::string tcp_link::core::judge(const hello& theirs) const {
  auto found = peers_.find(theirs.name);
  if (found == peers_.end())
    return "'" + context_->options.name + "' has no peer called '" + theirs.name
           + "'";
  if (theirs.name > context_->options.name)
    return "'" + theirs.name + "' must not dial '" + context_->options.name
           + "': the smaller name does";
  return found->second->judge(theirs);
}

void tcp_link::core::close_everything() {
  error_code ignored;
  acceptor_.close(ignored);
  for (const auto& stranger : strangers_)
    stranger->cancel();
  for (auto& [name, peer] : peers_)
    peer->stop();
  context_->io.stop();
}

// -- tcp_link -----------------------------------------------------------------

tcp_link::tcp_link(const tcp_link_options& options, link_callbacks callbacks)
  : core_(std::make_unique<core>(options, std::move(callbacks))) {}

tcp_link::~tcp_link() {
  stop();
}

std::uint16_t tcp_link::port() const {
  return core_->port();
}

void tcp_link::send(const std::string& node, std::span<outgoing_frame> frames) {
  core_->send(node, frames);
}

std::uint64_t tcp_link::queued_bytes(const std::string& node) const {
  return core_->queued_bytes(node);
}

void tcp_link::add_peer(const std::string& name, std::uint64_t incarnation,
                        const std::string& host, std::uint16_t port) {
  core_->add_peer({name, incarnation, host, port, nullptr});
}

void tcp_link::break_connection(const std::string& name,
                                const std::string& reason) {
  core_->break_connection({name, reason});
}

void tcp_link::remove_peer(const std::string& name) {
  core_->remove_peer(name);
}

void tcp_link::stop() {
  core_->stop();
}

} // namespace braid
