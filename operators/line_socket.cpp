#include "operators/line_socket.hpp"

#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace braid {

owned_descriptor::~owned_descriptor() {
  if (number_ >= 0)
    close(number_);
}

std::pair<address_list, std::string> look_up(const std::string& host,
                                             std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  auto error =
    getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  return {address_list{found}, error == 0 ? "" : gai_strerror(error)};
}

owned_descriptor socket_for(const addrinfo& address) {
  return owned_descriptor{
    socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
}

owned_descriptor listen_at(const addrinfo& address) {
  auto result = socket_for(address);
  int yes = 1;
  setsockopt(result.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (bind(result.number(), address.ai_addr, address.ai_addrlen) != 0
      || listen(result.number(), SOMAXCONN) != 0)
    return {};
  return result;
}

bool is_connected_to_itself(int socket) {
  sockaddr_storage own{};
  sockaddr_storage other{};
  socklen_t own_size = sizeof(own);
  socklen_t other_size = sizeof(other);
  return getsockname(socket, reinterpret_cast<sockaddr*>(&own), &own_size) == 0
         && getpeername(socket, reinterpret_cast<sockaddr*>(&other),
                        &other_size)
              == 0
         && own_size == other_size && std::memcmp(&own, &other, own_size) == 0;
}

std::uint16_t port_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET6
                 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                 : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

void keep_alive(int socket) {
  int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
}

} // namespace braid
