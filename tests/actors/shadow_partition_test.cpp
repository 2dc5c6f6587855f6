// A successor in a hand-over, before its origin has stopped and after.
#include "tests/actors/echo_chain.hpp"

#include <catch2/catch.hpp>

using namespace braid;

namespace {

constexpr generation_number of_hand_over = 1;

/// The operator of an `echo_chain`.
class shadow_on_trial {
public:
  shadow_on_trial() {
    restoring from;
    from.generation = of_hand_over;
    from.shadow = true;
    logic_ = chain_.make({1, 0}, sent, from);
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
  echo_chain chain_;
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
