// How frames from other nodes find their partitions.
#include "tests/actors/link_nodes.hpp"

#include "actors/backup_messages.hpp"
#include "actors/data_plane.hpp"

#include <caf/all.hpp>

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::testing;

namespace {

struct message_types : caf::actor_system_config {
  message_types() {
    add_message_types<caf::id_block::braid>();
  }
};

data_plane::callbacks deaf() {
  return {[](const std::string&, const std::string&) {},
          [](const std::string&) {},
          [](const std::string&, const incoming_frame&) {},
          [](link_log, const std::string&) {}};
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
