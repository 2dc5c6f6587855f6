// An outbox that can send again what a partition has sent.
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

/// The output side of one partition: each channel is a cursor into a replay
/// buffer, for live and replayed epochs alike (DESIGN 3). An epoch goes out on
/// a channel once its receiver has finished the one `in_flight` before it.
class replaying_outbox final : public outbox {
public:
  struct settings {
    epoch_number in_flight = 4;
    bool keep = false;       ///< else there is nothing to send again
    epoch_number closed = 0; ///< up to here an earlier instance has sent
  };

  /// `out` must outlive this.
  replaying_outbox(const topology& graph, const assignment& owners,
                   operator_id id, const settings& how, outbox& out);

  void send_batch(edge_id edge, partition_index to, epoch_number epoch,
                  batch_ptr tuples) override;
  void send_close(const close_notice& notice,
                  std::span<const std::uint32_t> tuples) override;
  void send_credit(const credit_notice& notice) override;
  void send_checkpoint(partition_checkpoint checkpoint) override;

  /// The receiver has come so far: more may be sent.
  void on_credit(const credit_notice& credit);

  /// The receiver is a new one that has finished all up to `finished`: sends
  /// it what comes after, as its credits allow.
  void replay(edge_id edge, partition_index to, epoch_number finished);

  /// Nobody needs the epochs up to `epoch` any more.
  void trim(epoch_number epoch);

  /// Held for replay.
  std::uint64_t bytes() const;

private:
  using address = std::pair<edge_id, partition_index>;
  using buffer = replay_buffer<std::shared_ptr<const close_notice>>;

  struct channel {
    std::unique_ptr<buffer> sent;
    replay_cursor at;
    epoch_number finished = 0;
  };

  void send_more(const address& to, channel& on);
  void send_close_to(const address& to, const close_notice& notice);
  bool is_live(const channel& on, epoch_number last) const;

  settings how_;
  outbox* out_;
  std::map<address, channel> channels_;
  std::map<edge_id, std::uint32_t> partitions_; ///< downstream
};

} // namespace braid
