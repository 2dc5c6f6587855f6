// Savepoints on the disk: one file with everything that is needed to start a
// topology again from the end of an epoch.
//
//     file     := head, content ..., manifest, trailer
//
// The head is that of all checked files; its checksum is the trailer's, the
// trailer has that of the manifest, and the manifest those of the contents: so
// a file can be written and read content by content, however large it is, and
// no byte of it is unchecked.
#pragma once

#include "checkpoint/disk_file.hpp"
#include "checkpoint/file_head.hpp"

#include "operators/byte_buffer.hpp"
#include "operators/epoch.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace braid {

/// Where a content lies in the file.
struct saved_content {
  /// The end of which epoch it is of. If that is before the savepoint's, it had
  /// ended by then and is good for all later ones.
  epoch_number epoch = 0;
  bool ended = false;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t checksum = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& epoch& ended& offset& size& checksum;
  }
};

/// An operator as it was.
struct saved_operator {
  std::string name;
  std::string kind; ///< source, operator, sink
  std::vector<saved_content> slices;
  /// What belongs to no slice: of each partition of a source, of one partition
  /// of any other operator, where it is the same in all.
  std::vector<saved_content> common;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& kind& slices& common;
  }
};

/// From one operator to another, both by their index.
struct saved_edge {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint16_t port = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& from& to& port;
  }
};

/// What a savepoint is of, and where everything is.
struct savepoint_manifest {
  std::string topology;
  std::string run;
  std::map<std::string, std::string> settings;
  std::optional<std::uint64_t> count_cuts;
  std::uint64_t fingerprint = 0; ///< of the graph
  epoch_number epoch = 0;
  std::int64_t taken_at = 0; ///< microseconds since 1970
  bool periodic = false;     ///< nobody asked for it: it may be removed
  std::vector<saved_operator> operators;
  std::vector<saved_edge> edges; ///< as they are numbered

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& topology& run& settings& count_cuts& fingerprint& epoch& taken_at&
      periodic& operators& edges;
  }
};

/// Writes a savepoint beside where it will be; it is there, whole and durable,
/// once `finish` returns, and else not at all. Everything throws `file_error`.
class savepoint_output {
public:
  /// Refuses to replace a file.
  explicit savepoint_output(const std::filesystem::path& path);

  /// More of the content at hand.
  void append(std::span<const std::byte> bytes);

  /// Ends the content at hand, which has that checksum.
  saved_content end_content(std::uint64_t checksum);

  /// Reads everything again before the file takes its place: what came
  /// damaged is not kept.
  void finish(const savepoint_manifest& manifest);

  /// Written so far.
  std::uint64_t bytes() const {
    return end_;
  }

private:
  std::filesystem::path path_;
  temporary_file temporary_;
  std::uint64_t begin_; ///< of the content at hand
  std::uint64_t end_;
  std::uint64_t synced_ = 0;
};

/// An open savepoint. Everything throws `file_error`, which names the place if
/// something is damaged.
class savepoint_input {
public:
  /// Checks everything but the contents.
  explicit savepoint_input(const std::filesystem::path& path);

  const savepoint_manifest& manifest() const {
    return manifest_;
  }

  const std::filesystem::path& path() const {
    return file_.path();
  }

  std::uint64_t bytes() const {
    return file_.size();
  }

  /// Checked; `what` names it in errors.
  byte_buffer read(const saved_content& content, const std::string& what) const;

  /// Some of it, unchecked.
  void read_some(const saved_content& content, std::uint64_t offset,
                 std::span<std::byte> into) const;

  /// Reads everything.
  void verify() const;

private:
  void read_manifest();
  void check_extents(std::uint64_t end) const;

  disk_file file_;
  savepoint_manifest manifest_;
};

} // namespace braid
