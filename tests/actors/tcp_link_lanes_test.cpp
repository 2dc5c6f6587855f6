// The lane of state beside that of batches.
#include "tests/actors/link_nodes.hpp"

#include "actors/arrival_window.hpp"

#include <atomic>
#include <cstring>

using namespace braid;
using namespace braid::testing;

namespace {

constexpr std::uint16_t batch_kind = 1;
constexpr std::uint16_t state_kind = 2;

std::vector<std::byte> bytes_of(std::uint64_t number, std::size_t size = 8) {
  std::vector<std::byte> result(size, static_cast<std::byte>(number));
  std::memcpy(result.data(), &number, sizeof(number));
  return result;
}

outgoing_frame on_state(std::uint64_t number, std::size_t size = 8) {
  return outgoing_frame{state_kind, bytes_of(number, size), lane::state};
}

outgoing_frame batch(std::uint64_t number) {
  return outgoing_frame{batch_kind, bytes_of(number)};
}

std::uint64_t number_in(const incoming_frame& frame) {
  std::uint64_t result = 0;
  std::memcpy(&result, frame.bytes().data(), sizeof(result));
  return result;
}

std::vector<std::uint64_t> numbers_of(const std::vector<received>& frames,
                                      std::uint16_t kind) {
  std::vector<std::uint64_t> result;
  for (auto& each : frames)
    if (each.frame.kind() == kind)
      result.push_back(number_in(each.frame));
  return result;
}

} // namespace

TEST_CASE("frames of state arrive intact and in order, both ways",
          "[threads]") {
  node a("a"), b("b");
  introduce(a, b);
  const std::vector<std::size_t> sizes{8,       100,     262'144,
                                       262'145, 300'000, 5'000'000};
  for (auto* from : {&a, &b})
    for (std::size_t i = 0; i < sizes.size(); ++i)
      from->link.send(from == &a ? "b" : "a", on_state(i, sizes[i]));
  for (auto* to : {&a, &b}) {
    auto frames = to->seen.frames(sizes.size());
    for (std::size_t i = 0; i < sizes.size(); ++i)
      REQUIRE(
        std::ranges::equal(frames[i].frame.bytes(), bytes_of(i, sizes[i])));
  }
}

TEST_CASE("each lane keeps its order", "[threads]") {
  constexpr std::uint64_t count = 2'000;
  node a("a"), b("b");
  introduce(a, b);
  for (std::uint64_t i = 0; i < count; ++i) {
    a.link.send("b", batch(i));
    a.link.send("b", on_state(i, 1 + i % 50'000 + 8));
  }
  auto frames = b.seen.frames(2 * count);
  for (auto kind : {batch_kind, state_kind}) {
    auto numbers = numbers_of(frames, kind);
    REQUIRE(numbers.size() == count);
    REQUIRE(std::ranges::is_sorted(numbers));
  }
}

TEST_CASE("batches overtake state, which arrives all the same", "[threads]") {
  node a("a"), b("b");
  introduce(a, b);
  b.seen.ups(1);
  constexpr std::uint64_t count = 60;
  // All share one body: making them takes longer than sending them where
  // threads are watched.
  auto body = std::make_shared<std::vector<std::byte>>(10'000'000);
  std::vector<outgoing_frame> state;
  for (std::uint64_t i = 0; i < count; ++i)
    state.emplace_back(on_state(i)).append(*body, body);
  a.link.send("b", state);
  a.link.send("b", batch(7));
  auto frames = b.seen.frames(count + 1);
  auto first = std::ranges::find_if(
    frames, [](auto& x) { return x.frame.kind() == batch_kind; });
  // 600 MB were sent before it. How much of that had arrived when it was sent
  // is for the machine to say.
  CHECK(first - frames.begin() < static_cast<std::ptrdiff_t>(count) - 1);
  REQUIRE(numbers_of(frames, state_kind).size() == count);
}

TEST_CASE("frames of state wait for a peer, and count as queued", "[threads]") {
  node a("a"), b("b");
  a.knows(b);
  a.link.send("b", on_state(1, 1'000));
  REQUIRE(a.link.queued_bytes("b") == 1'000 + frame_header::size);
  b.knows(a);
  REQUIRE(number_in(b.seen.frames(1)[0].frame) == 1);
}

TEST_CASE("state waits until its receiver has room again, and batches do not",
          "[threads]") {
  constexpr std::uint64_t count = 20;
  constexpr std::size_t size = 400'000;
  auto window = std::make_shared<arrival_window>(2 * size);
  std::vector<arrival_window::ticket> loading;
  std::atomic<bool> loads = false;
  witness seen;
  auto told = seen.callbacks();
  told.on_frame = [&, note = told.on_frame](const std::string& from,
                                            incoming_frame frame) {
    if (frame.kind() == state_kind && !loads)
      loading.push_back(window->take(frame.bytes().size()));
    note(from, std::move(frame));
  };
  told.takes_state = [&](std::function<void()> then) {
    return window->has_room(std::move(then));
  };
  node a("a");
  tcp_link b{options_for("b"), std::move(told)};
  a.link.add_peer("b", 1, "127.0.0.1", b.port());
  b.add_peer("a", 1, "127.0.0.1", a.link.port());
  for (std::uint64_t i = 0; i < count; ++i)
    a.link.send("b", on_state(i, size));
  REQUIRE(numbers_of(seen.frames(2), state_kind).size() == 2);
  a.link.send("b", batch(7));
  CHECK(numbers_of(seen.frames(3), batch_kind)
        == std::vector<std::uint64_t>{7});
  loads = true;
  // Nothing more of it comes now, so nobody else uses this.
  loading.clear();
  CHECK(numbers_of(seen.frames(count + 1), state_kind).size() == count);
}

TEST_CASE("both lanes are there again when a peer is", "[threads]") {
  for (auto* restarted : {"a", "b"}) {
    node lasting(*restarted == 'a' ? "b" : "a");
    auto first = std::make_unique<node>(restarted);
    introduce(lasting, *first);
    first->link.send(lasting.options.name, on_state(1));
    lasting.seen.frames(1);
    first.reset();
    lasting.seen.downs(1);
    node second(restarted, 2);
    introduce(lasting, second);
    lasting.link.send(restarted, on_state(2));
    lasting.link.send(restarted, batch(3));
    auto frames = second.seen.frames(2);
    CHECK(numbers_of(frames, state_kind) == std::vector<std::uint64_t>{2});
    CHECK(numbers_of(frames, batch_kind) == std::vector<std::uint64_t>{3});
    // Once for each life: the lanes come and go together.
    CHECK(lasting.seen.ups(2).size() == 2);
    CHECK(lasting.seen.downs(1).size() == 1);
  }
}
