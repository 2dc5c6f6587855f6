// Nodes with a TCP link each, on loopback and in one process, for tests that
// wait for what their links tell.
#pragma once

#include "actors/tcp_link.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <random>
#include <span>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace braid::testing {

inline constexpr auto time_limit = std::chrono::seconds(60);

struct received {
  std::string from;
  incoming_frame frame;
};

/// What a link told, for tests that wait for it.
class witness {
public:
  link_callbacks callbacks() {
    link_callbacks told;
    told.on_frame = [this](const std::string& from, incoming_frame frame) {
      note([&] { frames_.push_back({from, std::move(frame)}); });
    };
    told.on_peer_up = [this](const std::string& peer) {
      note([&] { ups_.push_back(peer); });
    };
    told.on_peer_down = [this](const std::string& peer,
                               const std::string& reason) {
      note([&] { downs_.push_back(peer + ": " + reason); });
    };
    told.on_log = [this](link_log level, const std::string& text) {
      if (level != link_log::debug)
        note([&] { log_.push_back(text); });
    };
    return told;
  }

  std::vector<received> frames(std::size_t count) {
    return wait([&] { return frames_.size() >= count; }, frames_);
  }

  std::vector<std::string> ups(std::size_t count) {
    return wait([&] { return ups_.size() >= count; }, ups_);
  }

  std::vector<std::string> downs(std::size_t count) {
    return wait([&] { return downs_.size() >= count; }, downs_);
  }

  /// The number of lines that contain the text: waits for the first.
  std::size_t logged(const std::string& text) {
    auto contains = [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    };
    auto lines =
      wait([&] { return std::ranges::any_of(log_, contains); }, log_);
    return std::ranges::count_if(lines, contains);
  }

private:
  template <class Change>
  void note(Change change) {
    std::lock_guard guard(mutex_);
    change();
    changed_.notify_all();
  }

  template <class Condition, class T>
  T wait(Condition condition, const T& answer) {
    std::unique_lock guard(mutex_);
    if (!changed_.wait_for(guard, time_limit, condition))
      FAIL("waited in vain; the log: "
           << Catch::StringMaker<std::vector<std::string>>::convert(log_));
    return answer;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<received> frames_;
  std::vector<std::string> ups_;
  std::vector<std::string> downs_;
  std::vector<std::string> log_;
};

inline tcp_link_options options_for(const std::string& name,
                                    std::uint64_t incarnation = 1,
                                    std::uint16_t port = 0) {
  tcp_link_options options;
  options.name = name;
  options.incarnation = incarnation;
  options.port = port;
  options.first_retry = std::chrono::milliseconds(1);
  options.longest_retry = std::chrono::milliseconds(20);
  return options;
}

struct node {
  explicit node(const std::string& name, std::uint64_t incarnation = 1,
                std::uint16_t port = 0)
    : node(options_for(name, incarnation, port)) {}

  explicit node(const tcp_link_options& wanted)
    : options(wanted), link(options, seen.callbacks()) {}

  void knows(const node& other) {
    link.add_peer(other.options.name, other.options.incarnation, "127.0.0.1",
                  other.link.port());
  }

  tcp_link_options options;
  witness seen;
  tcp_link link;
};

inline void introduce(node& one, node& other) {
  one.knows(other);
  other.knows(one);
}

/// The address of loopback with a port, 0 for any.
inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// A port on which nobody listens until a node of the test does, and which the
/// system gives to nobody else meanwhile: bound, with leave to bind it again.
class reserved_port {
public:
  reserved_port() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    int yes = 1;
    ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    auto at = loopback(0);
    socklen_t size = sizeof at;
    auto* address = reinterpret_cast<sockaddr*>(&at);
    REQUIRE(::bind(socket_, address, size) == 0);
    REQUIRE(::getsockname(socket_, address, &size) == 0);
    number_ = ntohs(at.sin_port);
  }
  reserved_port(const reserved_port&) = delete;
  reserved_port& operator=(const reserved_port&) = delete;
  ~reserved_port() {
    ::close(socket_);
  }

  std::uint16_t number() const {
    return number_;
  }

  /// Accepts connections, and says nothing.
  void listen() {
    REQUIRE(::listen(socket_, 8) == 0);
  }

  void stop_listening() {
    ::shutdown(socket_, SHUT_RDWR);
  }

private:
  int socket_;
  std::uint16_t number_ = 0;
};

inline std::vector<std::byte> noise(std::size_t size, std::uint32_t seed = 1) {
  std::vector<std::byte> bytes(size);
  std::minstd_rand random(seed);
  for (auto& byte : bytes)
    byte = static_cast<std::byte>(random());
  return bytes;
}

inline outgoing_frame numbered(std::uint64_t number) {
  auto bytes = std::as_bytes(std::span(&number, 1));
  return outgoing_frame(1, {bytes.begin(), bytes.end()});
}

inline std::uint64_t number_of(const incoming_frame& frame) {
  std::uint64_t number = 0;
  REQUIRE(frame.bytes().size() == sizeof number);
  std::ranges::copy(frame.bytes(),
                    std::as_writable_bytes(std::span(&number, 1)).begin());
  return number;
}

/// A head and up to `most_parts` parts, cut at random places of `size` bytes.
inline outgoing_frame cut_up(std::size_t size, std::size_t most_parts,
                             std::uint32_t seed) {
  auto body = std::make_shared<std::vector<std::byte>>(noise(size, seed));
  std::minstd_rand random(seed);
  std::vector<std::size_t> cuts{0, size};
  for (std::size_t i = 0; i < most_parts; ++i)
    cuts.push_back(random() % (size + 1));
  std::ranges::sort(cuts);
  auto head = std::span(*body).first(cuts[1]);
  outgoing_frame frame(static_cast<std::uint16_t>(seed),
                       {head.begin(), head.end()});
  for (std::size_t i = 2; i < cuts.size(); ++i)
    frame.append(std::span(*body).subspan(cuts[i - 1], cuts[i] - cuts[i - 1]),
                 body);
  return frame;
}

/// A program on the other end of a connection that need not be a node.
class stranger {
public:
  explicit stranger(std::uint16_t port)
    : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    timeval limit{std::chrono::seconds(time_limit).count(), 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    auto to = loopback(port);
    REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to)
            == 0);
  }
  stranger(const stranger&) = delete;
  stranger& operator=(const stranger&) = delete;
  ~stranger() {
    ::close(socket_);
  }

  void say(std::span<const std::byte> bytes) {
    REQUIRE(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL)
            == static_cast<ssize_t>(bytes.size()));
  }

  /// All that is said until the connection is closed.
  std::string hear_out() {
    std::string all;
    char part[1024];
    for (;;) {
      auto bytes = ::recv(socket_, part, sizeof part, 0);
      if (bytes < 0)
        REQUIRE(errno == ECONNRESET);
      if (bytes <= 0)
        return all;
      all.append(part, static_cast<std::size_t>(bytes));
    }
  }

private:
  int socket_;
};

} // namespace braid::testing
