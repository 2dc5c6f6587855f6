// Lines over real connections on this machine.
#include "tests/operators/source_fixture.hpp"

#include "operators/line_inbox.hpp"
#include "operators/line_receiver.hpp"
#include "operators/tcp_source.hpp"
#include "operators/topology_error.hpp"

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <fcntl.h>
#include <future>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

using namespace braid;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

using lines = std::vector<std::string>;

sockaddr_in here(std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return result;
}

owned_descriptor new_socket() {
  return owned_descriptor{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
}

/// For threads of a test, in which Catch has no assertions.
void expect(bool condition, const char* what) {
  if (!condition)
    throw std::runtime_error{what};
}

void send_all(const owned_descriptor& to, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    auto sent =
      send(to.number(), text.data() + done, text.size() - done, MSG_NOSIGNAL);
    expect(sent > 0, "cannot send");
    done += static_cast<std::size_t>(sent);
  }
}

/// Sends until nothing is taken any more, or `most` bytes; returns how many.
std::size_t send_what_is_taken(const owned_descriptor& to,
                               const std::string& text, std::size_t most) {
  fcntl(to.number(), F_SETFL, O_NONBLOCK);
  std::size_t done = 0;
  while (done < most) {
    pollfd polled{to.number(), POLLOUT, 0};
    if (poll(&polled, 1, 200) == 0)
      break;
    auto at = done % text.size();
    auto sent =
      send(to.number(), text.data() + at, text.size() - at, MSG_NOSIGNAL);
    if (sent > 0)
      done += static_cast<std::size_t>(sent);
  }
  return done;
}

/// Ends a connection so that the other side sees an error.
void reset(owned_descriptor& connection) {
  linger at_once{1, 0};
  setsockopt(connection.number(), SOL_SOCKET, SO_LINGER, &at_once,
             sizeof(at_once));
  connection = {};
}

/// What a source connects to.
class server {
public:
  explicit server(std::uint16_t port = 0) : socket_(new_socket()) {
    int yes = 1;
    setsockopt(socket_.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    auto address = here(port);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(bind(socket_.number(), generic, sizeof(address)) == 0);
    REQUIRE(listen(socket_.number(), 8) == 0);
    socklen_t size = sizeof(address);
    getsockname(socket_.number(), generic, &size);
    port_ = ntohs(address.sin_port);
  }

  std::uint16_t port() const {
    return port_;
  }

  owned_descriptor accepted() const {
    pollfd polled{socket_.number(), POLLIN, 0};
    REQUIRE(poll(&polled, 1, 30'000) == 1);
    return owned_descriptor{accept(socket_.number(), nullptr, nullptr)};
  }

private:
  owned_descriptor socket_;
  std::uint16_t port_ = 0;
};

owned_descriptor connect_to(std::uint16_t port) {
  auto result = new_socket();
  auto address = here(port);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  expect(connect(result.number(), generic, sizeof(address)) == 0,
         "cannot connect");
  return result;
}

/// Reads a source as a partition does: when it is woken, and never waiting in
/// the source itself.
class waiting_reader {
public:
  explicit waiting_reader(const tcp_line_source& source)
    : split_(source, 0, {[this] { wake(); }}) {}

  /// Reads until the stream ends or `count` lines are there.
  lines read(std::size_t count = ~std::size_t{0}) {
    lines result;
    while (result.size() < count) {
      auto status = split_.read(tuples(count - result.size()));
      auto part = split_.values();
      result.insert(result.end(), part.begin(), part.end());
      if (status == source_status::ended)
        break;
      if (status == source_status::waiting)
        wait();
    }
    return result;
  }

  split_fixture<tcp_line_source>& split() {
    return split_;
  }

private:
  void wake() {
    std::lock_guard guard{mutex_};
    woken_ = true;
    changed_.notify_all();
  }

  void wait() {
    std::unique_lock guard{mutex_};
    if (!changed_.wait_for(guard, 30s, [this] { return woken_; }))
      throw std::runtime_error{"the source does not wake its reader"};
    woken_ = false;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  split_fixture<tcp_line_source> split_; // last: its thread uses the others
};

/// A listening source and its port.
struct listening_fixture {
  std::uint16_t port = 0;
  waiting_reader reader;

  explicit listening_fixture(tcp_listen_options options = {})
    : reader(listen_lines(0, with_port(std::move(options)))) {}

private:
  tcp_listen_options with_port(tcp_listen_options options) {
    options.listening = [this](std::uint16_t chosen) { port = chosen; };
    return options;
  }
};

} // namespace

TEST_CASE("lines come over a connection until it is closed", "[threads]") {
  server there;
  waiting_reader reader{tcp_lines("127.0.0.1", there.port())};
  auto connection = there.accepted();
  send_all(connection, "one\ntwo\r\n\nhal");
  CHECK(reader.read(3) == lines{"one", "two", ""});
  send_all(connection, "f\nlast");
  connection = {};
  CHECK(reader.read() == lines{"half", "last"});
  CHECK(reader.split().position() == 20);
}

TEST_CASE("a reader without lines waits, and is woken", "[threads]") {
  server there;
  waiting_reader reader{tcp_lines("localhost", there.port(),
                                  {.limits = {.keep_carriage_return = true}})};
  CHECK(reader.split().read() == source_status::waiting);
  auto connection = there.accepted();
  CHECK(reader.split().read() == source_status::waiting);
  send_all(connection, "a\r\nb\n");
  CHECK(reader.read(1) == lines{"a\r"});
  CHECK(reader.split().read(tuples(1)) == source_status::more);
  CHECK(reader.split().values() == lines{"b"});
  CHECK(reader.split().read() == source_status::waiting);
}

TEST_CASE("the sender has to wait while nobody reads", "[threads]") {
  constexpr std::size_t most = 64 << 20;
  server there;
  waiting_reader reader{
    tcp_lines("127.0.0.1", there.port(), {.limits = {.buffer_bytes = 1000}})};
  auto connection = there.accepted();
  // Not with operator+: GCC 12 sees a copy out of bounds there, falsely.
  std::string text(99, 'x');
  text += '\n';
  auto sent = send_what_is_taken(connection, text, most);
  CHECK(sent < most);
  connection = {};
  auto read = reader.read();
  CHECK(read.size() == (sent + 99) / 100);
  read.pop_back();
  CHECK(std::all_of(read.begin(), read.end(),
                    [](auto& line) { return line.size() == 99; }));
}

TEST_CASE("an inbox says when it is full, and wakes whoever found nothing") {
  int woken = 0;
  line_inbox inbox{4, [&] { ++woken; }};
  CHECK(inbox.add("a\n"));
  CHECK(woken == 1);
  CHECK_FALSE(inbox.add("b\n"));
  CHECK(woken == 1);
  CHECK_FALSE(inbox.has_room());
  inbox.fail("broken");
  auto first = inbox.take();
  CHECK(first.lines == "a\nb\n");
  CHECK(first.was_full);
  CHECK_FALSE(first.ended);
  CHECK(first.error.empty());
  CHECK(inbox.has_room());
  auto second = inbox.take();
  CHECK(second.ended);
  CHECK(second.error == "broken");
}

TEST_CASE("a refused connection is an error with a remedy", "[threads]") {
  auto port = server{}.port();
  waiting_reader reader{tcp_lines("127.0.0.1", port)};
  CHECK_THROWS_WITH(reader.read(), Contains("127.0.0.1:" + std::to_string(port))
                                     && Contains("Connection refused")
                                     && Contains("reconnect_after"));
}

TEST_CASE("a connection that breaks is an error", "[threads]") {
  server there;
  waiting_reader reader{tcp_lines("127.0.0.1", there.port())};
  auto connection = there.accepted();
  send_all(connection, "whole\n");
  CHECK(reader.read(1) == lines{"whole"});
  reset(connection);
  CHECK_THROWS_WITH(reader.read(), Contains("lost the connection"));
}

TEST_CASE("a client that shall connect again does", "[threads]") {
  std::optional<server> there{std::in_place};
  auto port = there->port();
  waiting_reader reader{tcp_lines("127.0.0.1", port, {.reconnect_after = 1ms})};
  send_all(there->accepted(), "first\n");
  CHECK(reader.read(1) == lines{"first"});
  auto broken = there->accepted();
  send_all(broken, "second\nlost without its end");
  CHECK(reader.read(1) == lines{"second"});
  there.reset();
  reset(broken);
  there.emplace(port);
  auto last = there->accepted();
  send_all(last, "third\n");
  CHECK(reader.read(1) == lines{"third"});
}

TEST_CASE("a line without an end is an error", "[threads]") {
  server there;
  waiting_reader reader{
    tcp_lines("127.0.0.1", there.port(), {.limits = {.max_line_bytes = 10}})};
  auto connection = there.accepted();
  send_all(connection, "0123456789\n0123456789X");
  CHECK(reader.read(1) == lines{"0123456789"});
  CHECK_THROWS_WITH(reader.read(),
                    Contains("longer than 10 bytes")
                      && Contains("tcp_line_limits::max_line_bytes"));
}

TEST_CASE("a whole line that is too long is an error", "[threads]") {
  server there;
  waiting_reader reader{
    tcp_lines("127.0.0.1", there.port(), {.limits = {.max_line_bytes = 10}})};
  send_all(there.accepted(), "0123456789X\n");
  CHECK_THROWS_WITH(reader.read(), Contains("a line of 11 bytes"));
}

TEST_CASE("lines of many connections are whole, and in order", "[threads]") {
  listening_fixture source{{.connections = 3}};
  auto speak = [&](char name) {
    auto connection = connect_to(source.port);
    for (int i = 0; i < 500; ++i) {
      // In pieces that are no lines.
      send_all(connection, std::string{name} + std::to_string(i));
      send_all(connection, "\n");
    }
  };
  auto a = std::async(std::launch::async, speak, 'a');
  auto b = std::async(std::launch::async, speak, 'b');
  auto c = std::async(std::launch::async, speak, 'c');
  auto read = source.reader.read();
  a.get();
  b.get();
  c.get();
  REQUIRE(read.size() == 1'500);
  std::map<char, int> next;
  for (auto& line : read)
    CHECK(line.substr(1) == std::to_string(next[line.front()]++));
}

TEST_CASE("a listening source goes on when a connection breaks", "[threads]") {
  listening_fixture source;
  auto first = connect_to(source.port);
  send_all(first, "a\npiece");
  CHECK(source.reader.read(1) == lines{"a"});
  reset(first);
  auto second = connect_to(source.port);
  send_all(second, "b\n");
  CHECK(source.reader.read(1) == lines{"b"});
  second = {};
  auto third = connect_to(source.port);
  send_all(third, "c\n");
  CHECK(source.reader.read(1) == lines{"c"});
}

TEST_CASE("a port that is taken is an error with a remedy", "[threads]") {
  server there;
  CHECK_THROWS_WITH(listen_lines(there.port()).open(0, {}),
                    Contains("cannot listen on 127.0.0.1:")
                      && Contains("Address already in use")
                      && Contains("choose another port"));
}

TEST_CASE("only this machine may be read from unless it is allowed") {
  CHECK_THROWS_AS(tcp_lines("192.0.2.1", 1), topology_error);
  CHECK_THROWS_WITH(tcp_lines("example.org", 1),
                    Contains("'example.org'") && Contains("insecure"));
  CHECK_THROWS_WITH(listen_lines(1, {.host = "0.0.0.0"}), Contains("insecure"));
  CHECK_THROWS_WITH(listen_lines(1, {.host = "::"}), Contains("insecure"));
  CHECK_NOTHROW(tcp_lines("192.0.2.1", 1, {.insecure = true}));
  CHECK_NOTHROW(listen_lines(1, {.host = "0.0.0.0", .insecure = true}));
  for (auto* host : {"127.0.0.1", "127.1.2.3", "::1", "localhost"})
    CHECK(tcp_lines(host, 1).splits() == 1);
}

TEST_CASE("lines from a connection cannot be read again", "[threads]") {
  listening_fixture source;
  source.reader.split().reader().seek(0);
  auto connection = connect_to(source.port);
  send_all(connection, "a\n");
  CHECK(source.reader.read(1) == lines{"a"});
  CHECK_THROWS_WITH(source.reader.split().reader().seek(0),
                    Contains("cannot be read again"));
}

TEST_CASE("a source can be closed while it waits to connect", "[threads]") {
  auto port = server{}.port();
  waiting_reader reader{tcp_lines("127.0.0.1", port, {.reconnect_after = 1h})};
  CHECK(reader.split().read() == source_status::waiting);
}
