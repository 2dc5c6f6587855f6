#include "tests/actors/partition_messages.hpp"
#include "tests/actors/silent_source.hpp"

#include "actors/replaying_outbox.hpp"

#include "operators/collect_sink.hpp"
#include "operators/stream.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <string>

using namespace braid;

namespace {

using result = replaying_outbox::credit_result;

/// Notes what is sent, in order: "b1" for a batch of epoch 1, "c1-2" for the
/// close of epochs 1 and 2; and of which generation, if that is not 0.
class noted_messages final : public outbox {
public:
  void send_batch(const batch_target& to, batch_ptr) override {
    note(to.to, "b" + std::to_string(to.epoch), to.generation);
  }

  void send_close(const close_notice& notice,
                  std::span<const close_receiver> receivers) override {
    ++closes;
    for (auto& each : receivers) {
      auto text = "c" + std::to_string(notice.first);
      if (notice.last != notice.first)
        text += "-" + std::to_string(notice.last);
      note(each.to, text + ":" + std::to_string(each.tuples), each.generation);
    }
  }

  void send_credit(const credit_notice&) override {}

  /// What went to a partition since this was asked last.
  std::string taken(partition_index to) {
    return std::exchange(sent_[to], {});
  }

  int closes = 0; ///< messages

private:
  void note(partition_index to, std::string what,
            generation_number generation) {
    if (generation != 0)
      what += "/" + std::to_string(generation);
    auto& text = sent_[to];
    text += (text.empty() ? "" : " ") + what;
  }

  std::map<partition_index, std::string> sent_;
};

/// One edge to two partitions of a sink.
class outbox_on_trial {
public:
  explicit outbox_on_trial(replaying_outbox::settings how = {}) {
    graph_.source("source", silent_source{})
      .sink("sink", collect(std::make_shared<collected<std::uint64_t>>(),
                            {.keep_slices = true}));
    how.keep = true;
    made_ = std::make_unique<replaying_outbox>(
      graph_, assign_evenly(graph_, {2, {}}, 1), 0, how, sent);
  }

  /// An epoch with a batch of `tuples` for partition 0.
  void epoch(epoch_number number, std::uint32_t tuples = 2) {
    batch(number, tuples);
    close(number, number, tuples);
  }

  void batch(epoch_number number, std::uint32_t tuples = 2) {
    made_->append(0, 0, number,
                  batch_of({{0, std::vector<std::uint64_t>(tuples, 7)}}));
  }

  void close(epoch_number first, epoch_number last, std::uint32_t tuples = 0) {
    close_notice notice;
    notice.first = first;
    notice.last = last;
    made_->close(notice, std::array{tuples, 0U});
  }

  result credit(partition_index from, epoch_number finished,
                generation_number generation = 0) {
    credit_notice notice;
    notice.from = from;
    notice.finished = finished;
    notice.generation = generation;
    return made_->on_credit(notice);
  }

  replaying_outbox& out() {
    return *made_;
  }

  noted_messages sent;

private:
  topology graph_{"test", {}};
  std::unique_ptr<replaying_outbox> made_;
};

} // namespace

TEST_CASE("an epoch goes out once its receiver is near enough", "[replay]") {
  outbox_on_trial trial{{.in_flight = 1}};
  for (epoch_number number : {1, 2, 3})
    trial.epoch(number);
  CHECK(trial.sent.taken(0) == "b1 c1:2");
  CHECK(trial.sent.taken(1) == "c1:0");
  CHECK(trial.credit(0, 2) == result::usual);
  CHECK(trial.sent.taken(0) == "b2 c2:2 b3 c3:2");
  CHECK(trial.sent.taken(1).empty());
}

TEST_CASE("receivers that are at the same close share a message", "[replay]") {
  outbox_on_trial trial;
  trial.epoch(1);
  CHECK(trial.sent.closes == 1);
}

TEST_CASE("of epochs that are closed at once the rest goes later", "[replay]") {
  outbox_on_trial trial{{.in_flight = 2}};
  trial.batch(1);
  trial.close(1, 4, 2);
  CHECK(trial.sent.taken(0) == "b1 c1-2:2");
  trial.credit(0, 1);
  CHECK(trial.sent.taken(0) == "c3:0");
}

TEST_CASE("where no checkpoints are taken an epoch is kept until its receiver "
          "has finished it",
          "[replay]") {
  outbox_on_trial trial{{.until_stable = false}};
  for (epoch_number number : {1, 2, 3})
    trial.epoch(number);
  auto all = trial.out().held_for_replay().bytes;
  trial.credit(0, 2);
  trial.credit(1, 2);
  auto rest = trial.out().held_for_replay().bytes;
  CHECK(rest > 0);
  CHECK(rest < all);
  SECTION("from some time on, until it is stable") {
    trial.out().keep_until_stable(false);
    trial.credit(0, 3);
    trial.credit(1, 3);
    CHECK(trial.out().held_for_replay().bytes == rest);
    trial.out().trim(3);
    CHECK(trial.out().held_for_replay().bytes == 0);
  }
  SECTION("from some time on, closes are held, but not those before") {
    trial.sent.taken(0);
    trial.epoch(4);
    trial.out().keep_until_stable(true);
    trial.epoch(5);
    CHECK(trial.sent.taken(0) == "b4 c4:2 b5");
    trial.out().allow_closes(5);
    CHECK(trial.sent.taken(0) == "c5:2");
  }
}

TEST_CASE("closes wait until cuts are held, batches do not", "[replay]") {
  outbox_on_trial trial{{.hold_closes = true}};
  trial.batch(1);
  trial.close(1, 3, 2);
  CHECK(trial.sent.taken(0) == "b1");
  trial.out().allow_closes(2);
  CHECK(trial.sent.taken(0) == "c1-2:2");
  CHECK(trial.sent.taken(1) == "c1-2:0");
  trial.out().allow_closes(1);
  CHECK(trial.sent.taken(0).empty());
  trial.epoch(4);
  trial.out().allow_closes(4);
  CHECK(trial.sent.taken(0) == "c3:0 b4 c4:2");
}

// Frames were lost silently; the receiver begins the channel anew.
// A restored source repeats epochs that the receiver had closed before, and
// that are stable before their cuts are held again. Found by the simulator.
TEST_CASE("what is stable is not sent any more, held or not") {
  outbox_on_trial trial{{.hold_closes = true}};
  trial.epoch(1);
  trial.epoch(2);
  CHECK(trial.sent.taken(0) == "b1");
  trial.out().trim(2);
  trial.epoch(3);
  trial.out().allow_closes(1);
  CHECK(trial.sent.taken(0) == "b3");
  trial.out().allow_closes(3);
  CHECK(trial.sent.taken(0) == "c3:2");
}

TEST_CASE("counterexample 25: a channel that begins anew goes back to what the "
          "receiver wants",
          "[replay]") {
  outbox_on_trial trial;
  trial.epoch(1);
  trial.epoch(2);
  trial.batch(3);
  trial.sent.taken(0);
  trial.sent.taken(1);
  CHECK(trial.credit(0, 1, 5) == result::restarted);
  CHECK(trial.sent.taken(0) == "b2/5 c2:2/5 b3/5");
  CHECK(trial.sent.taken(1).empty());
  SECTION("what was said on the old one is void") {
    CHECK(trial.credit(0, 9) == result::stale);
    CHECK(trial.credit(0, 2, 4) == result::stale);
    CHECK(trial.sent.taken(0).empty());
  }
  SECTION("and goes on") {
    CHECK(trial.credit(0, 2, 5) == result::usual);
    trial.close(3, 3, 2);
    CHECK(trial.sent.taken(0) == "c3:2/5");
    CHECK(trial.sent.taken(1) == "c3:0");
  }
}

// P' has computed 41 and 42, which D had, and sends them only to D'.
TEST_CASE("counterexample 21: what a receiver has is buffered, though not sent",
          "[replay]") {
  outbox_on_trial trial{{.closed = 40, .generation = 1}};
  trial.epoch(41);
  CHECK(trial.sent.taken(0).empty());
  CHECK(trial.credit(0, 42, 1) == result::restarted);
  trial.epoch(42);
  CHECK(trial.sent.taken(0).empty());
  trial.epoch(43);
  CHECK(trial.sent.taken(0) == "b43/1 c43:2/1");
  CHECK(trial.credit(0, 40, 2) == result::restarted);
  CHECK(trial.sent.taken(0) == "b41/2 c41:2/2 b42/2 c42:2/2 b43/2 c43:2/2");
}

TEST_CASE("a restored instance sends nothing before it is asked", "[replay]") {
  outbox_on_trial trial{{.closed = 40, .generation = 2}};
  trial.epoch(41);
  CHECK(trial.credit(0, 40, 1) == result::stale);
  CHECK(trial.sent.taken(0).empty());
  CHECK(trial.credit(0, 40, 2) == result::restarted);
  CHECK(trial.sent.taken(0) == "b41/2 c41:2/2");
  CHECK(trial.sent.taken(1).empty());
}

TEST_CASE("what is trimmed is gone", "[replay]") {
  outbox_on_trial trial;
  for (epoch_number number : {1, 2, 3})
    trial.epoch(number);
  auto before = trial.out().held_for_replay().bytes;
  trial.out().trim(2);
  CHECK(trial.out().held_for_replay().bytes < before);
  trial.sent.taken(0);
  trial.credit(0, 2, 1);
  CHECK(trial.sent.taken(0) == "b3/1 c3:2/1");
  // Not more than there is.
  trial.out().trim(9);
  CHECK(trial.out().held_for_replay().bytes == 0);
  trial.epoch(4);
  CHECK(trial.sent.taken(0) == "b4/1 c4:2/1");
}

// It had all of an epoch when it asked, finished that, and all became stable.
TEST_CASE("who asks for what is trimmed meanwhile is sent what follows",
          "[replay]") {
  outbox_on_trial trial{{.in_flight = 1}};
  for (epoch_number number : {1, 2, 3})
    trial.epoch(number);
  trial.credit(0, 1);
  trial.out().trim(2);
  trial.sent.taken(0);
  CHECK(trial.credit(0, 1, 1) == result::restarted);
  CHECK(trial.sent.taken(0) == "b3/1 c3:2/1");
}

TEST_CASE("credits of channels that do not exist do nothing", "[replay]") {
  outbox_on_trial trial;
  CHECK(trial.credit(7, 1, 1) == result::stale);
}
