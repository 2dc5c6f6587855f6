// What nodes send each other about backups, as plain values and as frames.
// Every frame carries a checksum that its sender made, so that what is damaged
// on the way is never kept.
#pragma once

#include "actors/arrival_window.hpp"
#include "actors/frame.hpp"
#include "actors/protocol.hpp"
#include "actors/wire.hpp"

#include "checkpoint/backup_store.hpp"
#include "checkpoint/incarnation.hpp"
#include "checkpoint/partition_checkpoint.hpp"
#include "checkpoint/slice_copy.hpp"

#include "operators/source.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace braid {

/// What a frame about backups is. Continues `frame_kind`.
enum class backup_frame_kind : std::uint16_t {
  backup = 4,
  backup_receipt = 5,
  cuts = 6,
  cuts_receipt = 7,
  recovered_part = 8,
};

/// Checkpoints and recoveries travel in parts of about this many bytes at most,
/// so that a large state neither stands in the way nor needs its memory twice.
/// A single slice is never split.
inline constexpr std::uint64_t max_part_bytes = std::uint64_t{4} << 20;

/// What a slice, or an epoch's cuts, takes in a part beside its contents; and
/// what a slice takes that did not change.
inline constexpr std::uint64_t part_entry_bytes = 64;
inline constexpr std::uint64_t unchanged_entry_bytes = 4;

/// One of the parts of a checkpoint that go to one holder.
struct partition_backup {
  run_id run = 0;
  partition_place place;
  incarnation_number incarnation = 0;
  std::uint32_t part = 0; ///< for the receipt; never used twice by an instance
  /// `progress` and `shared` are filled in: so in one part for each holder.
  bool has_partition = false;
  partition_checkpoint checkpoint; ///< only slices that the holder is to keep
  /// Of slices that have arrived, the checksums that were found to be right.
  std::map<slice_id, std::uint64_t> sums{};
};

/// What became of a part.
struct backup_receipt {
  run_id run = 0;
  partition_place place;
  incarnation_number incarnation = 0;
  epoch_number epoch = 0;
  std::uint32_t part = 0;
  put_result result = put_result::stored;
};

/// How all slices of a source's partition that had not ended before ended each
/// of the epochs `first` .. `last`.
struct source_cuts {
  run_id run = 0;
  partition_place place;
  incarnation_number incarnation = 0;
  epoch_number first = 0;
  epoch_number last = 0;
  std::vector<source_cut> cuts;
};

/// Cuts up to `last` are held, unless the sender is fenced.
struct cuts_receipt {
  run_id run = 0;
  partition_place place;
  incarnation_number incarnation = 0;
  epoch_number last = 0;
  bool fenced = false;
};

/// A partition that is lost, and the instance that takes its place; or one that
/// is to take the slices of others over.
struct lost_partition {
  partition_place place;
  std::vector<slice_id> slices;
  incarnation_number successor = 0;
  /// Whose copies it begins with, if not its own: partitions of the operator
  /// that had the slices.
  std::vector<partition_index> origins{};
  /// Its origins go on: they are not fenced.
  bool shadow = false;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& place.id& place.index& slices& successor& origins& shadow;
  }
};

/// Part of what one node holds of a lost partition.
struct recovered_part {
  run_id run = 0;
  partition_place place;
  incarnation_number incarnation = 0; ///< of the new instance
  std::string holder;                 ///< the node's name
  bool final = false;                 ///< the node has no more
  bool has_partition = false;         ///< `progress` and `shared` are there
  partition_checkpoint checkpoint;    ///< but for its slices
  std::map<epoch_number, std::vector<source_cut>> cuts;
  std::map<slice_id, slice_copy> slices{}; ///< held there
  arrival_window::ticket ticket{};         ///< until it is loaded
};

/// For texts: "operator 3, partition 1".
std::string place_name(const partition_place& place);

/// Frames of checkpoints borrow the memory of what they take over.
outgoing_frame to_frame(partition_backup backup);
outgoing_frame to_frame(const backup_receipt& receipt);
outgoing_frame to_frame(const source_cuts& cuts);
outgoing_frame to_frame(const cuts_receipt& receipt);
outgoing_frame to_frame(recovered_part part);

/// Throw `decode_error` if the frame is damaged or not what its kind says. The
/// slices of a recovered part are where they arrived: in the frame.
partition_backup read_partition_backup(const incoming_frame& frame);
backup_receipt read_backup_receipt(const incoming_frame& frame);
source_cuts read_source_cuts(const incoming_frame& frame);
cuts_receipt read_cuts_receipt(const incoming_frame& frame);
recovered_part read_recovered_part(const incoming_frame& frame);

/// The same without what the part holds.
recovered_part read_recovered_head(const incoming_frame& frame);

} // namespace braid
