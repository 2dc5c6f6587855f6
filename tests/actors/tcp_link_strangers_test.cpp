// Callers that are no peers, and peers that break the protocol.
#include "tests/actors/link_nodes.hpp"

#include "actors/tcp_handshake.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <iterator>

using namespace braid;
using namespace braid::testing;
using namespace std::chrono_literals;

namespace {

std::array<std::byte, frame_header::size>
header_of(std::uint16_t kind, std::vector<std::byte> body = {}) {
  outgoing_frame frame{kind, std::move(body)};
  frame.seal();
  return frame_header::of(frame).encode();
}

} // namespace

TEST_CASE("a caller that is no peer is refused", "[threads]") {
  node a("a"), b("b");
  a.knows(b);
  b.seen.logged("refused a connection from 127.0.0.1: 'b' has no peer called "
                "'a'");
  a.seen.logged("refuses us: 'b' has no peer called 'a'");
}

TEST_CASE("another node at a peer's address is refused", "[threads]") {
  node a("a"), c("c");
  a.link.add_peer("b", 1, "127.0.0.1", c.link.port());
  c.knows(a);
  a.seen.logged("'c' answers in place of 'b'");
}

TEST_CASE("of two nodes only the one with the smaller name may dial",
          "[threads]") {
  node a("a");
  a.link.add_peer("b", 1, "127.0.0.1", 1);
  stranger b(a.link.port());
  b.say(hello{"b", 1, lane::batches, ""}.encode());
  REQUIRE_THAT(b.hear_out(), Catch::EndsWith("'b' must not dial 'a': the "
                                             "smaller name does"));
}

TEST_CASE("garbage is answered by closing, with one line in the log",
          "[threads]") {
  node a("a");
  stranger garbage(a.link.port());
  garbage.say(noise(1000));
  REQUIRE(garbage.hear_out().empty());
  REQUIRE(a.seen.logged("127.0.0.1: what came is no hello") == 1);
}

TEST_CASE("another protocol version is refused by name", "[threads]") {
  node b("b");
  b.link.add_peer("a", 1, "127.0.0.1", 1);
  stranger future(b.link.port());
  auto words = hello{"a", 1, lane::batches, ""}.encode();
  words[4] = std::byte{9};
  future.say(words);
  REQUIRE_THAT(future.hear_out(), Catch::Contains("version 9 meets version 2"));
  b.seen.logged("version 9 meets version 2");
}

TEST_CASE("a lane that there is not is refused", "[threads]") {
  node b("b");
  b.link.add_peer("a", 1, "127.0.0.1", 1);
  stranger a(b.link.port());
  a.say(hello{"a", 1, static_cast<lane>(2), ""}.encode());
  REQUIRE_THAT(a.hear_out(), Catch::Contains("another lane"));
}

TEST_CASE("the lane of batches comes first", "[threads]") {
  node b("b");
  b.link.add_peer("a", 1, "127.0.0.1", 1);
  stranger a(b.link.port());
  a.say(hello{"a", 1, lane::state, ""}.encode());
  REQUIRE_THAT(a.hear_out(), Catch::Contains("batches comes before"));
}

TEST_CASE("a caller that says nothing is closed after a time", "[threads]") {
  auto options = options_for("a");
  options.handshake_limit = 20ms;
  node a(options);
  stranger silent(a.link.port());
  stranger slow(a.link.port());
  slow.say(noise(3));
  REQUIRE(silent.hear_out().empty());
  REQUIRE(slow.hear_out().empty());
  a.seen.logged("refused a connection from 127.0.0.1: no hello within 20 ms");
}

TEST_CASE(
  "a peer that accepts and says nothing is given up and dialled again") {
  reserved_port mute;
  mute.listen();
  auto options = options_for("a");
  options.handshake_limit = 20ms;
  node a(options);
  a.link.add_peer("b", 1, "127.0.0.1", mute.number());
  a.seen.logged("cannot connect to 'b' at 127.0.0.1:"
                + std::to_string(mute.number()) + ": no hello within 20 ms");
  mute.stop_listening();
  a.seen.logged("Connection refused");
}

TEST_CASE("a connection that ends inside a frame is torn, and says where",
          "[threads]") {
  node b("b");
  b.link.add_peer("a", 1, "127.0.0.1", 1);
  auto header = frame_header{1, lane::batches, 5000}.encode();
  {
    stranger a(b.link.port());
    a.say(hello{"a", 1, lane::batches, ""}.encode());
    a.say(header);
    a.say(noise(4999));
    b.seen.ups(1);
  }
  auto reason = b.seen.downs(1)[0];
  REQUIRE_THAT(reason, Catch::Contains("in the middle of a frame")
                         && Catch::Contains("5000 bytes"));
  {
    stranger a(b.link.port());
    a.say(hello{"a", 1, lane::batches, ""}.encode());
    a.say(std::span(header).first(31));
    b.seen.ups(2);
  }
  REQUIRE_THAT(b.seen.downs(2)[1],
               Catch::Contains("in the middle of a header"));
  REQUIRE(b.seen.logged("in the middle of a header") == 1);
  b.seen.logged("connection to 'a' ended");
}

TEST_CASE("what is no frame ends the connection", "[threads]") {
  auto options = options_for("b");
  options.longest_frame_bytes = 1000;
  node b(options);
  b.link.add_peer("a", 1, "127.0.0.1", 1);
  auto after_hello = [&](std::span<const std::byte> bytes) {
    stranger a(b.link.port());
    a.say(hello{"a", 1, lane::batches, ""}.encode());
    a.say(bytes);
    a.hear_out();
  };
  after_hello(noise(100));
  REQUIRE_THAT(b.seen.downs(1)[0], Catch::Contains("wrong magic"));
  after_hello(frame_header{1, lane::batches, 1001}.encode());
  REQUIRE_THAT(b.seen.downs(2)[1], Catch::Contains("announces 1001 bytes"));
  after_hello(frame_header{1, lane::batches, ~std::uint64_t{0}}.encode());
  REQUIRE_THAT(b.seen.downs(3)[2], Catch::Contains("more than the limit"));
  // Of which the peer had said something else.
  auto damaged = header_of(3);
  damaged[24] ^= std::byte{1};
  after_hello(damaged);
  REQUIRE_THAT(b.seen.downs(4)[3], Catch::Contains("damaged on its way"));
}

TEST_CASE("a second connection of a peer takes the place of the first",
          "[threads]") {
  node b("b");
  b.link.add_peer("a", 1, "127.0.0.1", 1);
  stranger first(b.link.port());
  first.say(hello{"a", 1, lane::batches, ""}.encode());
  b.seen.ups(1);
  stranger second(b.link.port());
  second.say(hello{"a", 1, lane::batches, ""}.encode());
  b.seen.ups(2);
  REQUIRE(b.seen.downs(1)[0] == "a: a new connection takes its place");
  first.hear_out();
  second.say(header_of(9));
  REQUIRE(b.seen.frames(1)[0].frame.kind() == 9);
}

TEST_CASE("bytes may come one at a time", "[threads]") {
  node b("b");
  b.link.add_peer("a", 1, "127.0.0.1", 1);
  stranger a(b.link.port());
  std::vector<std::byte> all = hello{"a", 1, lane::batches, ""}.encode();
  std::ranges::copy(header_of(4, noise(3)), std::back_inserter(all));
  std::ranges::copy(noise(3), std::back_inserter(all));
  for (std::byte byte : all)
    a.say(std::span(&byte, 1));
  auto frame = b.seen.frames(1)[0].frame;
  bool same = std::ranges::equal(frame.bytes(), noise(3));
  REQUIRE(same);
}

TEST_CASE("[25] a connection on which nothing arrives any more is broken "
          "before long",
          "[threads]") {
  auto options = options_for("b");
  options.silence_limit = 200ms;
  node b(options);
  b.link.add_peer("a", 1, "127.0.0.1", 1);
  stranger silent(b.link.port());
  silent.say(hello{"a", 1, lane::batches, ""}.encode());
  b.seen.ups(1);
  // More than the system takes for one who does not read. It tells one writer
  // why it gave up, so none of them may be this thread.
  auto body = std::make_shared<std::vector<std::byte>>(1 << 20);
  std::vector<outgoing_frame> unread;
  for (int i = 0; i < 64; ++i)
    unread.emplace_back(1, std::vector<std::byte>{}).append(*body, body);
  b.link.send("a", unread);
  REQUIRE_THAT(b.seen.downs(1).front(), Catch::Contains("timed out"));
}
