// Recorded cuts: where sources ended their epochs in one run, so that another
// run can end them in the same places and give the same bytes (DESIGN 3).
#pragma once

#include "operators/source.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace braid {

/// Writes the cuts of a run to one file. Thread-safe: all source partitions of
/// a node share one. The file is only complete once the writer is destroyed.
class cut_recorder {
public:
  /// Throws `std::runtime_error` naming the file and the reason.
  explicit cut_recorder(const std::filesystem::path& file);

  void record(const std::string& source, epoch_number epoch,
              const std::vector<source_cut>& cuts);

private:
  std::filesystem::path path_;
  std::mutex mutex_;
  std::ofstream file_;
};

/// The cuts of an earlier run, or of this one before a loss.
class recorded_cuts {
public:
  /// Adds how slices of `source` ended `epoch`. Slices whose cut is known are
  /// passed over: they have repeated it. Throws `std::logic_error` if they have
  /// not.
  void add(const std::string& source, epoch_number epoch,
           const std::vector<source_cut>& cuts);

  /// Forgets the epochs up to `epoch`.
  void trim(epoch_number epoch);

  /// Adds what a `cut_recorder` wrote; one file a node. Throws
  /// `std::runtime_error` naming the file and what is wrong with it.
  void load(const std::filesystem::path& file);

  /// How the slices of `source` ended `epoch`; empty if none did. Slices that
  /// had ended before are not listed.
  const std::vector<source_cut>& of(const std::string& source,
                                    epoch_number epoch) const;

private:
  std::map<std::pair<std::string, epoch_number>, std::vector<source_cut>> cuts_;
};

} // namespace braid
