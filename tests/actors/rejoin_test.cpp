// Nodes that know of each other meet, however often one is started again: both
// look for the other, but only one of them connects.
#include "tests/actors/free_port.hpp"

#include "actors/dialer.hpp"
#include "actors/node.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

using namespace braid;
using namespace braid::testing;
using namespace std::chrono_literals;

namespace {

/// The life of `name` that `here` knows to be up; 0: none.
std::uint64_t life_of(node& here, const std::string& name) {
  for (auto& known : here.report().nodes)
    if (known.name == name && !known.lost)
      return known.incarnation;
  return 0;
}

/// Waits until `here` knows a life of `name` other than `before`.
std::uint64_t await_life(node& here, const std::string& name,
                         std::uint64_t before) {
  auto deadline = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < deadline) {
    if (auto now = life_of(here, name); now != 0 && now != before)
      return now;
    std::this_thread::sleep_for(1ms);
  }
  FAIL(name << " was not met");
  return 0;
}

node_settings settings_of(const std::string& name, address own,
                          const std::vector<address>& all) {
  node_settings result;
  result.name = name;
  result.supervisor = name == "supervisor";
  result.control = std::move(own);
  result.look_for = all;
  result.threads = 2;
  return result;
}

} // namespace

TEST_CASE("two nodes that start at the same moment meet each time") {
  for (int i = 0; i < 50; ++i) {
    std::vector<address> all{{"127.0.0.1", free_port()},
                             {"127.0.0.1", free_port()}};
    std::unique_ptr<node> worker;
    std::thread other{[&] {
      worker = std::make_unique<node>(settings_of("worker", all[1], all),
                                      topology_registry{});
    }};
    node supervisor{settings_of("supervisor", all[0], all), {}};
    other.join();
    REQUIRE(await_life(supervisor, "worker", 0) != 0);
    // A request of the worker reaches the supervisor, and so does the answer
    // the worker.
    REQUIRE(await_life(*worker, "supervisor", 0) != 0);
  }
}

TEST_CASE("a node that is started again and again is met each time") {
  std::vector<address> all{{"127.0.0.1", free_port()},
                           {"127.0.0.1", free_port()}};
  // Whoever of the two is to connect.
  auto [stays, leaves] = GENERATE(std::pair{0, 1}, std::pair{1, 0});
  node supervisor{settings_of("supervisor", all.at(stays), all), {}};
  std::uint64_t life = 0;
  for (int i = 0; i < 40; ++i) {
    node worker{settings_of("worker", all.at(leaves), all), {}};
    life = await_life(supervisor, "worker", life);
    REQUIRE(await_life(worker, "supervisor", 0) != 0);
  }
}

TEST_CASE("of two nodes that look for each other, one connects") {
  boost::asio::io_context context;
  using acceptor = boost::asio::ip::tcp::acceptor;
  for (int i = 0; i < 50; ++i) {
    acceptor doors[2] = {
      {context, {boost::asio::ip::address_v4::loopback(), 0}},
      {context, {boost::asio::ip::address_v4::loopback(), 0}}};
    std::mutex mutex;
    std::condition_variable changed;
    std::set<int> connected;
    std::vector<std::unique_ptr<dialer>> dialers;
    for (int own : {0, 1}) {
      dialers.push_back(std::make_unique<dialer>(1s, [&, own](const address&) {
        std::lock_guard guard{mutex};
        connected.insert(own);
        changed.notify_one();
      }));
      dialers[own]->listens_at(doors[own].local_endpoint().port());
    }
    for (int own : {0, 1}) // by whatever name
      dialers[own]->look_for({own == 0 ? "localhost" : "127.0.0.1",
                              doors[1 - own].local_endpoint().port()});
    std::unique_lock lock{mutex};
    REQUIRE(changed.wait_for(lock, 10s, [&] { return !connected.empty(); }));
    auto higher = doors[0].local_endpoint() > doors[1].local_endpoint() ? 0 : 1;
    CHECK(connected == std::set<int>{higher});
  }
}

TEST_CASE("what a node is tried with stays open while others connect to it") {
  // A connection accepted after it must not have the same descriptor.
  using boost::asio::ip::tcp;
  boost::asio::io_context context;
  tcp::acceptor door{context, {boost::asio::ip::address_v4::loopback(), 0}};
  address where{"127.0.0.1", door.local_endpoint().port()};
  std::mutex mutex;
  std::condition_variable changed;
  int found = 0;
  dialer dial{1s, [&](const address&) {
                std::lock_guard guard{mutex};
                ++found;
                changed.notify_one();
              }};
  dial.listens_at(65'535);
  dial.look_for(where);
  {
    std::unique_lock lock{mutex};
    REQUIRE(changed.wait_for(lock, 10s, [&] { return found == 3; }));
  }
  dial.settle(where);
  auto tried = door.accept();
  tried.non_blocking(true);
  char byte = 0;
  boost::system::error_code error;
  tried.read_some(boost::asio::buffer(&byte, 1), error);
  CHECK(error == boost::asio::error::would_block);
  // However often it was said that it can be reached.
  door.non_blocking(true);
  door.accept(error);
  CHECK(error == boost::asio::error::would_block);
}

TEST_CASE("who is not to connect first does so if nobody comes") {
  using clock = dial_turn::clock;
  clock::time_point now{1h};
  dial_turn turn;
  CHECK_FALSE(turn.on_reachable(false, now));
  CHECK(turn.next() <= now + dial_turn::head_start);
  // The other one was not there for a moment: it is to have its time again.
  turn.on_unreachable(now + 900ms);
  CHECK_FALSE(turn.on_reachable(false, now + 950ms));
  CHECK_FALSE(turn.on_reachable(false, now + 1100ms));
  CHECK(turn.on_reachable(false, now + 1950ms));
}

TEST_CASE("nodes that do not answer are looked for less and less often") {
  dial_turn turn;
  dial_turn::clock::time_point now{1h};
  for (int i = 0; i < 20; ++i) {
    auto before = now;
    turn.on_unreachable(now);
    now = turn.next();
    CHECK(now > before);
    CHECK(now <= before + dial_turn::longest_pause);
  }
  // One that is there again is met at once.
  CHECK(turn.on_reachable(true, now));
}
