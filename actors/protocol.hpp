// What partitions say to each other on the data plane, as plain values. In a
// process they are passed as they are; `wire.hpp` encodes them for links.
#pragma once

#include "checkpoint/partition_checkpoint.hpp"

#include "operators/batch.hpp"
#include "operators/exchange.hpp"

#include <cstdint>
#include <span>
#include <stdexcept>
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
  /// How many tuples went to the receiver in epoch `first`.
  std::uint32_t tuples = 0;
};

/// How much an epoch had become at some partition.
struct epoch_size {
  epoch_number epoch = 0; ///< 0 before there is one
  std::uint64_t bytes = 0;
};

/// A downstream partition tells an upstream one how far it has come.
struct credit_notice {
  edge_id edge = 0;
  partition_index from = 0; ///< downstream
  partition_index to = 0;   ///< upstream
  /// All epochs up to this are processed.
  epoch_number finished = 0;
  /// Some source related to this edge has closed this epoch: sources that cut
  /// by time should follow.
  epoch_number hint = 0;
  /// Of the latest epochs at each partition on the way from here on, the
  /// largest.
  epoch_size largest;
};

/// In place of a number of tuples: this partition is sent no close now.
inline constexpr std::uint32_t not_yet = ~std::uint32_t{0};

/// Where a partition's messages go. The actor sends them to actors and links,
/// the simulator puts them into its channels. Messages from one partition to
/// another must arrive in the order in which they were sent.
class outbox {
public:
  virtual ~outbox() = default;

  virtual void send_batch(edge_id edge, partition_index to, epoch_number epoch,
                          batch_ptr tuples) = 0;

  /// To every partition downstream of the edge; `tuples[i]` replaces
  /// `notice.tuples` for partition i, and may be `not_yet`.
  virtual void send_close(const close_notice& notice,
                          std::span<const std::uint32_t> tuples) = 0;

  virtual void send_credit(const credit_notice& notice) = 0;

  /// To whoever holds backups; nobody does if the run takes no checkpoints.
  virtual void send_checkpoint(partition_checkpoint) {}
};

/// Messages came that the protocol does not allow: a bug, or a lost message.
class protocol_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

} // namespace braid
