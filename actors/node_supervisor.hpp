// The root of a node's actors.
#pragma once

#include "actors/backup_holder.hpp"
#include "actors/data_plane.hpp"
#include "actors/dialer.hpp"
#include "actors/kept_reports.hpp"
#include "actors/link_watch.hpp"
#include "actors/local_runs.hpp"
#include "actors/membership.hpp"
#include "actors/messages.hpp"
#include "actors/node_settings.hpp"
#include "actors/placement.hpp"
#include "actors/savepoint_keeper.hpp"
#include "actors/supervisor_journal.hpp"
#include "actors/topology_registry.hpp"
#include "actors/topology_supervisor.hpp"

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/response_promise.hpp>
#include <caf/stateful_actor.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace braid {

/// What a node supervisor works with; the node owns it and outlives it.
struct node_parts {
  node_settings settings; ///< with the ports that are really bound
  std::uint64_t incarnation = 0;
  const topology_registry* registry = nullptr;
  data_plane* plane = nullptr;
  dialer* dial = nullptr;
  std::shared_ptr<supervisor_journal> journal; ///< null: none is kept
};

/// What a request was refused for, in one line for the user.
inline control_reply failure(const std::string& error) {
  return {error, {}, false};
}

struct node_supervisor_state {
  static inline const char* name = "node_supervisor";

  using self_pointer = caf::stateful_actor<node_supervisor_state>*;

  /// A run that this node supervises.
  struct supervised_run {
    run_id number = 0;
    caf::actor supervisor;
    run_report report;
    std::vector<std::string> nodes;
    std::vector<caf::response_promise> submitters; ///< wait until it runs
  };

  self_pointer self = nullptr;
  node_parts parts;
  caf::actor holder;
  caf::actor keeper;                                      ///< of savepoints
  std::shared_ptr<std::atomic<std::uint64_t>> held_bytes; ///< by the holder
  std::unique_ptr<local_runs> local;
  membership members;
  std::map<std::string, caf::actor> peers; ///< node supervisors, by node
  std::string supervising;                 ///< another node; empty: none known
  /// The newest life of a supervising node that was met.
  std::uint64_t led_by = 0;
  kept_reports told;                          ///< to whoever supervises
  std::map<std::string, supervised_run> runs; ///< by name
  std::vector<std::string> runs_in_order;
  std::map<std::string, unsigned> runs_of; ///< how many, by topology
  run_id next_run = 1;
  membership::clock::time_point ticked_at{};
  link_watch links;
  std::optional<node_pool> pool; ///< of a node that supervises
  std::vector<std::string> pool_notes;
  membership::clock::time_point pool_looked_at{};

  // -- membership -------------------------------------------------------------

  introduction introduce() const;
  node_report own_report() const;
  void connect(const address& where);
  void greet(const caf::actor& stranger, const address& where);
  std::string meet(const introduction& who, const caf::actor& handle);
  void follow(const introduction& supervisor);
  void lose(const std::string& node, const std::string& reason);
  void on_leave(const std::string& node);
  void on_down(const caf::down_msg& down);
  void on_tick();

  // -- nodes that are kept at hand (node_supervisor_pool.cpp) ---------------

  void look_after_pool(membership::clock::time_point now);
  std::uint64_t nodes_wanted() const;

  // -- requests ---------------------------------------------------------------

  caf::result<control_reply> on_request(control_request& request);
  control_reply answer(const control_request& request);
  control_reply order(const control_request& request);
  control_reply answer_hello(const control_request& request);
  caf::result<control_reply> forward(control_request& request);
  caf::result<control_reply> report_cluster();
  caf::result<control_reply> recover(const recovery& what);

  // -- runs that this node supervises -----------------------------------------

  caf::result<control_reply> submit(const submission& asked);
  void submit_from(submission asked, const opened_savepoint& opened,
                   caf::response_promise promise);
  struct new_run;
  void begin_run(new_run&& what, const caf::response_promise& promise);
  caf::result<control_reply> order_savepoint(savepoint_order order);
  void fetch(const recovery& what, std::vector<lost_partition> places);
  caf::result<control_reply> ask(const caf::actor& whom,
                                 const control_request& request);
  void cancel(const std::string& run);
  caf::result<control_reply> rescale(const scaling_order& order);
  void supervise(const deployment& plan, supervised_run run, run_begin begin);
  void restore_runs();
  void offer(const introduction& node);
  void stop_forgotten(const introduction& node, const caf::actor& handle);
  void tell_again();
  void on_run_report(const run_report& report);
  void on_partition_event(const partition_event& event);
  void on_checkpoint(const checkpoint_report& report);
  void on_refused_checkpoint(const run_epoch& refused);
  void on_refusal(const checkpoint_refusal& refusal);
  void on_wish(const checkpoint_wish& wish);
  void on_hand_over(const hand_over_notice& notice);
  void on_link_down(const link_down& down);
  void give_up_links();
  void on_link_report(const link_report& report);
  template <class T>
  void to_supervisor_of(run_id number, request_kind kind, const T& what);
};

/// Starts and watches the partitions on its node, meets the other nodes, and
/// answers clients. On the supervising node it also starts a topology
/// supervisor for each submission.
///
/// Receives `control_request`, from other nodes and from clients of its own,
/// `partition_event`, `checkpoint_report`, `checkpoint_wish` and
/// `checkpoint_refusal`, `replay_room`, `run_report`, `savepoint_report`,
/// `savepoint_pruning`, `link_down`, `recovered_part`, `join` (an address
/// answers), `tick` and `stop`.
caf::behavior node_supervisor(caf::stateful_actor<node_supervisor_state>* self,
                              node_parts parts);

} // namespace braid
