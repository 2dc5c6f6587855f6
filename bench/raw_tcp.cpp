#include "bench/raw_tcp.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace braid {

namespace {

constexpr timeval patience{10, 0};

// The result of a system call, unless it is an error.
ssize_t checked(ssize_t result, const char* what) {
  if (result < 0)
    throw std::system_error(errno, std::generic_category(),
                            std::string("raw TCP: cannot ") + what);
  return result;
}

class socket_handle {
public:
  explicit socket_handle(int number) : number_(number) {
    checked(number, "open a socket");
    for (int option : {SO_RCVTIMEO, SO_SNDTIMEO})
      checked(
        ::setsockopt(number, SOL_SOCKET, option, &patience, sizeof patience),
        "limit the time of a socket");
  }
  socket_handle(const socket_handle&) = delete;
  socket_handle& operator=(const socket_handle&) = delete;
  ~socket_handle() {
    ::close(number_);
  }

  int number() const {
    return number_;
  }

private:
  int number_;
};

socket_handle tcp_socket() {
  return socket_handle(::socket(AF_INET, SOCK_STREAM, 0));
}

sockaddr* generic(sockaddr_in& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

sockaddr_in listen_on_loopback(const socket_handle& listener) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  checked(::bind(listener.number(), generic(address), size), "bind");
  checked(::listen(listener.number(), 1), "listen");
  checked(::getsockname(listener.number(), generic(address), &size),
          "find its own port");
  return address;
}

void write_all(int socket, std::array<iovec, 2> parts) {
  std::size_t part = 0;
  while (part < parts.size()) {
    auto written = static_cast<std::size_t>(checked(
      ::writev(socket, &parts[part], int(parts.size() - part)), "write"));
    while (part < parts.size() && written >= parts[part].iov_len)
      written -= parts[part++].iov_len;
    if (part < parts.size()) {
      parts[part].iov_base = static_cast<char*>(parts[part].iov_base) + written;
      parts[part].iov_len -= written;
    }
  }
}

void read_all(int socket, char* to, std::size_t bytes) {
  while (bytes > 0) {
    auto got = checked(::read(socket, to, bytes), "read");
    if (got == 0)
      throw std::system_error(ECONNRESET, std::generic_category(),
                              "raw TCP: the sender has gone");
    to += got;
    bytes -= static_cast<std::size_t>(got);
  }
}

void send_frames(sockaddr_in to, std::size_t frame_bytes,
                 std::uint64_t frames) {
  socket_handle socket = tcp_socket();
  checked(::connect(socket.number(), generic(to), sizeof to), "connect");
  int yes = 1;
  checked(
    ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes),
    "set TCP_NODELAY");
  std::uint64_t header = frame_bytes;
  std::vector<char> payload(frame_bytes, 1);
  for (std::uint64_t i = 0; i < frames; ++i)
    write_all(socket.number(),
              {{{&header, sizeof header}, {payload.data(), payload.size()}}});
}

void receive_frames(int socket, std::size_t frame_bytes, std::uint64_t frames) {
  std::vector<char> payload(frame_bytes);
  volatile char touched = 0;
  for (std::uint64_t i = 0; i < frames; ++i) {
    std::uint64_t header = 0;
    read_all(socket, reinterpret_cast<char*>(&header), sizeof header);
    read_all(socket, payload.data(), std::min(header, frame_bytes));
    for (std::size_t at = 0; at < payload.size(); at += 4096)
      touched = payload[at];
  }
  static_cast<void>(touched);
}

// The process at the other end. It ends by itself, at the latest when the
// socket does.
class sender_process {
public:
  template <class Work>
  explicit sender_process(Work work) : id_(::fork()) {
    checked(id_, "fork");
    if (id_ > 0)
      return;
    try {
      work();
    } catch (const std::exception&) {
      ::_exit(EXIT_FAILURE); // the receiver sees the connection end
    }
    ::_exit(EXIT_SUCCESS);
  }
  sender_process(const sender_process&) = delete;
  sender_process& operator=(const sender_process&) = delete;
  ~sender_process() {
    while (::waitpid(id_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

private:
  pid_t id_;
};

} // namespace

double raw_tcp_bytes_per_second(std::size_t frame_bytes,
                                std::uint64_t total_bytes) {
  if (frame_bytes == 0)
    throw std::invalid_argument("raw TCP needs frames of at least one byte");
  std::uint64_t frames = (total_bytes + frame_bytes - 1) / frame_bytes;
  socket_handle listener = tcp_socket();
  sockaddr_in address = listen_on_loopback(listener);
  sender_process sender([&] { send_frames(address, frame_bytes, frames); });
  socket_handle socket(::accept(listener.number(), nullptr, nullptr));

  auto begin = std::chrono::steady_clock::now();
  receive_frames(socket.number(), frame_bytes, frames);
  std::chrono::duration<double> seconds =
    std::chrono::steady_clock::now() - begin;
  return static_cast<double>(frames * frame_bytes) / seconds.count();
}

} // namespace braid
