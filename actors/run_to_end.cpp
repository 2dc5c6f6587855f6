#include "actors/run_to_end.hpp"

#include "scaling/assignment.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

namespace braid {

namespace {

/// A whole run: partitions and the messages under way between them.
class run {
public:
  run(const topology& graph, const run_to_end_options& options)
    : graph_(graph),
      owners_(assign_evenly(graph, {options.parallelism, {}}, 1)) {
    partition_settings settings;
    settings.cuts.count = options.epoch_tuples;
    settings.round_trip_state = options.round_trip_state;
    for (auto id : graph.upstream_first())
      for (partition_index i = 0; i < owners_[id].partitions(); ++i) {
        auto& made = partitions_[{id, i}];
        made.out = std::make_unique<sender>(*this, i);
        made.logic =
          make_partition(graph, owners_, {id, i}, settings, {*made.out, [] {}});
      }
  }

  void to_end() {
    // A source that waits is asked again; one that waits for somebody outside
    // would be asked for ever.
    constexpr int patience = 1'000'000;
    for (int idle = 0; idle < patience; ++idle) {
      bool all_done = true;
      for (auto& [place, made] : partitions_) {
        auto result = made.logic->step(clock_);
        if (result.worked)
          idle = 0;
        all_done = all_done && result.done;
        deliver();
      }
      if (all_done)
        return;
      clock_ += 1000;
    }
    throw std::runtime_error{"topology '" + graph_.name()
                             + "' does not end: a source waits for something "
                               "outside"};
  }

private:
  using address = std::pair<operator_id, partition_index>;

  class sender final : public outbox {
  public:
    sender(run& owner, partition_index self) : run_(&owner), self_(self) {}

    void send_batch(const batch_target& to, batch_ptr tuples) override {
      batch_origin from{to.edge, self_, to.generation, to.epoch};
      run_->send(
        {run_->graph_.edges()[to.edge].to, to.to},
        [from, tuples](partition& logic) { logic.on_batch(from, tuples); });
    }

    void send_close(const close_notice& notice,
                    std::span<const close_receiver> receivers) override {
      for (auto& receiver : receivers) {
        auto addressed = notice;
        addressed.generation = receiver.generation;
        addressed.tuples = receiver.tuples;
        run_->send(
          {run_->graph_.edges()[notice.edge].to, receiver.to},
          [addressed](partition& logic) { logic.on_close(addressed); });
      }
    }

    void send_credit(const credit_notice& notice) override {
      run_->send({run_->graph_.edges()[notice.edge].from, notice.to},
                 [notice](partition& logic) { logic.on_credit(notice); });
    }

  private:
    run* run_;
    partition_index self_;
  };

  struct made_partition {
    std::unique_ptr<sender> out; // before `logic`, which sends to it
    std::unique_ptr<partition> logic;
  };

  using delivery = std::function<void(partition&)>;

  void send(address to, delivery what) {
    under_way_.emplace_back(to, std::move(what));
  }

  void deliver() {
    while (!under_way_.empty()) {
      auto [to, what] = std::move(under_way_.front());
      under_way_.pop_front();
      what(*partitions_.at(to).logic);
    }
  }

  const topology& graph_;
  assignment owners_;
  std::map<address, made_partition> partitions_;
  std::deque<std::pair<address, delivery>> under_way_;
  event_time clock_ = 0;
};

} // namespace

void run_to_end(const topology& graph, const run_to_end_options& options) {
  graph.validate();
  run{graph, options}.to_end();
}

} // namespace braid
