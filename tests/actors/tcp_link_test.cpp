// What links carry, and how they start and stop.
#include "tests/actors/link_nodes.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <stdexcept>
#include <system_error>
#include <thread>

using namespace braid;
using namespace braid::testing;
using namespace std::chrono_literals;

TEST_CASE("frames of all sizes arrive intact and in order, both ways",
          "[threads]") {
  node a("a"), b("b");
  introduce(a, b);
  std::vector<std::size_t> sizes{
    0,    1,     31, 32,  33, 63,    64,    4031,   4064, 4095, 4096,    4097,
    8192, 16385, 0,  100, 7,  65536, 70001, 262144, 3,    1,    5000000, 12};
  std::vector<outgoing_frame> sent;
  for (std::uint32_t i = 0; i < sizes.size(); ++i)
    sent.push_back(cut_up(sizes[i], i * 7, i));
  for (const auto& frame : sent) {
    a.link.send("b", frame);
    b.link.send("a", frame);
  }
  for (node* receiver : {&a, &b}) {
    auto frames = receiver->seen.frames(sent.size());
    REQUIRE(frames.size() == sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
      const incoming_frame& frame = frames[i].frame;
      REQUIRE(frame.kind() == sent[i].kind());
      REQUIRE(frame.bytes().size() == sizes[i]);
      REQUIRE(reinterpret_cast<std::uintptr_t>(frame.bytes().data())
                % frame_alignment
              == 0);
      bool same =
        std::ranges::equal(frame.bytes(), incoming_frame(sent[i]).bytes());
      REQUIRE(same);
    }
  }
}

TEST_CASE("a frame of more parts than one system call takes arrives",
          "[threads]") {
  node a("a"), b("b");
  introduce(a, b);
  auto sent = cut_up(300000, 3000, 1);
  a.link.send("b", sent);
  a.link.send("b", numbered(1));
  auto frames = b.seen.frames(2);
  bool same =
    std::ranges::equal(frames[0].frame.bytes(), incoming_frame(sent).bytes());
  REQUIRE(same);
  REQUIRE(number_of(frames[1].frame) == 1);
}

TEST_CASE("many small frames arrive in order", "[threads]") {
  constexpr std::uint64_t count = 10000;
  node a("a"), b("b");
  introduce(a, b);
  for (std::uint64_t i = 0; i < count; ++i)
    a.link.send("b", numbered(i));
  auto frames = b.seen.frames(count);
  REQUIRE(frames.size() == count);
  bool in_order = true;
  for (std::uint64_t i = 0; i < count; ++i)
    in_order = in_order && number_of(frames[i].frame) == i;
  REQUIRE(in_order);
}

TEST_CASE("frames of several threads keep each thread's order", "[threads]") {
  constexpr std::uint64_t count = 2000;
  node a("a"), b("b");
  introduce(a, b);
  auto send_all = [&](std::uint64_t sender) {
    for (std::uint64_t i = 0; i < count; ++i)
      a.link.send("b", numbered(sender * count + i));
  };
  std::thread other([&] { send_all(1); });
  send_all(0);
  other.join();
  std::uint64_t next[] = {0, count};
  bool in_order = true;
  for (const auto& received : b.seen.frames(2 * count)) {
    auto number = number_of(received.frame);
    in_order = in_order && number == next[number / count]++;
  }
  REQUIRE(in_order);
}

TEST_CASE("three nodes talk to each other", "[threads]") {
  node a("a"), b("b"), c("c");
  introduce(a, b);
  introduce(b, c);
  introduce(a, c);
  a.link.send("b", numbered(1));
  b.link.send("c", numbered(2));
  c.link.send("a", numbered(3));
  REQUIRE(b.seen.frames(1)[0].from == "a");
  REQUIRE(c.seen.frames(1)[0].from == "b");
  REQUIRE(a.seen.frames(1)[0].from == "c");
}

TEST_CASE("a link may be used from its callbacks", "[threads]") {
  witness seen;
  auto echo = seen.callbacks();
  std::atomic<tcp_link*> self = nullptr;
  echo.on_frame = [&](const std::string& from, const incoming_frame& frame) {
    outgoing_frame answer(frame.kind());
    answer.append(frame.bytes(), frame.owner());
    self.load()->send(from, std::move(answer));
    self.load()->add_peer("somebody", 1, "127.0.0.1", 1);
    self.load()->remove_peer("somebody");
  };
  tcp_link b(options_for("b"), echo);
  self = &b;
  node a("a");
  b.add_peer("a", 1, "127.0.0.1", a.link.port());
  a.link.add_peer("b", 1, "127.0.0.1", b.port());
  a.link.send("b", numbered(77));
  REQUIRE(number_of(a.seen.frames(1)[0].frame) == 77);
}

TEST_CASE("bytes count as queued until the system has them", "[threads]") {
  node a("a"), b("b");
  REQUIRE(a.link.queued_bytes("b") == 0);
  a.knows(b);
  auto owner = std::make_shared<std::vector<std::byte>>(noise(1000));
  std::weak_ptr<void> watched = owner;
  outgoing_frame frame(1);
  frame.append(*owner, owner);
  owner.reset();
  a.link.send("b", std::move(frame));
  // b does not know a yet, so nothing can have been written.
  REQUIRE(a.link.queued_bytes("b") == 1000 + frame_header::size);
  REQUIRE_FALSE(watched.expired());
  b.knows(a);
  b.seen.frames(1);
  b.link.send("a", numbered(1));
  a.seen.frames(1); // so a's I/O thread has dealt with the write before
  REQUIRE(a.link.queued_bytes("b") == 0);
  REQUIRE(watched.expired());
}

TEST_CASE("frames to a node that is no peer are dropped", "[threads]") {
  node a("a"), b("b");
  a.link.send("b", numbered(1));
  introduce(a, b);
  a.link.send("b", numbered(2));
  REQUIRE(number_of(b.seen.frames(1)[0].frame) == 2);
}

TEST_CASE("a frame that is too long is refused to its sender", "[threads]") {
  auto options = options_for("a");
  options.longest_frame_bytes = 100;
  tcp_link link(options, {});
  REQUIRE_THROWS_AS(link.send("b", outgoing_frame(1, noise(101))),
                    std::length_error);
  REQUIRE_THROWS_WITH(link.send("b", outgoing_frame(1, noise(101))),
                      Catch::Contains("101") && Catch::Contains("100"));
  REQUIRE_THROWS_AS(link.send("b", outgoing_frame(1, {}, static_cast<lane>(2))),
                    std::invalid_argument);
  std::vector<outgoing_frame> mixed{outgoing_frame(1, {}, lane::batches),
                                    outgoing_frame(1, {}, lane::state)};
  REQUIRE_THROWS_AS(link.send("b", mixed), std::invalid_argument);
}

// -- start and stop -----------------------------------------------------------

TEST_CASE("a port in use is an error that names the address", "[threads]") {
  node a("a");
  auto port = a.link.port();
  REQUIRE_THROWS_AS(tcp_link(options_for("b", 1, port), {}), std::system_error);
  REQUIRE_THROWS_WITH(tcp_link(options_for("b", 1, port), {}),
                      Catch::Contains("127.0.0.1:" + std::to_string(port))
                        && Catch::Contains("in use"));
}

TEST_CASE("an address that is not ours is an error that names it",
          "[threads]") {
  auto options = options_for("a");
  options.host = "203.0.113.1"; // reserved for documentation
  REQUIRE_THROWS_AS(tcp_link(options, {}), std::system_error);
  REQUIRE_THROWS_WITH(tcp_link(options, {}), Catch::Contains("203.0.113.1:0"));
}

TEST_CASE("bad options and peers are refused", "[threads]") {
  auto nameless = options_for("");
  REQUIRE_THROWS_AS(tcp_link(nameless, {}), std::invalid_argument);
  auto retry = options_for("a");
  retry.first_retry = 0ms;
  REQUIRE_THROWS_AS(tcp_link(retry, {}), std::invalid_argument);
  tcp_link a(options_for("a"), {});
  REQUIRE_THROWS_AS(a.add_peer("a", 1, "127.0.0.1", 1), std::invalid_argument);
  REQUIRE_THROWS_AS(a.add_peer("", 1, "127.0.0.1", 1), std::invalid_argument);
  REQUIRE_THROWS_AS(a.add_peer(std::string(256, 'x'), 1, "127.0.0.1", 1),
                    std::invalid_argument);
}

TEST_CASE("a link stops while others are sending", "[threads]") {
  node a("a"), b("b");
  introduce(a, b);
  auto body = std::make_shared<std::vector<std::byte>>(noise(65536));
  std::atomic<bool> enough = false;
  auto send = [&](node& from, const char* to) {
    while (!enough) {
      outgoing_frame frame(1);
      frame.append(*body, body);
      if (from.link.queued_bytes(to) < 1u << 22)
        from.link.send(to, std::move(frame));
    }
  };
  std::thread from_a([&] { send(a, "b"); });
  std::thread from_b([&] { send(b, "a"); });
  b.seen.frames(20);
  auto stopped = std::async(std::launch::async, [&] { b.link.stop(); });
  bool in_time = stopped.wait_for(time_limit) == std::future_status::ready;
  a.seen.downs(1);
  a.link.stop();
  a.link.stop();
  enough = true;
  from_a.join();
  from_b.join();
  REQUIRE(in_time);
  REQUIRE(a.link.queued_bytes("b") == 0);
  a.link.add_peer("c", 1, "127.0.0.1", 1);
  a.link.send("c", numbered(1));
  a.link.remove_peer("c");
}

TEST_CASE("a link stops while it waits for others", "[threads]") {
  auto options = options_for("a");
  options.longest_retry = options.first_retry = 1h;
  options.handshake_limit = options.connect_limit = 1h;
  reserved_port nobody;
  node a(options);
  a.link.add_peer("b", 1, "127.0.0.1", nobody.number());
  a.link.send("b", numbered(1));
  stranger silent(a.link.port());
  a.seen.logged("cannot connect to 'b'");
  a.link.stop();
  REQUIRE(silent.hear_out().empty());
}
