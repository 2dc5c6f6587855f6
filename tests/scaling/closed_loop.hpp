// A model of a topology, and an autoscaler that looks after it.
#pragma once

#include "tests/scaling/model_topology.hpp"

#include "scaling/autoscaler.hpp"

namespace braid::testing {

class closed_loop {
public:
  closed_loop(model_topology model, const scaling_settings& settings)
    : model_(std::move(model)), scaler_(settings),
      interval_(std::chrono::duration<double>{settings.interval}.count()) {}

  /// `rate` tuples per second arrive at each source for so long.
  void run(double seconds, double rate) {
    model_.arrive(rate);
    for (double past = 0; past < seconds; past += interval_) {
      auto report = model_.run(interval_);
      worst_lag_ = std::max(worst_lag_, model_.lag());
      auto decision = scaler_.on_report(report);
      if (!decision)
        continue;
      for (auto& change : decision->changes)
        model_.rescale(change.id, change.to);
      most_ = std::max(most_, model_.total_parallelism());
      scaler_.on_carried_out(decision->number, report.until,
                             std::chrono::milliseconds{200});
    }
  }

  /// How many decisions there have been about `id`; without: in all.
  std::size_t decisions() const {
    return scaler_.history().decisions().size();
  }

  std::size_t decisions(operator_id id) const {
    std::size_t result = 0;
    for (auto& one : scaler_.history().decisions())
      for (auto& change : one.changes)
        result += change.id == id ? 1 : 0;
    return result;
  }

  /// How often `id` was scaled one way and then the other, after the first
  /// `skipped` decisions.
  std::size_t reversals(operator_id id, std::size_t skipped) const {
    std::size_t result = 0;
    std::optional<bool> last_was_out;
    auto& all = scaler_.history().decisions();
    for (auto i = skipped; i < all.size(); ++i)
      for (auto& change : all[i].changes) {
        if (change.id != id)
          continue;
        auto is_out = change.to > change.from;
        result += last_was_out && *last_was_out != is_out ? 1 : 0;
        last_was_out = is_out;
      }
    return result;
  }

  /// The longest that arrivals have waited outside since the last call.
  double take_worst_lag() {
    return std::exchange(worst_lag_, 0);
  }

  /// The highest total parallelism there ever was.
  std::uint32_t most_parallelism() const {
    return most_;
  }

  const model_topology& model() const {
    return model_;
  }

  const decision_history& history() const {
    return scaler_.history();
  }

private:
  model_topology model_;
  autoscaler scaler_;
  double interval_;
  double worst_lag_ = 0;
  std::uint32_t most_ = 0;
};

} // namespace braid::testing
