// The output side of one partition: what it has sent, it can send again.
#pragma once

#include "actors/protocol.hpp"

#include "scaling/assignment.hpp"

#include "checkpoint/replay_buffer.hpp"

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

  /// The receiver has come so far: more may be sent.
  credit_result on_credit(const credit_notice& credit);

  /// Nobody needs the epochs up to `epoch` any more.
  void trim(epoch_number epoch);

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
  using buffer = replay_buffer<std::shared_ptr<const close_notice>>;

  struct channel {
    std::unique_ptr<buffer> sent;
    replay_cursor at;
    generation_number generation = 0;
    epoch_number allowed = 0; ///< may be sent
    bool open = true;
  };

  void send_closes_alike(edge_id edge);
  void send_more(const address& to, channel& on);
  bool may_close(const channel& on) const;

  settings how_;
  outbox* out_;
  epoch_number closes_up_to_;
  std::map<address, channel> channels_;
};

} // namespace braid
