// What the parts of the topology supervisor share: its steps as functions of
// the actor.
#pragma once

#include "actors/hand_over_plan.hpp"
#include "actors/topology_supervisor.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

namespace braid::topology_steps {

using self_pointer = caf::stateful_actor<topology_supervisor_state>*;

// -- topology_supervisor.cpp --------------------------------------------------

/// Tells home what has changed.
void report(self_pointer self);

std::string node_name(self_pointer self, node_index node);

/// A command as it is to be sent now.
control_request to_request(self_pointer self, run_logic::command what);

/// Writes down what is decided, then tells the nodes.
void carry_out(self_pointer self, const run_logic::actions& actions);

/// Bodies of what the nodes of a run have answered.
using node_answers = std::vector<std::vector<char>>;

/// Asks all nodes of the run the same; `then` gets their answers, or nothing if
/// some node did not say. It is not called if the run is over by then, or
/// recovers: instances that are being made would not hear of what follows.
void ask_nodes(self_pointer self, request_kind what,
               std::function<void(const std::optional<node_answers>&)> then);

// -- topology_scaling.cpp -----------------------------------------------------

/// Of an actor that has just begun.
void begin_scaling(self_pointer self);

/// Asks all nodes how busy partitions are, which may lead to a decision.
void measure(self_pointer self);

/// The run has come further.
void follow_scaling(self_pointer self);

/// What was decided finds no room: the run's report says how many nodes it
/// would take. That is forgotten once a plan is begun, or after a while.
void want_nodes(self_pointer self, const no_room_error& error);
void forget_wanted_nodes(self_pointer self);

/// Another node may be used: what found no room may be decided again.
void on_more_room(self_pointer self);

/// The clock of decisions, in microseconds since 1970; it never goes back.
std::chrono::microseconds scaling_clock();

// -- topology_hand_overs.cpp --------------------------------------------------

/// The hand-over under way, for people; empty: none.
std::string hand_over_in_words(self_pointer self);

/// Has it carried out; `on_refusal` if that cannot be.
void carry_out_decision(self_pointer self, const scaling_decision& decision);

/// Answers with a `scaling_answer`.
control_reply on_scaling_order(self_pointer self,
                               const control_request& request);

void on_hand_over_notice(self_pointer self, const hand_over_notice& notice);

/// A hand-over that is not committed in time is taken back.
void limit_hand_over(self_pointer self);
void on_hand_over_limit(self_pointer self, const hand_over_limit& limit);

// -- topology_supervisor_return.cpp -------------------------------------------

/// Brings to the journal what is new about the run. If that fails, nobody is
/// told before another try succeeds.
bool write_down(self_pointer self);
void try_journal_again(self_pointer self);

/// The beginning of a new run, and of one that an earlier life of this node has
/// led.
void begin_run(self_pointer self);
void await_nodes(self_pointer self);

/// All nodes of a run that is led on are there, or have had their time.
void go_on(self_pointer self);

/// Nodes that still have their part of the run are back; others may join.
void on_node_returned(self_pointer self, const node_joined& node);

/// Ends what a node has of the run that was replaced since.
void stop_leftover(self_pointer self, const node_joined& joined);

/// Two living nodes cannot reach each other: the run goes on without one. That
/// may take part again once it was started anew.
void lose_one_of(self_pointer self, node_index one, node_index other,
                 const link_report& broken);

} // namespace braid::topology_steps
