// Copies of slices that a node holds, kept until they are in a savepoint.
#pragma once

#include "actors/held_backups.hpp"
#include "actors/savepoint_messages.hpp"

#include <map>
#include <optional>
#include <vector>

namespace braid {

/// Pins what is held of runs as of some epoch, and hands it out piece by piece.
/// Pinning copies nothing: later backups take other memory.
class pinned_copies {
public:
  /// Pins everything with which slices of the run can go on after `epoch`, in
  /// place of what was pinned of the run before.
  std::vector<held_slice> pin(const held_backups& held, run_id run,
                              epoch_number epoch);

  /// Throws `std::runtime_error` if that is not pinned.
  std::vector<content_piece> pieces(const content_request& asked);

  void release(run_id run);

private:
  struct pinned_run {
    epoch_number epoch = 0;
    std::map<operator_slice, held_backups::held_copy> copies;
    /// The slice that was asked for last, in one piece.
    std::optional<operator_slice> at;
    byte_buffer content;
    std::uint64_t sum = 0;
  };

  static content_piece piece(pinned_run& run, const operator_slice& of,
                             std::uint64_t offset, std::uint64_t most);

  std::map<run_id, pinned_run> runs_;
};

} // namespace braid
