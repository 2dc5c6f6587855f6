// Slices change hands downstream of a source that is amid an epoch.
#include "tests/actors/source_on_trial.hpp"

using namespace braid;
using namespace braid::simulator;

namespace {

using count_of_key = keyed_value<std::uint64_t, std::uint64_t>;

/// A source before an operator of two slices, which has one partition at first.
class source_before_hand_overs {
public:
  source_before_hand_overs() {
    graph_.source("source", scripted_source{endless(3)})
      .key_by([](const item& x) { return x.key; })
      .count("count")
      .slices(2)
      .sink("sink", collect(std::make_shared<collected<count_of_key>>()));
    owners_ = assign_evenly(graph_, {1, {}}, 1);
    partition_settings settings;
    settings.checkpoints.taken = true;
    source_ = make_partition(graph_, owners_, {0, 0}, settings, {sent, [] {}});
  }

  /// All that `origin` hosts goes to `successor`.
  void begin(partition_index origin, partition_index successor) {
    owners_[1].nodes.push_back(0);
    source_->on_placement(owners_,
                          {{1, successor, {origin}, {{successor, {0, 1}}}}});
  }

  void commit(partition_index successor) {
    owners_[1].table = {successor, successor};
    source_->on_placement(owners_, {});
  }

  bool step(event_time at) {
    return source_->step(at).worked;
  }

  void ask(partition_index from, epoch_number finished) {
    credit_notice notice;
    notice.from = from;
    notice.generation = from;
    notice.finished = finished;
    source_->on_credit(notice);
  }

  std::vector<epoch_number> epochs_sent_to(partition_index partition) const {
    std::vector<epoch_number> result;
    for (auto& close : sent.closes)
      for (auto& receiver : close.receivers)
        if (receiver.to == partition)
          result.push_back(close.notice.first);
    return result;
  }

  kept_messages sent;

private:
  topology graph_{"test", settings{}};
  assignment owners_;
  std::unique_ptr<partition> source_;
};

} // namespace

// Sources are ahead by some epochs, so that all that is stable by then may be
// older than the epoch at hand. Found by the simulator.
TEST_CASE("successors may hand over before a source has ended its epoch") {
  source_before_hand_overs source;
  CHECK(!source.step(start));
  source.begin(0, 1);
  source.commit(1);
  source.begin(1, 2);
  source.commit(2);
  CHECK(source.step(start + 5 * ms));
  source.ask(2, 0);
  CHECK(source.epochs_sent_to(2) == std::vector<epoch_number>{1});
  CHECK(!source.step(start + 6 * ms));
  CHECK(source.step(start + 6 * ms + idle));
  source.ask(2, 1);
  CHECK(source.epochs_sent_to(2) == std::vector<epoch_number>{1, 2});
  CHECK(source.epochs_sent_to(1).empty());
}
