// What the benchmarks of recovery and of the cost of checkpoints run, and how
// they look at its results.
#pragma once

#include "actors/deployment.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

namespace braid {

/// Windowed word count, after SEEP: fragments of 140 bytes, `rate` of them a
/// second (0: as many as are taken, `fragments` of them), each word's count in
/// its window of 30 s given out at every change.
submission word_frequency(std::uint64_t rate, std::uint64_t fragments = 0);

/// What `large_state` holds.
struct state_size {
  std::uint64_t keys = 0;
  std::uint64_t changing = 0; ///< how many keys change once all are there

  /// So much state, of which a tenth changes.
  static state_size of_bytes(std::uint64_t bytes);

  /// Of each key and its value.
  static constexpr std::uint64_t entry_bytes = 256;
};

/// First sets every key, then changes some of them at random, without end.
submission large_state(const state_size& size, std::uint64_t rate);

/// Watches the results that reach sinks in this process for those that a lost
/// process would have given. Each result tells the process that made it and the
/// tuple it comes of.
class result_watch {
public:
  /// Forgets everything.
  static void begin();

  /// The highest tuple whose result came so far, from any process.
  static std::uint64_t newest();

  /// From now on looks for a result that `lost` did not give, of a tuple newer
  /// than all that it gave, from a process that had given none.
  static void expect_successor_of(pid_t lost);

  /// When that came, in seconds after it was expected; nothing if it did not
  /// yet.
  static std::optional<double> recovered_after();
};

} // namespace braid
