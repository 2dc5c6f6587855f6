#include "tests/simulator/drain_watch.hpp"

#include "tests/simulator/simulator.hpp"

#include <algorithm>

namespace braid::simulator {

drain_counts& drain_counts::operator+=(const drain_counts& other) {
  ordered += other.ordered;
  carried_out += other.carried_out;
  disturbed += other.disturbed;
  sources += other.sources;
  sinks += other.sinks;
  amid += other.amid;
  return *this;
}

std::string to_string(const drain_counts& x) {
  return std::to_string(x.ordered) + " drains ordered, "
         + std::to_string(x.carried_out) + " carried out with "
         + std::to_string(x.sources) + " sources and " + std::to_string(x.sinks)
         + " sinks that began again, " + std::to_string(x.disturbed)
         + " disturbed, " + std::to_string(x.amid) + " while one began again";
}

void drain_watch::on_order(const scaling_plan& what, const run_logic& logic) {
  if (!what.drained)
    return;
  if (what.moves_nothing()) {
    drained_.insert(*what.drained);
    return check(logic);
  }
  ++counts_->ordered;
  under_way_ = what;
  disturbed_ = false;
  look(logic);
}

void drain_watch::on_disturbance(const run_logic& logic) {
  if (!under_way_)
    return;
  // Hand-overs have a phase of their own.
  counts_->amid += !disturbed_ && logic.is_recovering()
                   && logic.phase() == run_logic::hand_over_phase::none;
  counts_->disturbed += disturbed_ ? 0 : 1;
  disturbed_ = true;
}

void drain_watch::on_end(const run_logic& logic) {
  on_disturbance(logic);
  under_way_.reset();
}

void drain_watch::look(const run_logic& logic) {
  if (under_way_ && !disturbed_ && !logic.is_recovering())
    note_begun_again(logic);
  if (under_way_ && takes_orders(logic)) {
    // Users are told that it took place if nothing else is said.
    if (!disturbed_ || logic.hand_over_problem().empty()) {
      drained_.insert(*under_way_->drained);
      check(logic);
      ++counts_->carried_out;
    }
    under_way_.reset();
  }
  if (logic.generation() != checked_)
    check(logic);
}

void drain_watch::note_begun_again(const run_logic& logic) {
  std::erase_if(under_way_->relocations, [&](auto& each) {
    auto& [place, node] = each;
    if (logic.plan().owners[place.id].nodes[place.index] != node)
      return false;
    auto kind = graph_->operators()[place.id].kind;
    ++(kind == operator_kind::source ? counts_->sources : counts_->sinks);
    return true;
  });
}

void drain_watch::check(const run_logic& logic) {
  checked_ = logic.generation();
  std::erase_if(drained_, [&](auto node) { return !logic.is_alive(node); });
  // Where else should anything run?
  auto others =
    std::any_of(logic.alive().begin(), logic.alive().end(),
                [&](auto node) { return !logic.avoided().contains(node); });
  if (!others)
    drained_.clear();
  for (auto node : drained_)
    check_empty(logic, node);
}

void drain_watch::check_empty(const run_logic& logic, node_index node) const {
  auto name = "node " + std::to_string(node) + ", which was drained,";
  for (operator_id id = 0; id < graph_->operators().size(); ++id)
    for (auto index : logic.plan().owners[id].hosts())
      if (logic.plan().owners[id].nodes[index] == node)
        throw simulation_failure{name + " is to host '"
                                 + graph_->operators()[id].name + "' "
                                 + std::to_string(index)};
  if (hosts_(node))
    throw simulation_failure{name + " still runs something"};
}

} // namespace braid::simulator
