// Alignment: gathers the input of epochs from all upstream partitions and says
// when an epoch is sealed (DESIGN 3).
#pragma once

#include "actors/input_progress.hpp"
#include "actors/protocol.hpp"

#include "operators/slice_order.hpp"

#include <deque>
#include <map>
#include <vector>

namespace braid {

/// The input side of one partition. Pure: messages in, sealed epochs out.
///
/// An epoch is sealed once every slice upstream has closed it; the partition
/// then takes it, after the one before. What arrives for a slice that has
/// closed the epoch is a duplicate and dropped.
class alignment {
public:
  struct input {
    edge_id edge = 0;
    std::uint16_t port = 0;
    std::uint32_t slices = 0; ///< of the upstream operator
  };

  explicit alignment(const std::vector<input>& inputs);

  void add(edge_id edge, partition_index from, epoch_number epoch,
           batch_ptr tuples);

  /// Throws `protocol_error` if an epoch is skipped or tuples are missing.
  void close(const close_notice& notice);

  /// The epoch to be taken next.
  epoch_number next() const {
    return next_;
  }

  /// Whether `next()` has all its input.
  bool sealed() const;

  /// A sealed epoch's input, in canonical order.
  struct epoch_input {
    epoch_info epoch;
    std::vector<input_run> runs;
    std::vector<batch_ptr> batches; ///< keeps what `runs` point to
    std::uint64_t tuples = 0;
    std::uint64_t bytes = 0;
    bool checkpoint = false; ///< one is taken after this epoch
  };

  /// Takes epoch `next()`, which must be sealed.
  epoch_input take();

  /// `from` is another instance from now on: drops what came of epochs that it
  /// has not closed, for it sends that again.
  void forget(edge_id edge, partition_index from);

  /// How far the inputs were after the epoch taken last, and a new alignment
  /// that is so far. What has come of later epochs is not kept. `load` throws
  /// `decode_error`.
  void save(byte_buffer& out) const;
  void load(input_archive& in);

  /// The newest epoch that `from` has closed on `edge`; the largest number
  /// there is once all its slices have ended.
  epoch_number closed_by(edge_id edge, partition_index from) const;

  /// The newest epoch that any upstream partition has closed.
  epoch_number newest_closed() const {
    return newest_closed_;
  }

  /// Epochs of which something has arrived and that are not taken yet.
  std::size_t pending_epochs() const {
    return pending_.size();
  }

  std::uint64_t pending_tuples() const {
    return pending_tuples_;
  }

  std::uint64_t pending_bytes() const {
    return pending_bytes_;
  }

private:
  static constexpr epoch_number never = input_progress::never;

  struct upstream {
    std::uint16_t port = 0;
    std::vector<epoch_number> closed; ///< by slice; `never` once ended
    std::vector<epoch_number> ended;  ///< by slice: its last epoch, or `never`
    std::map<partition_index, epoch_number> closed_by;
  };

  /// What came from one partition that has not closed the epoch.
  struct arrival {
    std::uint32_t tuples = 0;
    std::vector<const batch*> batches; ///< with tuples that were kept
  };

  struct pending_epoch {
    std::uint32_t open_slices = 0; ///< not closed yet, of all edges
    event_time now = 0;
    /// The lowest on each edge, of slices neither idle nor ended.
    std::map<edge_id, event_time> watermarks;
    std::map<std::pair<edge_id, partition_index>, arrival> arrived;
    epoch_input input;
  };

  pending_epoch& at(epoch_number epoch);
  void close_slice(upstream& edge, slice_id slice, const close_notice& notice);
  bool closes_anything(const close_notice& notice) const;
  void check_count(const close_notice& notice);
  void drop(pending_epoch& from, const std::vector<const batch*>& batches);
  void note_progress(const close_notice& notice);
  event_time watermark_after(const pending_epoch& epoch);

  std::map<edge_id, upstream> upstreams_;
  std::map<edge_id, event_time> watermarks_;
  std::deque<pending_epoch> pending_; ///< from `next_` on
  epoch_number next_ = 1;
  epoch_number newest_closed_ = 0;
  std::uint32_t live_slices_ = 0; ///< upstream, not ended
  epoch_number last_ = 0;         ///< the newest epoch in which a slice ended
  std::uint64_t pending_tuples_ = 0;
  std::uint64_t pending_bytes_ = 0;
  event_time now_ = beginning_of_time;
  event_time watermark_ = beginning_of_time;
};

} // namespace braid
