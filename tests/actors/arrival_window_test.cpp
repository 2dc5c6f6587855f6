// How much may have arrived and not be taken in.
#include "actors/arrival_window.hpp"

#include <catch2/catch.hpp>
#include <utility>

using namespace braid;

TEST_CASE("a window that is full says when there is room again") {
  auto window = std::make_shared<arrival_window>(100);
  int told = 0;
  auto has_room = [&] { return window->has_room([&] { ++told; }); };
  auto first = window->take(60);
  CHECK(has_room());
  // What has arrived is there, even if it is more than there was room for.
  auto second = window->take(60);
  CHECK_FALSE(has_room());
  CHECK_FALSE(has_room());
  auto copy = second;
  second.reset();
  CHECK(told == 0);
  copy.reset();
  CHECK(told == 2);
  CHECK(has_room());
}

TEST_CASE("a window has room only once there is less than it may have") {
  auto window = std::make_shared<arrival_window>(100);
  int told = 0;
  auto large = window->take(500);
  auto small = window->take(100);
  CHECK_FALSE(window->has_room([&] { ++told; }));
  large.reset();
  CHECK(told == 0);
  small.reset();
  CHECK(told == 1);
}

TEST_CASE("tickets may outlive who counts them") {
  auto window = std::make_shared<arrival_window>(1);
  auto ticket = window->take(5);
  window.reset();
  ticket.reset();
}
