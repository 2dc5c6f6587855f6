#include "actors/link_watch.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace std::chrono_literals;

namespace {

using names = std::vector<std::string>;

constexpr std::chrono::microseconds limit = 2s;

} // namespace

TEST_CASE("[25] a node that cannot be reached for too long is named") {
  link_watch watch;
  link_watch::clock::time_point now{1h};
  std::set<std::string> both{"one", "other"};
  watch.on_up("one");
  CHECK(watch.overdue(both, now, limit).empty());
  watch.on_down("one");
  CHECK(watch.overdue(both, now + 1s, limit).empty());
  // It never was there; the other has its time yet.
  CHECK(watch.overdue(both, now + 2500ms, limit) == names{"other"});
  // Not with every look.
  CHECK(watch.overdue(both, now + 2600ms, limit).empty());
  watch.on_up("one");
  CHECK(watch.overdue(both, now + 10s, limit) == names{"other"});
}

TEST_CASE("nobody is named who is not needed, or has just come to be") {
  link_watch watch;
  link_watch::clock::time_point now{1h};
  CHECK(watch.overdue({"one"}, now, limit).empty());
  CHECK(watch.overdue({}, now + 5s, limit).empty());
  CHECK(watch.overdue({"one"}, now + 6s, limit).empty());
  CHECK(watch.overdue({"one"}, now + 9s, limit) == names{"one"});
}

TEST_CASE("while nobody could decide, nobody is overdue") {
  link_watch watch;
  link_watch::clock::time_point now{1h};
  CHECK(watch.overdue({"one"}, now, limit).empty());
  watch.begin_anew();
  CHECK(watch.overdue({"one"}, now + 10s, limit).empty());
  CHECK(watch.overdue({"one"}, now + 13s, limit) == names{"one"});
}
