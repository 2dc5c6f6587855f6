// What simulated nodes and their supervisor send each other.
#pragma once

#include "actors/backup_messages.hpp"
#include "actors/messages.hpp"
#include "actors/run_logic.hpp"

#include <string>
#include <variant>

namespace braid::simulator {

struct batch_message {
  batch_origin from;
  batch_ptr tuples;
};

/// Tells a node to do its part of something.
struct node_command {
  run_logic::command what = run_logic::command::stop;
  generation_number generation = 0; ///< of the run when it was told
  /// By command; `start`, `stop_origins` and `stop` have none.
  std::variant<std::monostate, deployment, recovery, resumption, run_epoch,
               placement_change>
    content{};
};

/// The node has done so, or says why it cannot.
struct command_answer {
  run_logic::command what = run_logic::command::stop;
  generation_number generation = 0;
  std::string problem;
};

/// Nobody hears of a node any more.
struct node_lost {
  node_index node = 0;
};

/// The supervisor was started again.
struct supervisor_back {};

/// A node has found it.
struct node_returned {
  bool has_a_part = false;
};

/// Asks sources for a checkpoint after `epoch`.
struct naming {
  epoch_number epoch = 0;
};

/// Some source had closed `epoch` before; `closed` is its newest.
struct naming_refused {
  epoch_number epoch = 0;
  epoch_number closed = 0;
};

/// From a node to itself: its replay buffers have room for data again.
struct replay_room {};

using message =
  std::variant<batch_message, close_notice, credit_notice, partition_backup,
               backup_receipt, source_cuts, cuts_receipt, recovered_part,
               node_command, command_answer, node_lost, supervisor_back,
               node_returned, partition_event, link_report, checkpoint_report,
               checkpoint_refusal, naming, naming_refused, checkpoint_wish,
               replay_room, cuts_held, hand_over_notice>;

} // namespace braid::simulator
