// Where one partition's messages go: to actors here and links to other nodes.
#pragma once

#include "actors/backup_holders.hpp"
#include "actors/checkpoint_sender.hpp"
#include "actors/cut_sender.hpp"
#include "actors/hand_over.hpp"
#include "actors/link.hpp"
#include "actors/messages.hpp"
#include "actors/protocol.hpp"

#include "scaling/assignment.hpp"

#include <caf/actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// Where the partitions of one run are, seen from one node.
struct run_routes {
  run_id run = 0;
  std::vector<edge_node> edges;
  assignment owners;
  std::vector<std::string> nodes; ///< by node_index
  node_index here = 0;
  std::vector<hand_over> hand_overs; ///< under way
  std::map<partition_place, caf::actor> local;
  caf::actor holder; ///< of backups, on this node

  /// The actor of a partition of this node.
  const caf::actor* find(operator_id id, partition_index partition) const;

  /// The number of a node of the run.
  node_index index_of(const std::string& node) const;
};

/// The outbox of one instance of a partition.
class routed_outbox final : public outbox {
public:
  /// Called when a checkpoint is backed up or not kept (with a reason for the
  /// user), when it is known that there will be none, when one is wished for,
  /// when cuts are held, and when a shadow has caught up.
  struct callbacks {
    std::function<void(const checkpoint_sender::completion&)> backed_up;
    std::function<void(epoch_number, const std::string&)> not_kept;
    std::function<void(epoch_number)> left_out;
    std::function<void(epoch_number)> wished;
    std::function<void(epoch_number)> cuts_held;
    std::function<void()> caught_up;
  };

  routed_outbox(run_id run, partition_place place, generation_number generation,
                link_layer& link);

  void tell(callbacks whom) {
    tell_ = std::move(whom);
  }

  /// To be called before the partition sends anything, and when the run is
  /// placed otherwise. Cuts that holders had who are gone are sent to new ones;
  /// checkpoints are not, but the next one has all of such slices.
  void route(std::shared_ptr<const run_routes> routes, backup_holders holders);

  /// Where the copies are that the instance was made from. To be called before
  /// `route`.
  void begin_with(kept_slices kept_by) {
    checkpoints_.begin_with(std::move(kept_by));
  }

  /// What the instance of a source that is lost had cut beyond `stable`.
  void repeat_cuts(epoch_number stable,
                   const std::map<epoch_number, std::vector<source_cut>>& cuts);

  /// The connection to a node broke and stands again: cuts and parts of
  /// checkpoints may be lost.
  void on_reconnected(node_index node);

  void send_batch(const batch_target& to, batch_ptr tuples) override;
  void send_close(const close_notice& notice,
                  std::span<const close_receiver> receivers) override;
  void send_credit(const credit_notice& notice) override;
  void send_checkpoint(partition_checkpoint&& checkpoint) override;
  lost_copies take_lost_copies() override;
  bool takes_copies() const override;
  void leave_out_checkpoint(epoch_number epoch) override;
  void send_cuts(cut_notice&& cuts) override;
  void ask_for_checkpoint(epoch_number epoch) override;
  void tell_caught_up() override;

  void on_receipt(const std::string& node, const backup_receipt& receipt);
  /// Returns the epoch up to which cuts are held, if that is news.
  std::optional<epoch_number> on_receipt(const std::string& node,
                                         const cuts_receipt& receipt);
  /// A shadow's checkpoints count when they are kept, however late.
  void on_stable(epoch_number epoch, bool shadow);

private:
  // Batches wait for each other, at the longest for the close of their epoch.
  struct waiting_batches {
    batch_target to;
    std::vector<batch_ptr> batches;
  };
  using channel = std::pair<edge_id, partition_index>;

  void deliver(waiting_batches& waiting);
  void send_parts();
  void send(const std::vector<cut_sender::message>& messages);
  const caf::actor& own_actor() const;
  void note_if_alone();
  void on_refusal(const std::string& node, const backup_receipt& receipt);
  void keep_here(partition_checkpoint&& checkpoint);

  run_id run_;
  partition_place place_;
  generation_number generation_;
  link_layer* link_;
  callbacks tell_;
  std::shared_ptr<const run_routes> routes_;
  std::map<channel, waiting_batches> waiting_;
  std::optional<backup_holders> holders_;
  std::optional<backup_holders> with_room_; ///< of these, as far as known
  checkpoint_sender checkpoints_;
  cut_sender cuts_;
  epoch_number last_cut_ = 0;
};

} // namespace braid
