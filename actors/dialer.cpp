#include "actors/dialer.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <vector>

namespace braid {

namespace {

/// How long to wait before trying all addresses again.
constexpr std::chrono::milliseconds pause{250};

/// Whether somebody accepts connections at `where`.
bool reachable(const address& where, std::chrono::microseconds limit) {
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
  return connected;
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

void dialer::look_for(const address& where) {
  std::lock_guard guard{mutex_};
  wanted_[to_string(where)] = where;
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

void dialer::run() {
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    auto tries = wanted_;
    lock.unlock();
    for (auto& [text, where] : tries)
      if (reachable(where, connect_limit_))
        found_(where);
    lock.lock();
    if (wanted_.empty())
      changed_.wait(lock, [this] { return stopping_ || !wanted_.empty(); });
    else
      changed_.wait_for(lock, pause, [this] { return stopping_; });
  }
}

} // namespace braid
