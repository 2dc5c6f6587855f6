// When it is said that replay buffers are full.
#include "actors/full_watch.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace std::chrono_literals;
using news = full_watch::news;

TEST_CASE("what is full for a moment is not worth a word") {
  full_watch watch{5s};
  full_watch::clock::time_point now{};
  for (int i = 0; i < 10; ++i) {
    CHECK(watch.look(true, now) == news::none);
    CHECK(watch.look(true, now + 4999ms) == news::none);
    CHECK(watch.look(false, now + 5s) == news::none);
    now += 6s;
  }
}

TEST_CASE("what is full for 5 s is told once, and when there is room again") {
  full_watch watch{5s};
  full_watch::clock::time_point start{};
  for (auto begin : {start, start + 1h}) {
    CHECK(watch.look(true, begin) == news::none);
    CHECK(watch.look(true, begin + 5s) == news::full_for_long);
    CHECK(watch.look(true, begin + 6s) == news::none);
    CHECK(watch.look(true, begin + 20min) == news::none);
    CHECK(watch.look(false, begin + 21min) == news::room_again);
    CHECK(watch.look(false, begin + 22min) == news::none);
  }
}
