#include "actors/run_logic.hpp"

namespace braid {

run_logic::run_logic(std::uint32_t nodes, std::uint64_t partitions)
  : nodes_(nodes), partitions_(partitions) {}

run_logic::actions run_logic::to_all(command what) const {
  actions result;
  for (node_index node = 0; node < nodes_; ++node)
    result.push_back({what, node});
  return result;
}

run_logic::actions run_logic::end(run_state how) {
  if (is_over(state_))
    return {};
  state_ = how;
  return to_all(command::stop);
}

run_logic::actions run_logic::begin() {
  return to_all(command::deploy);
}

run_logic::actions run_logic::on_deployed(node_index node) {
  if (is_over(state_) || !deployed_.insert(node).second)
    return {};
  // No partition begins before all are there to receive.
  return deployed_.size() == nodes_ ? to_all(command::start) : actions{};
}

run_logic::actions run_logic::on_started(node_index node) {
  started_.insert(node);
  if (state_ == run_state::starting && started_.size() == nodes_)
    state_ = run_state::running;
  return {};
}

run_logic::actions run_logic::on_partition_done(operator_id id,
                                                partition_index partition) {
  done_.insert({id, partition});
  return done_.size() == partitions_ ? end(run_state::complete) : actions{};
}

run_logic::actions run_logic::on_failure(const std::string& reason) {
  // What follows from the first failure would only hide it.
  if (!is_over(state_))
    reason_ = reason;
  return end(run_state::failed);
}

run_logic::actions run_logic::on_cancel() {
  return end(run_state::cancelled);
}

} // namespace braid
