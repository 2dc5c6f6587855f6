// A port for nodes that must know each other's before they are there.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <random>

namespace braid::testing {

/// A port of the loopback interface that nobody listens at, below those that
/// the system gives to connections.
inline std::uint16_t free_port() {
  static std::mt19937 luck{std::random_device{}()};
  boost::asio::io_context context;
  for (;;) {
    auto port = static_cast<std::uint16_t>(12'000 + luck() % 20'000);
    boost::asio::ip::tcp::acceptor probe{context};
    boost::system::error_code error;
    probe.open(boost::asio::ip::tcp::v4());
    probe.bind({boost::asio::ip::address_v4::loopback(), port}, error);
    if (!error)
      return port;
  }
}

} // namespace braid::testing
