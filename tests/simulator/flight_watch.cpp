#include "tests/simulator/flight_watch.hpp"

#include <algorithm>

namespace braid::simulator {

void flight_watch::note_sent(partition_index from, const batch_target& to,
                             std::uint64_t tuples, epoch_number stable) {
  auto& edge = graph_->edges()[to.edge];
  auto& between = flights_[{to.edge, from, to.to, to.generation}];
  // What is stable was finished, whatever the latest generation says.
  if (to.epoch > std::max(between.finished, stable) + in_flight_)
    throw simulation_failure{
      name_of(edge.from, from) + " sends epoch " + std::to_string(to.epoch)
      + " to " + name_of(edge.to, to.to) + ", which has processed only "
      + std::to_string(between.finished) + ": more than "
      + std::to_string(in_flight_) + " epochs are in flight"};
  between.sent = std::max(between.sent, to.epoch);
  between.tuples[to.epoch] += tuples;
  between.tuples_in_flight += tuples;
  report_->most_epochs_in_flight =
    std::max(report_->most_epochs_in_flight, between.sent - between.finished);
  report_->most_tuples_in_flight =
    std::max(report_->most_tuples_in_flight, between.tuples_in_flight);
}

void flight_watch::note_finished(const credit_notice& credit) {
  auto& between =
    flights_[{credit.edge, credit.to, credit.from, credit.generation}];
  between.finished = std::max(between.finished, credit.finished);
  between.sent = std::max(between.sent, between.finished);
  while (!between.tuples.empty()
         && between.tuples.begin()->first <= between.finished) {
    between.tuples_in_flight -= between.tuples.begin()->second;
    between.tuples.erase(between.tuples.begin());
  }
}

std::string flight_watch::name_of(operator_id id, partition_index index) const {
  return "'" + graph_->operators()[id].name + "' " + std::to_string(index);
}

} // namespace braid::simulator
