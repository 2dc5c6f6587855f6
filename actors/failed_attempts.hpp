// What follows when the code of a partition fails: another attempt, a dead
// letter, or the end of the run.
#pragma once

#include "actors/partition_failure.hpp"
#include "actors/protocol.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// Counts a run's failures. Pure: failures in, verdicts out.
///
/// A call of user code, for a tuple, a timer or a window, that fails as often
/// as it may is skipped from then on. Where it is not known which call it was,
/// the next attempt looks closer: that place is executed call by call. What
/// came of no single call has so many attempts until a checkpoint beyond it is
/// stable, whatever it was.
class failed_attempts {
public:
  enum class verdict : std::uint8_t {
    again, ///< from the last checkpoint
    /// Again, call by call where it failed, which is among `skipped` now.
    look_closer,
    skip,    ///< again, but for the call, which is among `skipped` now
    give_up, ///< the run has failed
  };

  /// More tuples than this that are skipped between two stable epochs are no
  /// fault of the tuples.
  static constexpr std::size_t most_skipped = 100;

  /// `most` attempts; at least 1.
  explicit failed_attempts(std::uint64_t most) : most_(most) {}

  verdict on_failure(const partition_place& place,
                     const partition_failure& failure);

  /// What an earlier life of the supervisor had decided to skip.
  void skip(std::vector<skipped_tuple> tuples) {
    skipped_ = std::move(tuples);
  }

  /// Nobody goes back to before the end of `epoch`.
  void on_stable(epoch_number epoch);

  /// What to pass over, and where to look closer, in epochs that are not
  /// stable, or that a source may have cut otherwise.
  const std::vector<skipped_tuple>& skipped() const {
    return skipped_;
  }

  /// The failures that led to the latest verdict.
  std::uint64_t attempts() const {
    return attempts_;
  }

private:
  struct count {
    std::uint64_t failures = 0;
    epoch_number epoch = 0; ///< of the latest one
  };

  verdict on_call(skipped_tuple found);
  verdict on_suspect(const partition_place& place,
                     const partition_failure& failure, skipped_tuple found);
  verdict on_other(const partition_place& place,
                   const partition_failure& failure);
  bool note(skipped_tuple found);

  std::uint64_t most_;
  std::uint64_t attempts_ = 0;
  std::map<std::pair<operator_id, input_position>, std::uint64_t> of_tuples_;
  std::map<partition_place, count> of_partitions_;
  std::vector<skipped_tuple> skipped_;
  /// Slices in which the next attempt finds out which call it is.
  std::set<std::pair<operator_id, slice_id>> looked_for_;
  std::size_t reads_since_stable_ = 0; ///< of `skipped_`
};

} // namespace braid
