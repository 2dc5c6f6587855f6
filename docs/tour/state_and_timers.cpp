// The code of docs/state_and_timers.md; compiled and run with the tests.
#include "actors/run_to_end.hpp"

#include "operators/braid.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <set>
#include <string>

// [types]
struct click {
  std::uint32_t user = 0;
  braid::event_time at = 0; // microseconds
};

struct visit {
  std::uint32_t user = 0;
  std::uint64_t clicks = 0;

  bool operator==(const visit&) const = default;
};
// [types]

// [operator]
/// Emits a visit once its user has not clicked for half an hour.
class visits : public braid::keyed_operator<std::uint32_t, visit> {
public:
  void on(const click& x) {
    clicks.edit() += 1;
    if (ends.exists())
      cancel_timer(ends.get());
    ends.set(x.at + half_an_hour);
    set_timer(x.at + half_an_hour);
  }

  void on_timer(braid::event_time) {
    emit({key(), clicks.get()});
    clicks.clear();
    ends.clear();
  }

private:
  static constexpr braid::event_time half_an_hour = 1'800'000'000;

  value<std::uint64_t> clicks{*this, "clicks"};
  value<braid::event_time> ends{*this, "ends"};
};
// [operator]

// [expiry]
/// Passes on a user's first click in a day without clicks.
class first_clicks : public braid::keyed_operator<std::uint32_t, click> {
public:
  void on(const click& x) {
    if (!clicked.exists())
      emit(x);
    clicked.set(true);
  }

private:
  value<bool> clicked{*this, "clicked",
                      braid::expires_after(std::chrono::hours{24})};
};
// [expiry]

// [versions]
/// Version 0 had no `page`.
struct last_click {
  braid::event_time at = 0;
  std::string page = "unknown";

  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    archive& at;
    if (version >= 1)
      archive& page;
  }
};

BOOST_CLASS_VERSION(last_click, 1)
// [versions]

// [two inputs]
struct blocked_user {
  std::uint32_t user = 0;
};

/// Lets clicks through, but for those of blocked users.
class unblocked : public braid::keyed_operator<std::uint32_t, click> {
public:
  void on(const click& x) {
    if (!blocked.get().contains(key()))
      emit(x);
    else
      refused.emit(x);
  }

  void on_broadcast(const blocked_user& x) {
    blocked.edit().insert(x.user);
  }

private:
  braid::broadcast_state<std::set<std::uint32_t>> blocked{*this, "blocked"};
  braid::side_output<click> refused{*this, "refused"};
};
// [two inputs]

namespace {

std::uint32_t user_of(const click& x) {
  return x.user;
}

/// Users 1, 2 and 3 click once a minute, `count` times in all.
auto clicks_of_three_users(std::uint64_t count) {
  auto make = [](std::uint64_t i) {
    return click{static_cast<std::uint32_t>(i % 3 + 1),
                 static_cast<braid::event_time>(i) * 20'000'000};
  };
  return braid::generate<click>(make, {.count = count});
}

} // namespace

TEST_CASE("visits end half an hour after the last click") {
  auto results = std::make_shared<braid::collected<visit>>();
  braid::topology topology{"visits", {}};
  // [compose]
  topology.source("clicks", clicks_of_three_users(300))
    .assign_times("times", [](const click& x) { return x.at; })
    .key_by(user_of)
    .process<visits>("visits")
    .sink("result", braid::collect(results));
  // [compose]
  braid::run_to_end(topology);
  auto found = results->values();
  std::sort(found.begin(), found.end(),
            [](auto& a, auto& b) { return a.user < b.user; });
  CHECK(found == std::vector<visit>{{1, 100}, {2, 100}, {3, 100}});
}

TEST_CASE("a user who goes on clicking has one first click") {
  auto results = std::make_shared<braid::collected<click>>();
  braid::topology topology{"first_clicks", {}};
  topology.source("clicks", clicks_of_three_users(300))
    .assign_times("times", [](const click& x) { return x.at; })
    .key_by(user_of)
    .process<first_clicks>("first")
    .sink("result", braid::collect(results));
  braid::run_to_end(topology);
  CHECK(results->size() == 3);
}

TEST_CASE("what a version added is saved") {
  auto copy = braid::decoded<last_click>(braid::encoded(last_click{7, "home"}));
  CHECK(copy.page == "home");
}

namespace {

class picky : public braid::keyed_operator<std::uint32_t, click> {
public:
  void on(const click& x) {
    emit(x);
  }
};

std::string describe(const braid::dead_letter& x) {
  return x.error;
}

} // namespace

TEST_CASE("dead letters have a stream") {
  auto results = std::make_shared<braid::collected<click>>();
  auto refused = std::make_shared<braid::collected<std::string>>();
  braid::topology topology{"picky", {}};
  // [dead letters]
  auto passed = topology.source("clicks", clicks_of_three_users(30))
                  .key_by(user_of)
                  .process<picky>("picky");
  passed.sink("result", braid::collect(results));
  passed.dead_letters()
    .map("lines", describe) // its operator_name, error, time, as<click>() ...
    .sink("refused", braid::collect(refused));
  // [dead letters]
  braid::run_to_end(topology);
  CHECK(results->size() == 30);
  CHECK(refused->size() == 0);
}

TEST_CASE("clicks of blocked users go to the side output") {
  auto passed = std::make_shared<braid::collected<click>>();
  auto refused = std::make_shared<braid::collected<click>>();
  braid::topology topology{"unblocked", {}};
  auto block = [](std::uint64_t) { return blocked_user{2}; };
  // [broadcast]
  auto blocked = topology.source(
    "blocked", braid::generate<blocked_user>(block, {.count = 1}));
  auto clicks = topology.source("clicks", clicks_of_three_users(30));
  auto result = connect(clicks.key_by(user_of), blocked.broadcast())
                  .process<unblocked>("unblocked");
  result.sink("passed", braid::collect(passed));
  result.side<click>("refused").sink("refused", braid::collect(refused));
  // [broadcast]
  braid::run_to_end(topology);
  CHECK(passed->size() == 20);
  CHECK(refused->size() == 10);
}
