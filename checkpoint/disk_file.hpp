// Files that must survive a crash: every step to the disk in the open, every
// failure told with the file's name and a remedy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>

namespace braid {

/// What is wrong with a file, for those who can do something about it.
enum class file_trouble {
  missing, ///< there is no such file
  in_use,  ///< somebody else has locked it
  foreign, ///< not one of ours, or of another kind
  version, ///< of a version that this program does not read
  damaged, ///< torn, or changed since it was written
  system,  ///< the operating system refused something; see `code()`
};

/// A file cannot be read or written. The message names the file, what is wrong
/// and the remedy.
class file_error : public std::runtime_error {
public:
  file_error(file_trouble trouble, const std::filesystem::path& file,
             const std::string& what_and_remedy);

  /// The operating system refused to `what` the file ("write").
  file_error(const std::string& what, const std::filesystem::path& file,
             int error);

  file_trouble trouble() const {
    return trouble_;
  }

  /// Empty unless the operating system refused something.
  std::error_code code() const {
    return code_;
  }

private:
  file_trouble trouble_;
  std::error_code code_;
};

/// An open file. Everything throws `file_error`.
class disk_file {
public:
  /// Opens an existing file to read.
  static disk_file open(const std::filesystem::path& path);

  /// Opens a file to read and write, creates it if need be, and locks it
  /// against everybody else who asks for the lock, until it is closed. Children
  /// that are forked meanwhile share the lock until they exec.
  static disk_file open_locked(const std::filesystem::path& path);

  disk_file(disk_file&& other) noexcept;
  disk_file& operator=(disk_file&& other) noexcept;
  ~disk_file();

  const std::filesystem::path& path() const {
    return path_;
  }

  std::uint64_t size() const;

  /// Fills `bytes`, all of which must be there.
  void read(std::uint64_t offset, std::span<std::byte> bytes) const;

  /// What is written may be lost until it is synced. A failed write may have
  /// written a part.
  void write(std::uint64_t offset, std::span<const std::byte> bytes);

  void truncate(std::uint64_t size);

  /// Brings contents and size to the disk. After a failure nothing is known
  /// about what was written since the last time, nor will another try tell.
  void sync();

  /// Takes the place of the file `path`, durably. The file should be synced.
  void replace(const std::filesystem::path& path);

private:
  disk_file(int descriptor, std::filesystem::path path);

  bool is_still_at_path() const;

  int descriptor_;
  std::filesystem::path path_;
};

/// Brings the names in the folder of `path` to the disk: without it, a file
/// that is there before a power cut may be gone after.
void sync_folder_of(const std::filesystem::path& path);

} // namespace braid
