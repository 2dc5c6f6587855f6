#include "actors/dialer.hpp"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <utility>

namespace braid {

namespace {

using endpoint = boost::asio::ip::tcp::endpoint;
using boost::system::error_code;
using clock = dial_turn::clock;

/// Whether this node, which listens at `own_port`, is to connect first. Both
/// nodes see the same two addresses, however they are written in their
/// configurations.
bool connects_first(const endpoint& own, std::uint16_t own_port,
                    const endpoint& other) {
  return endpoint{own.address(), own_port} > other;
}

} // namespace

/// A connection to an address, if somebody accepts it.
struct dialer::trial {
  trial(const address& where, std::chrono::microseconds limit) {
    boost::asio::ip::tcp::resolver resolver{context};
    resolver.async_resolve(where.host, std::to_string(where.port),
                           [&](const error_code& error, auto endpoints) {
                             if (!error)
                               boost::asio::async_connect(
                                 socket, endpoints,
                                 [&](const error_code& failed, const auto&) {
                                   connected = !failed;
                                 });
                           });
    context.run_for(limit);
    error_code gone;
    own = socket.local_endpoint(gone);
    if (!gone)
      other = socket.remote_endpoint(gone);
    connected = connected && !gone;
  }

  /// The other side has not closed it.
  bool is_open() {
    if (!connected)
      return false;
    error_code error;
    socket.non_blocking(true, error);
    // CAF greets whoever connects.
    char greeting[256];
    while (!error)
      socket.read_some(boost::asio::buffer(greeting), error);
    connected = error == boost::asio::error::would_block;
    return connected;
  }

  boost::asio::io_context context;
  boost::asio::ip::tcp::socket socket{context};
  bool connected = false;
  endpoint own;
  endpoint other;
};

std::string to_string(const address& x) {
  return x.host + ":" + std::to_string(x.port);
}

dialer::dialer(std::chrono::microseconds connect_limit,
               std::function<void(const address&)> found)
  : connect_limit_(connect_limit), found_(std::move(found)),
    thread_([this] { run(); }) {}

dialer::~dialer() {
  stop();
}

void dialer::listens_at(std::uint16_t port) {
  std::lock_guard guard{mutex_};
  own_port_ = port;
}

void dialer::look_for(const address& where) {
  std::lock_guard guard{mutex_};
  wanted_.try_emplace(to_string(where), search{where, {}, nullptr});
  changed_.notify_one();
}

void dialer::settle(const address& where) {
  std::lock_guard guard{mutex_};
  auto found = wanted_.find(to_string(where));
  if (found == wanted_.end())
    return;
  // In place of that to an earlier life, which nobody mistakes for anything
  // now.
  if (found->second.open)
    settled_[found->first] = std::move(found->second.open);
  wanted_.erase(found);
}

void dialer::stop() {
  {
    std::lock_guard guard{mutex_};
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable())
    thread_.join();
}

/// The caller holds the mutex.
std::map<std::string, dialer::search> dialer::due() const {
  auto result = wanted_;
  auto now = clock::now();
  std::erase_if(result, [&](auto& x) { return x.second.turn.next() > now; });
  return result;
}

/// When something is due. The caller holds the mutex.
clock::time_point dialer::earliest() const {
  auto result = clock::now() + dial_turn::longest_pause;
  for (auto& [name, what] : wanted_)
    result = std::min(result, what.turn.next());
  return result;
}

void dialer::try_now(const std::string& name, search what) {
  auto open = std::move(what.open);
  if (!open || !open->is_open())
    open = std::make_shared<trial>(what.where, connect_limit_);
  {
    std::lock_guard guard{mutex_};
    auto found = wanted_.find(name);
    if (found == wanted_.end())
      return; // settled meanwhile
    auto& turn = found->second.turn;
    found->second.open = open->connected ? open : nullptr;
    if (!open->connected)
      return turn.on_unreachable(clock::now());
    auto first = connects_first(open->own, own_port_, open->other);
    if (!turn.on_reachable(first, clock::now()))
      return;
  }
  found_(what.where);
}

void dialer::run() {
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    auto tries = due();
    lock.unlock();
    for (auto& [name, what] : tries)
      try_now(name, what);
    lock.lock();
    // What was asked meanwhile is due at once.
    if (wanted_.empty() && !stopping_)
      changed_.wait(lock);
    else if (!stopping_)
      changed_.wait_until(lock, earliest());
  }
}

} // namespace braid
