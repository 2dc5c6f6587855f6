// The journal of a supervising node.
#pragma once

#include "actors/run_memory.hpp"

#include "checkpoint/journal.hpp"

#include <filesystem>
#include <mutex>

namespace braid {

/// Brings a supervisor's decisions to the disk before anybody is told of them.
/// Thread-safe: all topology supervisors of the node share it.
///
/// Everything throws `file_error`, which names the file and the remedy.
class supervisor_journal {
public:
  /// Opens the journal in `folder`, which is made if need be, and reads what an
  /// earlier life has decided.
  explicit supervisor_journal(const std::filesystem::path& folder);

  /// Begins a life of the node. Returns its incarnation: `wanted`, or a higher
  /// one if an earlier life's was as high.
  std::uint64_t begin_life(std::uint64_t wanted);

  /// Returns once this is on the disk.
  void save(const saved_run& run);
  void save_stable(const run_epoch& stable);

  /// What earlier lives have decided, and this one.
  std::vector<saved_run> runs() const;

  const std::filesystem::path& path() const {
    return path_;
  }

private:
  void append(const byte_buffer& record);
  void take(const journal_record& record);

  std::filesystem::path path_;
  mutable std::mutex mutex_;
  run_memory memory_;
  journal file_;
  std::uint64_t rewritten_bytes_ = 0; ///< its size after the last rewriting
};

} // namespace braid
