// What partitions say to each other on the data plane, as plain values. In a
// process they are passed as they are; `wire.hpp` encodes them for links.
#pragma once

#include "checkpoint/partition_checkpoint.hpp"

#include "operators/batch.hpp"
#include "operators/exchange.hpp"
#include "operators/source.hpp"
#include "operators/topology.hpp"

#include <cstdint>
#include <span>
#include <stdexcept>
#include <tuple>
#include <vector>

namespace braid {

/// The slices `first` .. `last - 1`.
struct slice_range {
  slice_id first = 0;
  slice_id last = 0;

  bool operator==(const slice_range&) const = default;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& first& last;
  }
};

/// The slices `ids`, which ascend, as ranges.
std::vector<slice_range> ranges_of(const std::vector<slice_id>& ids);

/// Counts the recoveries of a run. A channel has the number of the latest one
/// that concerned it: what carries a lower one was sent by, or to, an instance
/// that is gone, or over a connection that broke, and is void.
using generation_number = std::uint64_t;

/// Where a partition stands in its topology.
struct partition_place {
  operator_id id = 0;
  partition_index index = 0;

  bool operator==(const partition_place&) const = default;

  bool operator<(const partition_place& other) const {
    return std::tie(id, index) < std::tie(other.id, other.index);
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& id& index;
  }
};

/// Whence a batch comes: one channel's, of one epoch.
struct batch_origin {
  edge_id edge = 0;
  partition_index from = 0;
  generation_number generation = 0;
  epoch_number epoch = 0;

  bool operator==(const batch_origin&) const = default;
};

/// Where a batch goes.
struct batch_target {
  edge_id edge = 0;
  partition_index to = 0;
  generation_number generation = 0;
  epoch_number epoch = 0;

  bool operator==(const batch_target&) const = default;
};

/// An upstream partition has emitted all that some of its slices emit on an
/// edge in epochs `first` .. `last`. Tuples are in `first` only; the epochs
/// behind it are empty.
struct close_notice {
  edge_id edge = 0;
  partition_index from = 0;
  epoch_number first = 0;
  epoch_number last = 0;
  std::vector<slice_range> slices;
  /// The minimum over the slices; meaningless if `idle`.
  event_time watermark = beginning_of_time;
  event_time now = 0;
  bool idle = false;  ///< the slices do not hold the watermark back
  bool ended = false; ///< they emit nothing after `last`, for ever
  /// The epoch of `first` .. `last` after which checkpoints are taken; 0: none.
  epoch_number checkpoint = 0;
  /// Closes nothing: the sender hands its slices over and sends no more; its
  /// successors do (docs/decisions/0024).
  bool handed_over = false;
  /// To a successor in a hand-over: the newest epoch that the sender has
  /// closed. Else 0.
  epoch_number newest = 0;
  // What differs from receiver to receiver.
  generation_number generation = 0;
  std::uint32_t tuples = 0; ///< that went to it in epoch `first`
};

/// One of the partitions that a close goes to.
struct close_receiver {
  partition_index to = 0;
  generation_number generation = 0;
  std::uint32_t tuples = 0; ///< that went to it in the first epoch

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& to& generation& tuples;
  }
};

/// How much an epoch had become at some partition.
struct epoch_size {
  epoch_number epoch = 0; ///< 0 before there is one
  std::uint64_t bytes = 0;
};

/// How long some partition worked on an epoch.
struct epoch_work {
  epoch_number epoch = 0; ///< 0 before there is one
  std::uint64_t microseconds = 0;
};

/// A downstream partition tells an upstream one how far it has come.
struct credit_notice {
  edge_id edge = 0;
  partition_index from = 0; ///< downstream
  partition_index to = 0;   ///< upstream
  /// If it is higher than what the upstream partition knows, the channel
  /// begins anew: all that follows `finished` is wanted (again).
  generation_number generation = 0;
  /// All epochs up to this are processed.
  epoch_number finished = 0;
  /// Some source related to this edge has closed this epoch: sources that cut
  /// by time should follow.
  epoch_number hint = 0;
  /// Of the latest epochs at each partition on the way from here on, the
  /// largest, and the one that took longest.
  epoch_size largest;
  epoch_work longest;
  /// Replay buffers on the way from here on are full: sources are to hold data
  /// back until they are told otherwise.
  bool replay_full = false;
};

/// How the slices of a source partition that had not ended before ended each
/// of the epochs `first` .. `last`.
struct cut_notice {
  epoch_number first = 0;
  epoch_number last = 0;
  std::vector<source_cut> cuts;
};

/// Where a partition's messages go. The actor sends them to actors and links,
/// the simulator puts them into its channels. Messages from one partition to
/// another must arrive in the order in which they were sent.
class outbox {
public:
  virtual ~outbox() = default;

  virtual void send_batch(const batch_target& to, batch_ptr tuples) = 0;

  /// To some of the partitions downstream of the edge, each with what it says
  /// of it in place of what `notice` does.
  virtual void send_close(const close_notice& notice,
                          std::span<const close_receiver> receivers) = 0;

  virtual void send_credit(const credit_notice& notice) = 0;

  /// To whoever holds backups; nobody does if the run takes no checkpoints.
  virtual void send_checkpoint(partition_checkpoint&&) {}

  /// Of what slices a holder may not have what was sent last. Tells each loss
  /// once.
  virtual lost_copies take_lost_copies() {
    return {};
  }

  /// Whether copies that are ahead of a checkpoint may be sent: not while those
  /// that were sent wait for the network.
  virtual bool takes_copies() const {
    return true;
  }

  /// The checkpoint that was to be taken after `epoch` is left out.
  virtual void leave_out_checkpoint(epoch_number) {}

  /// To whoever keeps cuts; answered by `partition::on_cuts_held`.
  virtual void send_cuts(cut_notice&&) {}

  /// To whoever names checkpoints: one after `epoch` should not wait for its
  /// time.
  virtual void ask_for_checkpoint(epoch_number /*epoch*/) {}

  /// To whoever leads hand-overs: this shadow has come as far as its origins.
  virtual void tell_caught_up() {}
};

/// Messages came that the protocol does not allow: a bug, or a lost message.
class protocol_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

} // namespace braid
