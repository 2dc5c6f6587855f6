// What Braid's files that are either whole or not there begin with.
#pragma once

#include "checkpoint/checked_file.hpp"
#include "checkpoint/disk_file.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace braid {

/// In the machine's (little-endian) byte order.
struct file_head {
  std::array<char, 8> magic;
  std::array<char, 16> kind;
  std::uint32_t version;
  std::uint32_t unused;
  std::uint64_t length;   ///< of all that follows
  std::uint64_t contents; ///< their checksum, or of what leads to all of them
  std::uint64_t head;     ///< checksum of everything before it
};
static_assert(sizeof(file_head) == 56);

file_head make_file_head(const file_format& format, std::uint64_t length,
                         std::uint64_t contents);

/// The head of a file of `format` that has the length that it says. Throws
/// `file_error` if it is of another kind or version, torn, longer than it says,
/// or damaged at its beginning.
file_head read_file_head(const disk_file& file, const file_format& format);

/// The file is damaged, `how` says where.
file_error damaged_file(const std::filesystem::path& path,
                        const std::string& how);

/// A file that is being written beside where it will be. It is gone with this
/// object, unless it took its place.
class temporary_file {
public:
  /// Opens `<path>.new`, and takes over what a process left there that died.
  explicit temporary_file(const std::filesystem::path& path);

  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;

  ~temporary_file();

  disk_file file;

private:
  std::filesystem::path path_;
};

} // namespace braid
