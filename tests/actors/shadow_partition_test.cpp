// A successor in a hand-over, before its origin has stopped and after.
#include "tests/actors/partition_messages.hpp"
#include "tests/actors/silent_source.hpp"

#include "actors/make_partition.hpp"

#include "operators/collect_sink.hpp"
#include "operators/stream.hpp"

#include <catch2/catch.hpp>
#include <memory>

using namespace braid;

namespace {

class echo final : public unkeyed_operator<std::uint64_t> {
public:
  void on(const std::uint64_t& x) {
    emit(x);
  }
};

constexpr generation_number of_hand_over = 1;

/// Edge 0 leads from a source of two slices to it, edge 1 from it to a sink.
class shadow_on_trial {
public:
  shadow_on_trial() {
    graph_.source("source", silent_source{})
      .process<echo>("echo")
      .sink("sink", collect(std::make_shared<collected<std::uint64_t>>()));
    owners_ = assign_evenly(graph_, {1, {}}, 1);
    partition_settings settings;
    settings.flow.in_flight = 4;
    settings.checkpoints.taken = true;
    restoring from;
    from.generation = of_hand_over;
    from.shadow = true;
    logic_ =
      make_partition(graph_, owners_, {1, 0}, settings, {sent, [] {}}, from);
  }

  /// Its only tuple is the epoch's number.
  void run(epoch_number epoch) {
    logic_->on_batch({0, 0, of_hand_over, epoch}, batch_of({{0, {epoch}}}));
    close_notice notice;
    notice.generation = of_hand_over;
    notice.first = notice.last = epoch;
    notice.slices = {{0, 2}};
    notice.tuples = 1;
    logic_->on_close(notice);
    REQUIRE(logic_->step(0).worked);
  }

  /// The sink's instance of that generation has finished all up to `finished`.
  void ask(generation_number generation, epoch_number finished) {
    sent.clear();
    credit_notice notice;
    notice.edge = 1;
    notice.generation = generation;
    notice.finished = finished;
    logic_->on_credit(notice);
  }

  std::vector<epoch_number> epochs_sent() const {
    std::vector<epoch_number> result;
    for (auto& close : sent.closes)
      result.push_back(close.notice.first);
    return result;
  }

  void stable(epoch_number epoch) {
    logic_->on_stable(epoch);
  }

  kept_messages sent;

private:
  topology graph_{"test", settings{}};
  assignment owners_;
  std::unique_ptr<partition> logic_;
};

} // namespace

// The origin is gone, and so is, later on, whoever got its output.
TEST_CASE("what a shadow processed is there for whoever asks for it once its "
          "origin is gone [counterexample 28]") {
  shadow_on_trial shadow;
  for (epoch_number epoch = 1; epoch <= 3; ++epoch)
    shadow.run(epoch);
  CHECK(shadow.sent.batches.empty());
  CHECK(shadow.sent.closes.empty());
  shadow.ask(of_hand_over, 1);
  CHECK(shadow.epochs_sent() == std::vector<epoch_number>{2, 3});
  REQUIRE(shadow.sent.batches.size() == 2);
  CHECK(shadow.sent.batches[0].epoch == 2);
  shadow.ask(of_hand_over + 1, 0);
  CHECK(shadow.epochs_sent() == std::vector<epoch_number>{1, 2, 3});
  // Nobody goes back to before that.
  shadow.stable(2);
  shadow.ask(of_hand_over + 2, 2);
  CHECK(shadow.epochs_sent() == std::vector<epoch_number>{3});
}
