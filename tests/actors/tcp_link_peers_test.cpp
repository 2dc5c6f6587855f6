// How peers find, lose and replace each other.
#include "tests/actors/link_nodes.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::testing;

TEST_CASE("it does not matter which node starts first", "[threads]") {
  reserved_port reserved;
  auto port = reserved.number();
  bool dialling_first = GENERATE(true, false);
  std::unique_ptr<node> a, b;
  auto start_a = [&] {
    a = std::make_unique<node>("a");
    a->link.add_peer("b", 1, "127.0.0.1", port);
    a->link.send("b", numbered(1));
  };
  auto start_b = [&] {
    b = std::make_unique<node>("b", 1, port);
    b->link.add_peer("a", 1, "127.0.0.1", 1); // b never dials a
    b->link.send("a", numbered(2));
  };
  if (dialling_first) {
    start_a();
    a->seen.logged("cannot connect to 'b' at 127.0.0.1:"
                   + std::to_string(port));
    start_b();
  } else {
    start_b();
    start_a();
  }
  REQUIRE(number_of(b->seen.frames(1)[0].frame) == 1);
  REQUIRE(number_of(a->seen.frames(1)[0].frame) == 2);
  REQUIRE(a->seen.ups(1) == std::vector<std::string>{"b"});
  REQUIRE(b->seen.ups(1) == std::vector<std::string>{"a"});
}

TEST_CASE("a peer may be given by its host's name", "[threads]") {
  node a("a"), b("b");
  a.link.add_peer("b", 1, "localhost", b.link.port());
  b.knows(a);
  a.link.send("b", numbered(1));
  REQUIRE(number_of(b.seen.frames(1)[0].frame) == 1);
}

TEST_CASE("a peer that is gone is reported, and back when it is back",
          "[threads]") {
  std::string mortal = GENERATE("a", "z");
  node survivor("m");
  reserved_port reserved;
  auto port = reserved.number();
  for (std::uint64_t life = 1; life <= 3; ++life) {
    node other(mortal, life, port);
    introduce(survivor, other);
    survivor.seen.ups(life);
    survivor.link.send(mortal, numbered(life));
    REQUIRE(number_of(other.seen.frames(1)[0].frame) == life);
    other.link.stop();
    REQUIRE_THAT(survivor.seen.downs(life).back(),
                 Catch::StartsWith(mortal + ": "));
  }
}

TEST_CASE("a peer that comes back at once is let in before membership knows",
          "[threads]") {
  node b("b");
  auto first = std::make_unique<node>("a", 1);
  introduce(*first, b);
  b.seen.ups(1);
  first.reset();
  node second("a", 2);
  second.knows(b);
  b.seen.ups(2);
  b.knows(second); // changes nothing: it is known by now
  second.link.send("b", numbered(5));
  REQUIRE(number_of(b.seen.frames(1)[0].frame) == 5);
  REQUIRE(b.seen.downs(1).size() == 1);
}

TEST_CASE("frames sent after a peer is gone wait for its return", "[threads]") {
  reserved_port reserved;
  auto port = reserved.number();
  node a("a");
  {
    node b("b", 1, port);
    introduce(a, b);
    a.seen.ups(1);
  }
  a.seen.downs(1);
  a.link.send("b", numbered(6));
  REQUIRE(a.link.queued_bytes("b") > 0);
  node b("b", 1, port);
  b.knows(a);
  REQUIRE(number_of(b.seen.frames(1)[0].frame) == 6);
}

TEST_CASE("frames queued for a life that is over are dropped", "[threads]") {
  reserved_port reserved;
  auto port = reserved.number();
  node a("a");
  a.link.add_peer("b", 1, "127.0.0.1", port);
  a.link.send("b", numbered(1));
  a.link.add_peer("b", 2, "127.0.0.1", port);
  a.link.send("b", numbered(2));
  node b("b", 2, port);
  b.knows(a);
  REQUIRE(number_of(b.seen.frames(1)[0].frame) == 2);
  REQUIRE(a.seen.logged("dropped 1 frames for incarnation 1 of 'b'") == 1);
}

TEST_CASE("the word of a newer life ends the connection to the older",
          "[threads]") {
  node a("a"), b("b", 1);
  introduce(a, b);
  a.seen.ups(1);
  node newer("b", 2);
  introduce(a, newer);
  REQUIRE(a.seen.downs(1)[0] == "b: incarnation 2 takes its place");
  b.seen.downs(1);
  a.seen.ups(2);
  a.link.send("b", numbered(3));
  REQUIRE(number_of(newer.seen.frames(1)[0].frame) == 3);
}

TEST_CASE("an older life that calls is refused, in both logs", "[threads]") {
  node b("b");
  b.link.add_peer("a", 5, "127.0.0.1", 1);
  node a("a", 4);
  a.knows(b);
  std::string reason = "incarnation 4 of 'a' is over, incarnation 5 is known";
  b.seen.logged("refused a connection from 127.0.0.1: " + reason);
  a.seen.logged("refuses us: " + reason);
  node newer("a", 5);
  newer.knows(b);
  b.seen.ups(1);
}

TEST_CASE("an older life that is called is refused", "[threads]") {
  node a("a"), b("b", 4);
  a.link.add_peer("b", 5, "127.0.0.1", b.link.port());
  b.knows(a);
  a.seen.logged("incarnation 4 of 'b' is over, incarnation 5 is known");
}

TEST_CASE("an older word about a peer changes nothing", "[threads]") {
  node a("a"), b("b", 7);
  introduce(a, b);
  a.seen.ups(1);
  a.link.add_peer("b", 6, "127.0.0.1", 1);
  a.seen.logged("'b' stays at incarnation 7");
  a.link.send("b", numbered(1));
  REQUIRE(number_of(b.seen.frames(1)[0].frame) == 1);
}

TEST_CASE("a new address of a peer that cannot be reached is tried",
          "[threads]") {
  reserved_port nobody;
  node a("a"), b("b");
  a.link.add_peer("b", 1, "127.0.0.1", nobody.number());
  a.seen.logged("cannot connect to 'b'");
  introduce(a, b);
  a.seen.ups(1);
}

TEST_CASE("a peer that is removed is disconnected and stays out", "[threads]") {
  node a("a"), b("b");
  introduce(a, b);
  b.seen.ups(1);
  b.link.remove_peer("a");
  REQUIRE(b.seen.downs(1)[0] == "a: no longer a peer");
  a.seen.downs(1);
  b.seen.logged("'b' has no peer called 'a'");
  a.seen.logged("'b' has no peer called 'a'");
  b.knows(a);
  b.seen.ups(2);
}

TEST_CASE("removing a peer drops what is queued for it", "[threads]") {
  reserved_port reserved;
  node a("a");
  a.link.add_peer("b", 1, "127.0.0.1", reserved.number());
  a.link.send("b", numbered(1));
  a.link.remove_peer("b");
  a.link.remove_peer("b");
  REQUIRE(a.link.queued_bytes("b") == 0);
  node b("b");
  introduce(a, b);
  a.link.send("b", numbered(2));
  REQUIRE(number_of(b.seen.frames(1)[0].frame) == 2);
}
