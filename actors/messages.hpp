// The messages of actors. Between nodes there are just two, a request and its
// reply, whose bodies our own archive encodes: CAF never sees a floating-point
// number, and few types keep the build quick.
#pragma once

#include "actors/frame.hpp"
#include "actors/node_settings.hpp"
#include "actors/partition_failure.hpp"
#include "actors/protocol.hpp"
#include "actors/recovery.hpp"
#include "actors/reports.hpp"
#include "actors/savepoint_messages.hpp"
#include "actors/scaling_messages.hpp"
#include "actors/wire.hpp"

#include "operators/archive.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/type_id.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace braid {

/// What one node asks of another, or a client of its node.
enum class request_kind : std::uint16_t {
  hello,             ///< introduction -> introduction
  heartbeat,         ///< node_report -> nothing
  leave,             ///< node name -> nothing
  deploy,            ///< deployment -> nothing, once all partitions are made
  start,             ///< run -> nothing: sources may begin
  stop,              ///< run -> its partition_reports, as they were at the end
  partition_event,   ///< partition_event -> nothing
  recover,           ///< recovery -> nothing, once all partitions are made
  resume,            ///< resumption -> nothing
  newest_epoch,      ///< run -> run_epoch: how far it is here
  measure,           ///< run -> load_counts
  name_checkpoint,   ///< run_epoch -> nothing
  refuse_checkpoint, ///< run_epoch -> nothing: a source has closed it
  checkpointed,      ///< checkpoint_report -> nothing
  wish_checkpoint,   ///< checkpoint_wish -> nothing
  keep_refused,      ///< checkpoint_refusal -> nothing
  stable,            ///< run_epoch -> nothing
  adopt,             ///< placement_change -> nothing
  stop_origins,      ///< run_epoch (a generation) -> nothing; tells of each
  hand_over_notice,  ///< hand_over_notice -> nothing
  link_broken,       ///< link_report -> nothing
  abandon, ///< nothing: the node was taken for lost, its runs go on elsewhere
  local_report,     ///< nothing -> node_report
  submit,           ///< submission -> name of the run, once it runs
  cancel,           ///< name of a run -> nothing
  report,           ///< nothing -> cluster_report
  rescale,          ///< scaling_order -> scaling_answer; it is under way then
  savepoint,        ///< savepoint_order -> its name; it is under way then
  savepoints,       ///< nothing -> savepoint_reports: all of them
  savepoint_status, ///< name -> savepoint_report
  verify_savepoint, ///< name -> savepoint_report, once all of it is read
  pin_copies,     ///< run_epoch -> held_slices: what is kept of it from now on
  pull_copies,    ///< content_request -> content_pieces, of what is pinned
  release_copies, ///< copies_release -> nothing
  pull_savepoint, ///< content_request -> content_pieces, of the run's origin
};

struct control_request {
  request_kind kind = request_kind::report;
  std::vector<char> body;
  /// Of a command to a node: the incarnation of the supervising node that
  /// decided so. Nodes ignore those of its earlier lives.
  std::uint64_t decided_in = 0;
};

/// `error` is empty if all went well, else one line for the user.
struct control_reply {
  std::string error;
  std::vector<char> body;
  bool unanswered = false; ///< the error: who should answer did not
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, control_request& x) {
  return f(caf::meta::type_name("control_request"), x.kind, x.body,
           x.decided_in);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, control_reply& x) {
  return f(caf::meta::type_name("control_reply"), x.error, x.body,
           x.unanswered);
}

template <class T>
std::vector<char> to_body(const T& value) {
  auto bytes = encoded(value);
  auto* first = reinterpret_cast<const char*>(bytes.data());
  return {first, first + bytes.size()};
}

/// Throws `decode_error`.
template <class T>
T from_body(const std::vector<char>& body) {
  return decoded<T>(std::as_bytes(std::span{body}));
}

template <class T>
control_request request_of(request_kind kind, const T& content) {
  return {kind, to_body(content), 0};
}

// -- contents of requests -----------------------------------------------------

/// Who a node is: sent when two nodes meet.
struct introduction {
  node_report self;
  std::string data_host;
  std::uint16_t data_port = 0;
  std::uint32_t most_partitions = 0; ///< of a run; 0: any number
  /// Control address of the node that supervises, if known.
  std::string supervising;
  /// The runs that it has a part of.
  std::vector<run_id> runs;
  /// It supervises, and will remember its runs when it is started again.
  bool keeps_journal = false;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& self& data_host& data_port& most_partitions& supervising& runs&
      keeps_journal;
  }
};

/// How a run names the node.
inline node_address address_in_run(const introduction& who) {
  return {who.self.name, who.self.incarnation, who.data_host, who.data_port,
          who.most_partitions};
}

/// A partition is done, or has failed.
struct partition_event {
  run_id run = 0;
  operator_id id = 0;
  partition_index partition = 0;
  generation_number generation = 0; ///< of the instance
  bool failed = false;
  partition_failure failure; ///< if so

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& id& partition& generation& failed& failure;
  }
};

// -- within a node ------------------------------------------------------------

/// Tuples of one epoch for a partition from one in this process, in the order
/// in which they were sent.
struct batch_arrival {
  batch_origin from;
  std::vector<batch_ptr> batches;
};

/// The same from another node; the partition decodes them.
struct frame_arrival {
  batch_origin from;
  std::vector<incoming_frame> frames;
};

/// So many batches go to a partition in one message, or fewer if their epoch
/// is closed: waking an actor for each would cost more than handling it.
inline constexpr std::size_t batches_together = 8;

/// What a holder on another node says to a partition.
template <class Receipt>
struct receipt_arrival {
  std::string from; ///< the node
  Receipt receipt;
};

/// A channel from upstream begins anew.
struct channel_renewal {
  edge_id edge = 0;
  partition_index from = 0;
  generation_number generation = 0;
};

/// Cuts up to `epoch` are held; `epoch` is stable; checkpoints are taken after
/// it.
struct cuts_held {
  epoch_number epoch = 0;
};
struct stable_notice {
  epoch_number epoch = 0;
};
struct named_checkpoint {
  epoch_number epoch = 0;
};

/// Checkpoints are taken from now on.
struct checkpoints_begin {
  checkpoint_settings how;
};

/// To the origin of the hand-over of that generation: its successors go on.
struct stop_for_successors {
  generation_number generation = 0;
};

/// The hand-over of that generation has had its time.
struct hand_over_limit {
  generation_number generation = 0;
};

/// The replay buffers of this node have room for data again.
struct replay_room {};

/// What arrived of backups, for who holds them.
struct backup_arrival {
  std::string from; ///< the node
  incoming_frame frame;
  arrival_window::ticket ticket{}; ///< of a recovered part
};

/// What a partition hands to the holder of its own node, for want of others, or
/// because it is about to leave the node.
struct own_backup {
  partition_backup backup;
  caf::actor answer_to; ///< gets the receipt; null: nobody waits for it
};

/// The same of cuts; somebody waits.
struct own_cuts {
  source_cuts cuts;
  caf::actor answer_to;
};

/// A link to another node broke or was lost.
struct link_down {
  std::string peer;
  std::string reason;
};

/// A link to another node stands.
struct link_up {
  std::string peer;
};

/// A node that can run a part of a run is there, or there again.
struct node_joined {
  node_address node;
  caf::actor supervisor;   ///< the node's
  bool has_a_part = false; ///< of the run: from before
};

/// Where a node can be reached, once its ports are bound.
struct bound_addresses {
  address control;
  address http;
};

using resume_atom = caf::atom_constant<caf::atom("resume")>;
using start_atom = caf::atom_constant<caf::atom("start")>;
using work_atom = caf::atom_constant<caf::atom("work")>;
using tick_atom = caf::atom_constant<caf::atom("tick")>;
using join_atom = caf::atom_constant<caf::atom("join")>;
using measure_atom = caf::atom_constant<caf::atom("measure")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;

} // namespace braid

CAF_BEGIN_TYPE_ID_BLOCK(braid, caf::first_custom_type_id)

  CAF_ADD_TYPE_ID(braid, (braid::control_request))
  CAF_ADD_TYPE_ID(braid, (braid::control_reply))

CAF_END_TYPE_ID_BLOCK(braid)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::batch_arrival)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::frame_arrival)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::close_notice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::credit_notice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::receipt_arrival<braid::backup_receipt>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::receipt_arrival<braid::cuts_receipt>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::channel_renewal)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::cuts_held)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::stable_notice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::named_checkpoint)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::checkpoints_begin)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::replay_room)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::backup_arrival)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::own_backup)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::own_cuts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::recovered_part)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::recovery)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::hand_over_notice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::stop_for_successors)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::hand_over_limit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::run_epoch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::checkpoint_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::checkpoint_wish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::checkpoint_refusal)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::link_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::node_joined)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::bound_addresses)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::link_down)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::link_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::partition_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::operator_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::run_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::savepoint_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::savepoint_pruning)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::savepoint_report)
