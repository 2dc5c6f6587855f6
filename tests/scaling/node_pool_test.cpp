// How many nodes are ordered and given back, and what comes of failures.
#include "scaling/node_pool.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <utility>

using namespace braid;
using namespace std::chrono_literals;

namespace {

/// Does at once what it is told, unless it is broken.
struct provided {
  std::set<std::string> running;
  std::vector<node_event> events;
  std::string broken; ///< why nothing is started
  bool adopts = true;
};

class instant_provider final : public node_provider {
public:
  explicit instant_provider(provided& into) : into_(&into) {}

  void start(const node_order& order, time_point) override {
    if (!into_->broken.empty())
      return into_->events.push_back(
        {node_event::kind::failed, order.name, into_->broken});
    into_->running.insert(order.name);
    into_->events.push_back({node_event::kind::started, order.name, ""});
  }

  bool adopt(const node_order&) override {
    return into_->adopts;
  }

  void stop(const std::string& name, time_point) override {
    if (into_->running.erase(name) > 0)
      into_->events.push_back({node_event::kind::stopped, name, ""});
  }

  std::vector<node_event> poll(time_point) override {
    return std::exchange(into_->events, {});
  }

private:
  provided* into_;
};

/// A cluster whose nodes join at once, unless they are `shy`.
struct rig {
  explicit rig(std::uint64_t spares) {
    pool_settings settings;
    settings.nodes_from.provider = provider_kind::process;
    settings.spares = spares;
    settings.most_nodes = 3;
    pool = std::make_unique<node_pool>(
      settings, std::make_unique<instant_provider>(nodes), "127.0.0.1:4700",
      "pool");
  }

  node_pool::news look(std::chrono::seconds later = 1s) {
    now += later;
    std::vector<node_pool::member> members;
    for (auto& name : nodes.running)
      if (!shy)
        members.push_back({name, !busy.contains(name)});
    for (auto& name : others)
      members.push_back({name, !busy.contains(name)});
    return pool->look(members, more, now);
  }

  using names = std::set<std::string>;

  provided nodes;
  names busy;
  names others; ///< that joined unasked
  bool shy = false;
  std::uint64_t more = 0; ///< wanted by runs
  node_pool::time_point now{};
  std::unique_ptr<node_pool> pool;
};

using names = rig::names;

} // namespace

TEST_CASE("so many nodes without work are kept at hand") {
  rig one{2};
  one.look();
  CHECK(one.nodes.running == names{"pool-1", "pool-2"});
  one.look();
  CHECK(one.nodes.running.size() == 2);
  one.busy = {"pool-1"};
  one.look();
  CHECK(one.nodes.running == names{"pool-1", "pool-2", "pool-3"});
  // No more than that, whatever is missing.
  one.busy = {"pool-1", "pool-2"};
  one.look();
  one.look();
  CHECK(one.nodes.running.size() == 3);
}

TEST_CASE("nodes that joined unasked count as well") {
  rig one{1};
  one.others = {"worker"};
  one.look();
  CHECK(one.nodes.running.empty());
  one.busy = {"worker"};
  one.look();
  CHECK(one.nodes.running == names{"pool-1"});
}

TEST_CASE("nodes that are no longer needed are given back after a while") {
  rig one{1};
  one.busy = {"pool-1"};
  one.look();
  one.look();
  REQUIRE(one.nodes.running == names{"pool-1", "pool-2"});
  one.busy.clear();
  CHECK(one.look().leaving.empty());
  CHECK(one.look(60s).leaving.empty());
  CHECK(one.look(60s).leaving == std::vector<std::string>{"pool-2"});
  // First nothing is placed there any more, then it is stopped.
  CHECK(one.nodes.running.size() == 2);
  one.look();
  CHECK(one.nodes.running == names{"pool-1"});
  // The last spare stays.
  for (int i = 0; i < 5; ++i)
    CHECK(one.look(60s).leaving.empty());
}

TEST_CASE("a node that gets work in time is not given back") {
  rig one{1};
  one.busy = {"pool-1"};
  one.look();
  one.look();
  one.busy.clear();
  one.look(60s);
  one.busy = {"pool-2"};
  one.look(30s);
  one.busy.clear();
  CHECK(one.look(60s).leaving.empty());
}

TEST_CASE("what cannot be started is told, and tried again later and later") {
  rig one{1};
  one.nodes.broken = "no such program";
  auto attempts = 0;
  for (int second = 0; second < 60; ++second)
    for (auto& event : one.look().events)
      attempts += event.what == node_event::kind::failed;
  CHECK(attempts >= 3);
  CHECK(attempts <= 5);
  one.nodes.broken.clear();
  one.look(5min);
  CHECK(one.nodes.running.size() == 1);
}

TEST_CASE("a node that never joins is stopped, and another one is ordered") {
  rig one{1};
  one.shy = true;
  one.look();
  CHECK(one.nodes.running == names{"pool-1"});
  auto told = one.look(61s).events;
  REQUIRE(!told.empty());
  CHECK(told[0].what == node_event::kind::failed);
  CHECK(one.nodes.running.empty());
  one.shy = false;
  one.look(10s);
  one.look();
  CHECK(one.nodes.running == names{"pool-2"});
}

TEST_CASE("a node that ends by itself is replaced") {
  rig one{1};
  one.look();
  one.look();
  one.nodes.running.clear();
  one.nodes.events.push_back({node_event::kind::ended, "pool-1", "signal 9"});
  one.look();
  one.look(10s);
  CHECK(one.nodes.running == names{"pool-2"});
}

TEST_CASE("what found no room is ordered beside the spares") {
  rig one{1};
  one.look();
  one.look();
  REQUIRE(one.nodes.running == names{"pool-1"});
  // The spare one was known to whoever found no room.
  one.shy = true;
  one.others = {"pool-1"};
  one.more = 2;
  one.look();
  CHECK(one.nodes.running == names{"pool-1", "pool-2", "pool-3"});
  one.look();
  CHECK(one.nodes.running.size() == 3);
  // Where they are no longer wanted, they need not even join.
  one.more = 0;
  one.look();
  CHECK(one.nodes.running == names{"pool-1"});
}

TEST_CASE("without spares there are nodes when they are wanted") {
  rig one{0};
  one.look();
  CHECK(one.nodes.running.empty());
  one.more = 1;
  one.look();
  CHECK(one.nodes.running == names{"pool-1"});
  one.more = 0; // it has joined
  one.busy = {"pool-1"};
  one.look(5min);
  CHECK(one.nodes.running == names{"pool-1"});
  one.busy.clear();
  one.look();
  CHECK(one.look(2min).leaving == std::vector<std::string>{"pool-1"});
  one.look();
  CHECK(one.nodes.running.empty());
}

TEST_CASE("what an earlier life has ordered is given back by the next one") {
  rig one{1};
  one.nodes.running = {"pool-3", "pool-7"};
  one.busy = {"pool-7"};
  one.look();
  one.busy = {"pool-3", "pool-7"};
  one.look();
  // No name is given twice.
  CHECK(one.nodes.running == names{"pool-1", "pool-3", "pool-7"});
  one.busy.clear();
  one.look();
  CHECK(one.look(2min).leaving == std::vector<std::string>{"pool-7", "pool-3"});
  one.look();
  CHECK(one.nodes.running == names{"pool-1"});
}

TEST_CASE("nodes that only have such a name are left alone") {
  rig one{0};
  one.nodes.adopts = false;
  one.others = {"pool-1", "pool-", "pool-x", "pools-1"};
  for (int i = 0; i < 5; ++i)
    CHECK(one.look(60s).leaving.empty());
}

TEST_CASE("people are asked for nodes, under whatever name they come") {
  pool_settings settings;
  settings.spares = 1;
  node_pool pool{settings, "127.0.0.1:4700", "pool"};
  node_pool::time_point now{};
  auto told = pool.look({}, 0, now).events;
  REQUIRE(told.size() == 1);
  CHECK(told[0].what == node_event::kind::asked);
  CHECK_THAT(told[0].text, Catch::Contains("127.0.0.1:4700"));
  CHECK(pool.look({}, 0, now + 1h).events.empty()); // once is enough
  pool.look({{"mine", true}}, 0, now + 1h);
  CHECK(pool.look({{"mine", true}}, 0, now + 2h).events.empty());
}
