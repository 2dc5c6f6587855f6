// A source's logic without actors, before one sink.
#pragma once

#include "tests/actors/partition_messages.hpp"
#include "tests/simulator/scripted_source.hpp"

#include "actors/make_partition.hpp"
#include "actors/source_logic.hpp"

#include "operators/collect_sink.hpp"
#include "operators/stream.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <utility>
#include <vector>

namespace braid::simulator {

constexpr event_time ms = 1'000;
inline const event_time idle = cut_settings{}.idle_length.count();
constexpr event_time start = 1'000'000;

/// A source with all its splits on one partition, before one sink.
class source_on_trial {
public:
  explicit source_on_trial(source_script script, cut_settings cuts = {},
                           epoch_number in_flight = 4) {
    graph_.source("source", scripted_source{std::move(script)})
      .sink("sink", collect(std::make_shared<collected<item>>()));
    partition_settings settings;
    settings.flow.in_flight = in_flight;
    settings.cuts = std::move(cuts);
    owners_ = assign_evenly(graph_, {}, 1);
    source_ = make_partition(graph_, owners_, {0, 0}, settings, {sent, [] {}});
  }

  step_result step(event_time at) {
    return source_->step(at);
  }

  /// The sink tells the source something.
  void credit(epoch_number finished, epoch_number hint = 0,
              epoch_size largest = {}, epoch_work longest = {}) {
    credit_notice notice;
    notice.finished = finished;
    notice.hint = hint;
    notice.largest = largest;
    notice.longest = longest;
    source_->on_credit(notice);
  }

  /// Steps on, with a sink that is always ready, until the source is done.
  void run(event_time at = start) {
    for (int steps = 0; steps < 1'000; ++steps) {
      if (step(at).done)
        return;
      credit(source_->load().epoch);
      at += ms;
    }
    FAIL("the source does not end");
  }

  const close_notice& last_close() const {
    return sent.closes.back().notice;
  }

  std::uint32_t tuples_of_close(std::size_t index) const {
    return sent.closes.at(index).tuples.at(0);
  }

  partition& logic() {
    return *source_;
  }

  kept_messages sent;

private:
  topology graph_{"test", settings{}};
  assignment owners_;
  std::unique_ptr<partition> source_;
};

inline std::vector<scripted_tuple> tuples(std::size_t count,
                                          event_time at = start) {
  std::vector<scripted_tuple> result;
  for (std::uint64_t i = 0; i < count; ++i)
    result.push_back({{0, i, 0}, at});
  return result;
}

/// One split with `count` tuples to be read at `at`, and no end in sight.
inline source_script endless(std::size_t count, event_time at = start) {
  return {{tuples(count, at)}, end_of_time};
}

} // namespace braid::simulator
