// Sockets for the sources that read lines from TCP connections.
#pragma once

#include <cstdint>
#include <memory>
#include <netdb.h>
#include <string>
#include <utility>

namespace braid {

/// A file descriptor that is closed with its owner.
class owned_descriptor {
public:
  owned_descriptor() = default;

  explicit owned_descriptor(int number) : number_(number) {}

  owned_descriptor(owned_descriptor&& other) noexcept
    : number_(std::exchange(other.number_, -1)) {}

  owned_descriptor& operator=(owned_descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  ~owned_descriptor();

  int number() const {
    return number_;
  }

  explicit operator bool() const {
    return number_ >= 0;
  }

private:
  int number_ = -1;
};

struct address_list_deleter {
  void operator()(addrinfo* list) const {
    freeaddrinfo(list);
  }
};

using address_list = std::unique_ptr<addrinfo, address_list_deleter>;

/// The addresses of a host, or why there are none. `flags` are AI_*. May block
/// while a name is looked up.
std::pair<address_list, std::string> look_up(const std::string& host,
                                             std::uint16_t port, int flags);

/// A socket that does not block; false if there cannot be one.
owned_descriptor socket_for(const addrinfo& address);

/// A listening one; if there cannot be one, `errno` says why.
owned_descriptor listen_at(const addrinfo& address);

/// While nobody listens, the system may choose the very port that is called as
/// the caller's own, and connect the socket to itself.
bool is_connected_to_itself(int socket);

/// Notices when the machine at the other end is gone without a word.
void keep_alive(int socket);

/// Of this end.
std::uint16_t port_of(int socket);

} // namespace braid
