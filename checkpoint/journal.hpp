// The file of a supervisor's decisions, each on the disk before it takes
// effect.
#pragma once

#include "checkpoint/disk_file.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

namespace braid {

/// A record of a journal, as it is read back.
struct journal_record {
  std::uint64_t number = 0; ///< of its life: 1, 2, 3 ..., past snapshots, too
  bool snapshot = false;    ///< stands for all records before it
  std::span<const std::byte> content;
};

/// An append-only file of checksummed records. Everything throws `file_error`.
/// Only one at a time can be open on a file: the file is locked.
class journal {
public:
  /// The content of a record may have up to this many bytes.
  static constexpr std::uint32_t max_record = std::uint32_t{1} << 30;

  using record_reader = std::function<void(const journal_record&)>;

  /// Opens the journal, or begins one, and reads all whole records. A last
  /// record that was torn by a crash is cut off: its `append` never returned,
  /// so nobody acted on it. Damage before the last whole record is refused
  /// with `file_trouble::damaged` and the file left as it is; of damage to the
  /// last record itself nobody can tell whether it was torn.
  journal(const std::filesystem::path& path, const record_reader& read);

  /// Adds a record. On return it is on the disk. If this throws, the record is
  /// not there, unless the disk itself failed: then nothing more is accepted,
  /// and only opening the journal again tells what is on the disk.
  void append(std::span<const std::byte> content);

  /// Replaces all records by one that stands for them, atomically: if this
  /// throws, they are all still there (see `append` about a failed disk).
  void rewrite(std::span<const std::byte> snapshot);

  /// How many bytes of a torn record were cut off when this was opened.
  std::uint64_t torn_bytes() const {
    return torn_;
  }

  /// The size of the file: a reason to rewrite it.
  std::uint64_t bytes() const {
    return end_;
  }

  /// The number of the last record, 0 before the first.
  std::uint64_t last_number() const {
    return last_;
  }

private:
  void begin();
  void read_records(const record_reader& read);
  void cut_torn_tail(std::span<const std::byte> contents);
  void require_usable(std::size_t size) const;

  disk_file file_;
  std::uint64_t end_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t torn_ = 0;
  bool failed_ = false;
};

} // namespace braid
