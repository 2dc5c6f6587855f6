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
using clock = dial_turn::clock;

/// The two ends of a connection.
struct ends {
  endpoint own;
  endpoint other;
};

/// Those of a connection to `where`; nothing if nobody accepts it.
std::optional<ends> reached(const address& where,
                            std::chrono::microseconds limit) {
  boost::asio::io_context context;
  boost::asio::ip::tcp::resolver resolver{context};
  boost::asio::ip::tcp::socket socket{context};
  bool connected = false;
  resolver.async_resolve(
    where.host, std::to_string(where.port),
    [&](const boost::system::error_code& error, auto endpoints) {
      if (error)
        return;
      boost::asio::async_connect(socket, endpoints,
                                 [&](const boost::system::error_code& failed,
                                     const auto&) { connected = !failed; });
    });
  context.run_for(limit);
  if (!connected)
    return std::nullopt;
  boost::system::error_code gone;
  ends result{socket.local_endpoint(gone), {}};
  if (!gone)
    result.other = socket.remote_endpoint(gone);
  return gone ? std::nullopt : std::optional{result};
}

/// Whether this node, which listens at `own_port`, is to connect first. Both
/// nodes see the same two addresses, however they are written in their
/// configurations.
bool connects_first(const ends& between, std::uint16_t own_port) {
  return endpoint{between.own.address(), own_port} > between.other;
}

} // namespace

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
  wanted_.try_emplace(to_string(where), search{where, {}});
  changed_.notify_one();
}

void dialer::settle(const address& where) {
  std::lock_guard guard{mutex_};
  wanted_.erase(to_string(where));
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

void dialer::try_now(const std::string& name, const address& where) {
  auto between = reached(where, connect_limit_);
  {
    std::lock_guard guard{mutex_};
    auto found = wanted_.find(name);
    if (found == wanted_.end())
      return; // settled meanwhile
    auto& turn = found->second.turn;
    if (!between)
      return turn.on_unreachable(clock::now());
    if (!turn.on_reachable(connects_first(*between, own_port_), clock::now()))
      return;
  }
  found_(where);
}

void dialer::run() {
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    auto tries = due();
    lock.unlock();
    for (auto& [name, what] : tries)
      try_now(name, what.where);
    lock.lock();
    // What was asked meanwhile is due at once.
    if (wanted_.empty() && !stopping_)
      changed_.wait(lock);
    else if (!stopping_)
      changed_.wait_until(lock, earliest());
  }
}

} // namespace braid
