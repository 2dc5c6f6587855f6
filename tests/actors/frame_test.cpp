#include "actors/frame.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <string>

using namespace braid;

namespace {

std::vector<std::byte> bytes_of(const std::string& text) {
  auto view = std::as_bytes(std::span(text));
  return {view.begin(), view.end()};
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool aligned(std::span<const std::byte> bytes) {
  return reinterpret_cast<std::uintptr_t>(bytes.data()) % frame_alignment == 0;
}

} // namespace

TEST_CASE("a frame arrives as its head and its parts in order") {
  auto owner = std::make_shared<std::vector<std::byte>>(bytes_of("middle end"));
  outgoing_frame sent(7, bytes_of("head "));
  sent.append(std::span(*owner).first(6), owner);
  sent.append({}, owner);
  sent.append(std::span(*owner).last(4), owner);
  REQUIRE(sent.parts().size() == 2);
  REQUIRE(sent.size() == 15);

  incoming_frame received(sent);
  REQUIRE(received.kind() == 7);
  REQUIRE(text_of(received.bytes()) == "head middle end");
  REQUIRE(aligned(received.bytes()));
}

TEST_CASE("a frame keeps the owners of its parts, and no longer") {
  auto owner = std::make_shared<std::vector<std::byte>>(bytes_of("body"));
  std::weak_ptr<void> watched = owner;
  {
    outgoing_frame frame(0);
    frame.append(*owner, owner);
    outgoing_frame copy = frame;
    owner.reset();
    REQUIRE(text_of(copy.parts().front().bytes) == "body");
  }
  REQUIRE(watched.expired());
}

TEST_CASE("padding lets the next part begin aligned") {
  auto owner = std::make_shared<std::vector<std::byte>>(bytes_of("column"));
  outgoing_frame frame(0, bytes_of("abc"));
  frame.pad_to(64);
  REQUIRE(frame.size() == 64);
  frame.pad_to(64);
  REQUIRE(frame.size() == 64);
  frame.append(*owner, owner);
  frame.pad_to(8);
  REQUIRE(frame.size() == 72);
  incoming_frame received(frame);
  REQUIRE(text_of(received.bytes().subspan(64, 6)) == "column");
  REQUIRE(text_of(received.bytes().last(2)) == std::string(2, '\0'));
}

TEST_CASE("a frame may be empty") {
  incoming_frame received(outgoing_frame(3));
  REQUIRE(received.bytes().empty());
}

TEST_CASE("the body of a frame lives as long as anybody uses it") {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
  {
    incoming_frame received(outgoing_frame(0, bytes_of("still here")));
    incoming_frame copy = received;
    bytes = copy.bytes();
    owner = copy.owner();
  }
  REQUIRE(text_of(bytes) == "still here");
}

TEST_CASE("a pool gives a returned body to the next frame of like size") {
  frame_pool pool;
  std::byte* first = nullptr;
  {
    auto body = pool.take(65536 + 100);
    first = body.get();
    REQUIRE(aligned({first, 1}));
    REQUIRE(pool.kept_bytes() == 0);
  }
  REQUIRE(pool.kept_bytes() >= 65536 + 100);
  auto again = pool.take(65536 + 4000);
  REQUIRE(again.get() == first);
  REQUIRE(pool.kept_bytes() == 0);
}

TEST_CASE("a pool keeps no more than it may") {
  frame_pool pool(100000);
  auto first = pool.take(65536);
  auto second = pool.take(65536);
  first.reset();
  second.reset();
  REQUIRE(pool.kept_bytes() == 65536);
}

TEST_CASE("bodies of any size are wholly usable") {
  frame_pool pool;
  REQUIRE(pool.take(0) == nullptr);
  for (std::uint64_t size : {1, 63, 4095, 4096, 4097, 5000, 65537, 1000001}) {
    auto body = pool.take(size);
    REQUIRE(aligned({body.get(), 1}));
    std::memset(body.get(), 1, size);
  }
  REQUIRE_THROWS_AS(pool.take(~std::uint64_t{0}), std::bad_alloc);
}

TEST_CASE("bodies may outlive their pool") {
  std::shared_ptr<std::byte> body;
  {
    frame_pool pool;
    body = pool.take(8192);
  }
  std::memset(body.get(), 1, 8192);
}

TEST_CASE("a frame header comes back as it was written") {
  auto bytes = frame_header{513, lane::state, 1u << 20, 77}.encode();
  auto header = frame_header::decode(bytes, lane::state, 1u << 20);
  REQUIRE(header.kind == 513);
  REQUIRE(header.checksum == 77);
  REQUIRE(header.on == lane::state);
  REQUIRE(header.length == 1u << 20);
}

TEST_CASE("a header's place on the wire is fixed") {
  auto bytes = frame_header{0x0102, lane::batches, 0x0304, 0}.encode();
  REQUIRE(text_of(std::span(bytes).first(4)) == "BRDF");
  std::array<int, 28> rest{2, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 4, 3};
  REQUIRE(std::equal(rest.begin(), rest.end(), bytes.begin() + 4,
                     [](int number, std::byte byte) {
                       return static_cast<std::byte>(number) == byte;
                     }));
}

TEST_CASE("a body that is not what was sent is refused") {
  auto owner = std::make_shared<std::vector<std::byte>>(bytes_of("middle end"));
  outgoing_frame sent(7, bytes_of("head "));
  if (GENERATE(true, false)) {
    sent.append(std::span(*owner).first(6), owner);
    sent.append(std::span(*owner).last(4), owner);
  }
  sent.seal();
  incoming_frame received(sent);
  auto header = frame_header::of(sent);
  CHECK_NOTHROW(header.check(received.bytes()));
  std::vector<std::byte> body{received.bytes().begin(), received.bytes().end()};
  body[3] ^= std::byte{16};
  CHECK_THROWS_WITH(header.check(body), Catch::Contains("damaged"));
  // Nor under another kind.
  header.kind = 5;
  CHECK_THROWS_AS(header.check(received.bytes()), malformed_frame);
}

TEST_CASE("a malformed header is refused with its reason") {
  auto bytes = frame_header{1, lane::batches, 1000, 0}.encode();
  auto decode = [&](lane on, std::uint64_t longest) {
    return frame_header::decode(bytes, on, longest);
  };
  REQUIRE_THROWS_WITH(decode(lane::state, 1000), Catch::Contains("lane"));
  REQUIRE_THROWS_WITH(decode(lane::batches, 999),
                      Catch::Contains("1000") && Catch::Contains("999"));
  bytes[4] = std::byte{9};
  REQUIRE_THROWS_WITH(decode(lane::batches, 1000),
                      Catch::Contains("protocol version 9"));
  bytes[0] = std::byte{0};
  REQUIRE_THROWS_WITH(decode(lane::batches, 1000), Catch::Contains("magic"));
}
