// The part of the topology supervisor that is about its own life: what it
// writes down, how it leads a run on that an earlier one has led, and what it
// decides alone about nodes that live.
#include "actors/log.hpp"
#include "actors/topology_steps.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace braid::topology_steps {

namespace {

/// How long to wait before a journal that failed is tried again.
constexpr std::chrono::seconds journal_pause{1};

} // namespace

bool write_down(self_pointer self) {
  auto& state = self->state;
  auto& report = state.given.report;
  auto in_trouble = !state.journal_trouble.empty();
  try {
    state.recorder.record(state.logic->saved(report));
    if (in_trouble)
      log("topology")
        ->info("{}: the journal can be written again", report.name);
    state.journal_trouble.clear();
    return true;
  } catch (const file_error& error) {
    if (!in_trouble) {
      log("topology")->error("{} stands still: {}", report.name, error.what());
      self->delayed_send(self, journal_pause, work_atom::value);
    }
    state.journal_trouble = error.what();
    return false;
  }
}

void try_journal_again(self_pointer self) {
  if (write_down(self))
    return carry_out(self, {});
  self->delayed_send(self, journal_pause, work_atom::value);
}

// -- coming back --------------------------------------------------------------

/// A run that cannot be written down does not begin.
void begin_run(self_pointer self) {
  auto& state = self->state;
  auto actions = state.logic->begin();
  if (!write_down(self))
    actions = state.logic->on_failure(state.journal_trouble);
  carry_out(self, actions);
}

/// Of a run that an earlier life of this node has led.
void await_nodes(self_pointer self) {
  auto& state = self->state;
  auto& given = state.given;
  auto& back = state.coming_back.emplace();
  auto& nodes = state.logic->plan().nodes;
  for (auto node : state.logic->alive())
    if (nodes[node].name != given.report.supervisor)
      back.awaited.insert(node);
  if (given.own)
    back.joined.push_back(*given.own);
  if (back.awaited.empty())
    return go_on(self);
  self->delayed_send(self, given.return_limit, start_atom::value);
}

void stop_leftover(self_pointer self, const node_joined& joined) {
  if (joined.has_a_part)
    self->send(joined.supervisor, to_request(self, run_logic::command::stop));
}

void go_on(self_pointer self) {
  auto& state = self->state;
  if (!state.coming_back)
    return;
  auto back = *std::exchange(state.coming_back, std::nullopt);
  std::vector<node_address> joined;
  for (auto& node : back.joined) {
    joined.push_back(node.node);
    state.given.nodes.push_back(node.supervisor);
  }
  log("topology")
    ->info("{} is led on: {} of its nodes are back, {} are lost",
           state.given.report.name, back.returned.size(),
           state.logic->alive().size() - back.returned.size());
  carry_out(
    self, state.logic->on_supervisor_back(back.returned, joined, back.started));
  report(self);
}

void on_node_returned(self_pointer self, const node_joined& node) {
  auto& state = self->state;
  auto& back = *state.coming_back;
  auto& nodes = state.logic->plan().nodes;
  auto same = [&](node_index x) {
    return nodes[x].name == node.node.name
           && nodes[x].incarnation == node.node.incarnation;
  };
  auto found = std::find_if(back.awaited.begin(), back.awaited.end(), same);
  // Nobody is told to start before all have their part.
  if (found != back.awaited.end() && !node.has_a_part)
    back.started = !state.logic->is_first_start();
  if (found != back.awaited.end() && node.has_a_part) {
    state.given.nodes[*found] = node.supervisor;
    back.returned.insert(*found);
    back.awaited.erase(found);
  } else {
    stop_leftover(self, node);
    back.joined.push_back(node);
    // An earlier life of it will not come back.
    std::erase_if(back.awaited,
                  [&](auto x) { return nodes[x].name == node.node.name; });
  }
  if (back.awaited.empty())
    go_on(self);
}

// -- cut off ------------------------------------------------------------------

void lose_one_of(self_pointer self, node_index one, node_index other,
                 const link_report& broken) {
  auto& state = self->state;
  auto lost = state.logic->whom_to_lose(one, other);
  auto reason = "nodes " + broken.node + " and " + broken.peer
                + " live but cannot reach each other: " + broken.reason;
  log("topology")
    ->error("{} goes on without node {}: {}; mend the network and start that "
            "node again",
            state.given.report.name, node_name(self, lost), reason);
  self->send(state.given.nodes[lost],
             to_request(self, run_logic::command::stop));
  carry_out(self, state.logic->on_node_lost(lost, reason));
  report(self);
}

} // namespace braid::topology_steps
