// Bytes that grow at the end, and at the front where there is room.
#include "operators/byte_buffer.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <utility>

using namespace braid;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span{text});
}

std::string text_of(const byte_buffer& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace

TEST_CASE("bytes are put in front where there is room") {
  auto buffer = byte_buffer::with_front(5, 4);
  CHECK(buffer.empty());
  CHECK(buffer.front_room() == 5);
  CHECK(buffer.capacity() >= 4);
  buffer.append(bytes_of("text"));
  auto* at = buffer.data();
  buffer.prepend(bytes_of("one"));
  CHECK(text_of(buffer) == "onetext");
  CHECK(buffer.data() + 3 == at);
  CHECK(buffer.front_room() == 2);
  // The room stays where the buffer grows, moves and is emptied.
  buffer.append(bytes_of(std::string(1'000, 'x')));
  auto moved = std::move(buffer);
  CHECK(moved.front_room() == 2);
  CHECK(text_of(moved) == "onetext" + std::string(1'000, 'x'));
  moved.clear();
  moved.prepend(bytes_of("ab"));
  CHECK(text_of(moved) == "ab");
  CHECK(moved.front_room() == 0);
}

TEST_CASE("a copy has no room in front") {
  auto buffer = byte_buffer::with_front(5, 0);
  buffer.append(bytes_of("text"));
  byte_buffer copy{buffer};
  CHECK(copy == buffer);
  CHECK(copy.front_room() == 0);
  copy = std::move(buffer);
  CHECK(text_of(copy) == "text");
  CHECK(copy.front_room() == 5);
}
