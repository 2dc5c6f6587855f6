// Downstream of a hand-over that comes to nothing.
#include "tests/actors/echo_chain.hpp"

#include <catch2/catch.hpp>

using namespace braid;

namespace {

/// The sink of an `echo_chain`.
class sink_on_trial {
public:
  sink_on_trial() : logic_(chain_.make({2, 0}, sent)) {}

  /// Partition 0 upstream ends an epoch, or, if `stops`, hands over before it.
  void close(epoch_number epoch, generation_number generation,
             bool stops = false) {
    close_notice notice;
    notice.edge = 1;
    notice.generation = generation;
    notice.first = notice.last = epoch;
    notice.slices = {{0, 2}};
    notice.handed_over = stops;
    logic_->on_close(notice);
  }

  void begin_hand_over(generation_number generation) {
    auto owners = chain_.owners;
    owners[1].nodes.push_back(0);
    logic_->on_placement(owners, {{1, generation, {0}, {{1, {0, 1}}}}});
  }

  void abort_hand_over() {
    logic_->on_placement(chain_.owners, {});
  }

  void renew(generation_number generation) {
    logic_->renew_channel(1, 0, generation);
  }

  bool step() {
    return logic_->step(0).worked;
  }

  kept_messages sent;

private:
  echo_chain chain_;
  std::unique_ptr<partition> logic_;
};

} // namespace

// What the origin sends before all know that it goes on is not heard. Found by
// the simulator.
TEST_CASE(
  "an origin that goes on is heard from where its channel begins anew") {
  sink_on_trial sink;
  sink.close(1, 0);
  CHECK(sink.step());
  sink.begin_hand_over(1);
  sink.close(2, 0, true);
  CHECK(sink.sent.credits.back().to == 1);
  // Here nobody knows yet that it has gone on.
  sink.close(2, 0);
  sink.abort_hand_over();
  sink.close(3, 0);
  CHECK_FALSE(sink.step());
  sink.renew(2);
  auto& asked = sink.sent.credits.back();
  CHECK(asked.to == 0);
  CHECK(asked.generation == 2);
  CHECK(asked.finished == 1);
  sink.close(2, 2);
  sink.close(3, 2);
  CHECK(sink.step());
  CHECK(sink.step());
}
