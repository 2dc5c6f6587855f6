// The output side of one partition: what it has sent, it can send again.
#pragma once

#include "actors/hand_over.hpp"
#include "actors/protocol.hpp"
#include "actors/sent_channel.hpp"

#include "scaling/assignment.hpp"

#include "operators/topology.hpp"

#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace braid {

/// Each channel is a cursor into a replay buffer, for live and replayed epochs
/// alike (DESIGN 3). An epoch goes out on a channel once its receiver has
/// finished the one `in_flight` before it, and is closed there once its cuts
/// are held elsewhere, if it waits for that.
class replaying_outbox {
public:
  struct settings {
    epoch_number in_flight = 4;
    bool keep = false; ///< else there is nothing to send again
    /// Until it is stable; else only until its receiver has finished it.
    bool until_stable = true;
    /// Closes wait for `allow_closes`.
    bool hold_closes = false;
    epoch_number closed = 0; ///< up to here an earlier instance has sent
    /// Of the recovery that made this instance; 0 for the first. Its channels
    /// begin with the first credit of that generation.
    generation_number generation = 0;
    /// Counts what is kept; null: nobody does.
    std::shared_ptr<replay_account> account{};
  };

  /// What became of a credit.
  enum class credit_result {
    stale, ///< it is of an earlier generation, or of no channel
    usual,
    restarted, ///< the channel has begun anew
  };

  /// `out` must outlive this.
  replaying_outbox(const topology& graph, const assignment& owners,
                   operator_id id, const settings& how, outbox& out);

  /// More of the open epoch.
  void append(edge_id edge, partition_index to, epoch_number epoch,
              batch_ptr tuples);

  /// Ends the open epoch on all channels of an edge; `tuples[i]` went to
  /// partition i.
  void close(const close_notice& notice, std::span<const std::uint32_t> tuples);

  /// The cuts of all epochs up to `epoch` are held elsewhere.
  void allow_closes(epoch_number epoch);

  /// What is closed from now on is kept until it is stable, and waits for
  /// `allow_closes` if it is to be held.
  void keep_until_stable(bool hold_closes);

  /// The receiver has come so far: more may be sent.
  credit_result on_credit(const credit_notice& credit);

  /// Nobody needs the epochs up to `epoch` any more, but for successors in a
  /// hand-over that have not come so far.
  void trim(epoch_number epoch);

  // -- a hand-over downstream of an edge --------------------------------------

  /// Successors may ask for what went and goes to their origins. `broadcasts`:
  /// everybody gets the same on this edge.
  void add_successors(edge_id edge, const hand_over& what,
                      std::uint32_t slices_downstream, bool broadcasts);

  /// From the next epoch on, `append` is called for the successors instead of
  /// the origins.
  void retarget(edge_id edge, const hand_over& what);

  /// Nobody listens to the origins, or, if it is `aborted`, the successors any
  /// more.
  void end_hand_over(edge_id edge, const hand_over& what, bool aborted);

  // -- a hand-over of the slices whose output this is -------------------------

  /// Nothing is sent any more, and all receivers are told so: by partition
  /// `from`, which stopped before epoch `begin`.
  void stop(partition_index from, epoch_number begin);

  /// To whoever asks anew.
  void go_on() {
    stopped_ = false;
  }

  /// For what is not kept: credits, checkpoints, cuts.
  outbox& direct() {
    return *out_;
  }

  /// Held for replay.
  struct held {
    std::uint64_t bytes = 0;
    edge_id most = 0; ///< the edge that has the largest part of it
  };
  held held_for_replay() const;

private:
  using address = std::pair<edge_id, partition_index>;

  struct channel {
    std::shared_ptr<sent_channel> sent;
    replay_cursor at;
    generation_number generation = 0;
    epoch_number allowed = 0; ///< may be sent
    bool open = true;
    epoch_number finished = 0; ///< by the receiver, as far as known
    // In a hand-over downstream.
    bool retired = false;  ///< nothing new is sent on it
    bool released = false; ///< nobody listens; kept for successors to borrow
  };

  bool takes_epochs(const channel& on) const {
    return on.sent->has_own() && !on.retired;
  }

  void send_closes_alike(edge_id edge);
  void send_more(const address& to, channel& on);
  bool send_next(const address& to, channel& on);
  bool send_borrowed(const address& to, channel& on);
  void forget_released();
  bool may_close(const channel& on) const;

  settings how_;
  outbox* out_;
  epoch_number closes_up_to_;
  std::map<address, channel> channels_;
  bool stopped_ = false; ///< for its slices are handed over
};

} // namespace braid
