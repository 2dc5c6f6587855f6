// What the keeper of backups does about parts of recoveries that arrive.
#include "tests/actors/backup_values.hpp"
#include "tests/actors/link_nodes.hpp"
#include "tests/actors/message_types.hpp"
#include "tests/actors/noting_link.hpp"

#include "actors/backup_holder.hpp"

#include <caf/all.hpp>

#include <catch2/catch.hpp>
#include <vector>

using namespace braid;
using namespace braid::testing;

namespace {

recovered_part part_of(incarnation_number incarnation) {
  recovered_part result;
  result.run = backed_run;
  result.place = backed_place;
  result.incarnation = incarnation;
  result.holder = "hilbert";
  result.slices.emplace(4, copy_of(bytes_of("four")));
  return result;
}

/// Its last byte, in a slice, is not what was sent.
incoming_frame damaged(const recovered_part& part) {
  incoming_frame frame{to_frame(part)};
  std::vector<std::byte> body{frame.bytes().begin(), frame.bytes().end()};
  body.back() ^= std::byte{1};
  return incoming_frame{outgoing_frame{frame.kind(), body}};
}

/// A holder, and who hears of what it does.
struct holder_rig {
  holder_rig() {
    holder =
      home->spawn(backup_holder,
                  holder_begin{"noether", 1 << 20, &link, home,
                               std::make_shared<std::atomic<std::uint64_t>>()});
  }

  ~holder_rig() {
    home->send_exit(holder, caf::exit_reason::user_shutdown);
    home->wait_for(holder);
  }

  message_types config;
  caf::actor_system system{config};
  caf::scoped_actor home{system};
  noting_link link;
  caf::actor holder;
};

} // namespace

TEST_CASE_METHOD(holder_rig,
                 "a partition hears what the holder of its own node has kept",
                 "[backups]") {
  home->send(holder, open_run_atom::value, backed_run);
  auto self = caf::actor_cast<caf::actor>(home->address());
  partition_backup backup;
  backup.run = backed_run;
  backup.place = backed_place;
  backup.checkpoint.epoch = 5;
  backup.checkpoint.slices.emplace(4, bytes_of("four"));
  home->send(holder, own_backup{backup, self});
  home->send(holder, own_cuts{{backed_run, backed_place, 0, 6, 6, {}}, self});
  home->receive(
    [&](const receipt_arrival<backup_receipt>& x) {
      CHECK(x.from == "noether");
      CHECK(x.receipt.result == put_result::stored);
    },
    caf::after(time_limit) >> [] { FAIL("no receipt"); });
  home->receive(
    [&](const receipt_arrival<cuts_receipt>& x) { CHECK(x.receipt.last == 6); },
    caf::after(time_limit) >> [] { FAIL("no receipt"); });
}

// Whoever waits for them would take the others for all that the node has.
TEST_CASE_METHOD(
  holder_rig,
  "parts that follow a damaged one are void, and their connection ends",
  "[backups]") {
  auto send = [&](const std::string& from, const incoming_frame& frame) {
    home->send(holder, backup_arrival{from, frame});
  };
  auto arrived = [&] {
    std::vector<std::string> result;
    home->receive(
      [&](const recovered_part& part) {
        result = {part.holder, std::to_string(part.incarnation)};
      },
      caf::after(time_limit) >> [] { FAIL("no part"); });
    return result;
  };
  send("hilbert", damaged(part_of(5)));
  send("hilbert", incoming_frame{to_frame(part_of(5))});
  auto other = part_of(5);
  other.holder = "cantor";
  send("cantor", incoming_frame{to_frame(other)});
  CHECK(arrived() == std::vector<std::string>{"cantor", "5"});
  send("hilbert", incoming_frame{to_frame(part_of(6))});
  CHECK(arrived() == std::vector<std::string>{"hilbert", "6"});
  CHECK(link.broken().size() == 1);
  CHECK_THAT(link.broken().at("hilbert"), Catch::Contains("checksum"));
}
