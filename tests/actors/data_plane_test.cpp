// How frames from other nodes find their partitions.
#include "tests/actors/link_nodes.hpp"
#include "tests/actors/message_types.hpp"

#include "actors/backup_messages.hpp"
#include "actors/data_plane.hpp"

#include <caf/all.hpp>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <vector>

using namespace braid;
using namespace braid::testing;

namespace {

data_plane::callbacks deaf() {
  return {[](const std::string&, const std::string&) {},
          [](const std::string&) {}, [](link_log, const std::string&) {}};
}

} // namespace

TEST_CASE("an answer to what a partition sends once it knows its routes finds "
          "it") {
  message_types config;
  caf::actor_system system{config};
  caf::scoped_actor partition{system};
  node other{"a"};
  data_plane plane{options_for("b"), deaf()};
  plane.link().add_peer("a", 1, "127.0.0.1", other.link.port());
  other.link.add_peer("b", 1, "127.0.0.1", plane.port());
  other.seen.ups(1);

  auto routes = std::make_shared<run_routes>();
  routes->run = 7;
  routes->local[{0, 0}] = caf::actor_cast<caf::actor>(partition);
  plane.add(routes, [&] {
    // As quick as can be: the partition was told, nobody else yet.
    other.link.send("b", to_frame(cuts_receipt{7, {0, 0}, 1, 40, false}));
    while (other.link.queued_bytes("b") > 0)
      std::this_thread::yield();
  });
  epoch_number held = 0;
  partition->receive(
    [&](const receipt_arrival<cuts_receipt>& x) { held = x.receipt.last; },
    caf::after(time_limit) >> [] { FAIL("no receipt"); });
  CHECK(held == 40);
}

// Some of them may be lost with the connection, though the last one arrives:
// found by the simulator.
TEST_CASE("parts of a recovery are void once their connection broke") {
  std::mutex mutex;
  std::condition_variable changed;
  bool down = false;
  std::vector<incarnation_number> arrived;
  auto note = [&](auto change) {
    std::lock_guard guard{mutex};
    change();
    changed.notify_all();
  };
  auto wait_until = [&](auto condition) {
    std::unique_lock guard{mutex};
    REQUIRE(changed.wait_for(guard, time_limit, condition));
  };
  message_types config;
  caf::actor_system system{config};
  auto holder = system.spawn([&](caf::event_based_actor*) -> caf::behavior {
    return {[&](const backup_arrival& x) {
      note(
        [&] { arrived.push_back(read_recovered_part(x.frame).incarnation); });
    }};
  });
  auto tell = deaf();
  tell.on_peer_down = [&](const std::string&, const std::string&) {
    note([&] { down = true; });
  };
  data_plane plane{options_for("b"), tell};
  plane.give_backups_to(holder);
  plane.on_generation(7, 5);
  auto part_of = [](incarnation_number incarnation) {
    recovered_part part;
    part.run = 7;
    part.incarnation = incarnation;
    part.holder = "a";
    return part;
  };
  auto send_to_plane = [&](node& from, incarnation_number incarnation) {
    from.link.add_peer("b", 1, "127.0.0.1", plane.port());
    from.seen.ups(1);
    from.link.send("b", to_frame(part_of(incarnation)));
  };
  {
    node before{"a", 1};
    plane.link().add_peer("a", 1, "127.0.0.1", before.link.port());
    send_to_plane(before, 5);
    wait_until([&] { return arrived.size() == 1; });
  }
  wait_until([&] { return down; });
  node after{"a", 2};
  plane.link().add_peer("a", 2, "127.0.0.1", after.link.port());
  send_to_plane(after, 5);
  after.link.send("b", to_frame(part_of(6)));
  wait_until([&] { return arrived.size() == 2; });
  CHECK(arrived == std::vector<incarnation_number>{5, 6});
  caf::anon_send_exit(holder, caf::exit_reason::user_shutdown);
}

TEST_CASE("a frame that cannot be read ends its connection, for a new one") {
  node other{"a"};
  data_plane plane{options_for("b"), deaf()};
  plane.link().add_peer("a", 1, "127.0.0.1", other.link.port());
  other.link.add_peer("b", 1, "127.0.0.1", plane.port());
  other.seen.ups(1);
  auto kind = to_frame(cuts_receipt{7, {0, 0}, 1, 40, false}).kind();
  other.link.send("b", outgoing_frame{kind, noise(100)});
  CHECK(other.seen.downs(1).size() == 1);
  CHECK(other.seen.ups(2).size() == 2);
}
