#include "operators/line_receiver.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <stdexcept>
#include <string_view>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace braid {

namespace {

std::string socket_problem(int error) {
  return std::generic_category().message(error);
}

} // namespace

// -- starting and stopping ----------------------------------------------------

line_receiver::line_receiver(const tcp_line_source::settings& settings,
                             line_inbox& inbox)
  : settings_(settings), inbox_(&inbox),
    signal_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!signal_)
    throw std::runtime_error{"cannot make an event: " + socket_problem(errno)};
  if (settings_.listen) {
    auto [addresses, problem] =
      look_up(settings_.host, settings_.port, AI_PASSIVE);
    if (addresses) {
      listener_ = listen_at(*addresses);
      problem = socket_problem(errno);
    }
    if (!listener_)
      throw std::runtime_error{"cannot listen on " + place() + ": " + problem
                               + "; choose another port or address"};
    if (settings_.listening)
      settings_.listening(port_of(listener_.number()));
  }
  thread_ = std::thread{[this] { run(); }};
}

line_receiver::~line_receiver() {
  stopped_ = true;
  resume();
  thread_.join();
}

void line_receiver::resume() {
  std::uint64_t one = 1;
  // Fails only if it is signalled a great many times already.
  [[maybe_unused]] auto written = write(signal_.number(), &one, sizeof(one));
}

std::string line_receiver::place() const {
  auto v6 = settings_.host.find(':') != std::string::npos;
  return (v6 ? "[" + settings_.host + "]" : settings_.host) + ":"
         + std::to_string(settings_.port);
}

void line_receiver::run() {
  try {
    if (settings_.listen)
      run_listener();
    else
      run_client();
    if (!stopped_)
      inbox_->end();
  } catch (const std::exception& error) {
    inbox_->fail(error.what());
  }
}

// -- the two modes ------------------------------------------------------------

void line_receiver::run_client() {
  while (!stopped_) {
    lost_reason_ = 0;
    auto problem = connect_once();
    while (!stopped_ && !connections_.empty())
      serve_ready();
    if (lost_reason_ != 0)
      problem = "lost the connection to " + place() + ": "
                + socket_problem(lost_reason_);
    if (!settings_.reconnect_after) {
      if (!problem.empty() && !stopped_)
        throw std::runtime_error{
          problem
          + "; see to it that something listens there, or set "
            "tcp_client_options::reconnect_after"};
      return;
    }
    pause(*settings_.reconnect_after);
  }
}

void line_receiver::run_listener() {
  while (!stopped_ && !is_finished())
    serve_ready();
}

bool line_receiver::is_finished() const {
  return settings_.connections && accepted_ >= *settings_.connections
         && connections_.empty();
}

/// Returns why not, or nothing.
std::string line_receiver::connect_once() {
  auto [addresses, problem] = look_up(settings_.host, settings_.port, 0);
  for (auto* at = addresses.get(); at && !stopped_; at = at->ai_next) {
    auto socket = socket_for(*at);
    auto error = 0;
    if (connect(socket.number(), at->ai_addr, at->ai_addrlen) != 0)
      error = errno;
    if (error == EINPROGRESS && wait_for(socket.number(), POLLOUT)) {
      socklen_t size = sizeof(error);
      getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0 && is_connected_to_itself(socket.number()))
      error = ECONNREFUSED;
    if (error == 0) {
      add_connection(std::move(socket));
      return {};
    }
    problem = socket_problem(error);
  }
  return "cannot connect to " + place() + ": " + problem;
}

// -- waiting ------------------------------------------------------------------

/// A signal only says: look at `stopped_` and at the inbox again.
void line_receiver::drain_signal() {
  std::uint64_t ignored = 0;
  [[maybe_unused]] auto drained =
    read(signal_.number(), &ignored, sizeof(ignored));
}

/// Until `socket` is ready, or the receiver is stopped: then false.
bool line_receiver::wait_for(int socket, short events) {
  while (!stopped_) {
    std::array<pollfd, 2> polled{pollfd{signal_.number(), POLLIN, 0},
                                 pollfd{socket, events, 0}};
    poll(polled.data(), polled.size(), -1);
    drain_signal();
    if (polled[1].revents != 0)
      return true;
  }
  return false;
}

/// Waits so long, or until the receiver is stopped: then false.
bool line_receiver::pause(std::chrono::milliseconds duration) {
  using clock = std::chrono::steady_clock;
  auto end = clock::now() + duration;
  while (!stopped_) {
    auto left =
      std::chrono::ceil<std::chrono::milliseconds>(end - clock::now());
    if (left.count() <= 0)
      return true;
    pollfd polled{signal_.number(), POLLIN, 0};
    poll(&polled, 1,
         static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    drain_signal();
  }
  return false;
}

/// Waits for something to do, and does it.
void line_receiver::serve_ready() {
  std::vector<pollfd> polled{{signal_.number(), POLLIN, 0}};
  auto more_wanted =
    !settings_.connections || accepted_ < *settings_.connections;
  if (listener_ && more_wanted)
    polled.push_back({listener_.number(), POLLIN, 0});
  auto first = polled.size();
  if (inbox_->has_room())
    for (auto& from : connections_)
      polled.push_back({from.socket.number(), POLLIN, 0});
  poll(polled.data(), polled.size(), -1);

  drain_signal();
  // From the last, so that removing one leaves those still to come in place.
  for (auto i = polled.size(); i-- > first;)
    if (polled[i].revents != 0
        && receive(connections_[i - first]) != outcome::open)
      connections_.erase(connections_.begin()
                         + static_cast<std::ptrdiff_t>(i - first));
  if (first == 2 && polled[1].revents != 0)
    accept_one();
}

void line_receiver::add_connection(owned_descriptor socket) {
  keep_alive(socket.number());
  connections_.push_back({std::move(socket)});
}

void line_receiver::accept_one() {
  owned_descriptor socket{accept4(listener_.number(), nullptr, nullptr,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (socket) {
    ++accepted_;
    add_connection(std::move(socket));
    return;
  }
  // The others mean that the connection is gone already.
  if (errno == EMFILE || errno == ENFILE)
    throw std::runtime_error{"cannot accept a connection on " + place() + ": "
                             + socket_problem(errno)
                             + "; raise `ulimit -n`, or connect less often"};
}

// -- receiving ----------------------------------------------------------------

line_receiver::outcome line_receiver::receive(connection& from) {
  std::array<char, 64 * 1024> data;
  auto size = recv(from.socket.number(), data.data(), data.size(), 0);
  if (size > 0) {
    take(from, data.data(), static_cast<std::size_t>(size));
    return outcome::open;
  }
  if (size < 0) {
    if (errno == EAGAIN || errno == EINTR)
      return outcome::open;
    lost_reason_ = errno;
    return outcome::lost;
  }
  end_line(from);
  return outcome::closed;
}

void line_receiver::take(connection& from, const char* data, std::size_t size) {
  std::string_view text{data, size};
  auto last = text.rfind('\n');
  auto whole = last == text.npos ? 0 : last + 1;
  if (whole > 0) {
    from.line_begin += text.substr(0, whole);
    inbox_->add(from.line_begin);
    from.line_begin.clear();
  }
  from.line_begin += text.substr(whole);
  if (from.line_begin.size() > settings_.limits.max_line_bytes)
    throw std::runtime_error{"a line from " + place() + " is longer than "
                             + std::to_string(settings_.limits.max_line_bytes)
                             + " bytes; end lines with a newline, or raise "
                               "tcp_line_limits::max_line_bytes"};
}

/// The last line may lack its newline.
void line_receiver::end_line(connection& from) {
  if (from.line_begin.empty())
    return;
  from.line_begin += '\n';
  inbox_->add(from.line_begin);
}

} // namespace braid
