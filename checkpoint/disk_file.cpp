#include "checkpoint/disk_file.hpp"

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace braid {

namespace {

namespace fs = std::filesystem;

std::string remedy(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "make room and try again";
    case EFBIG:
      return "raise `ulimit -f`, or use a file system for larger files";
    case ENOENT:
    case ENOTDIR:
      return "check the path, and create the folder";
    case EISDIR:
      return "name a file, not a folder";
    case EACCES:
    case EPERM:
      return "check who may read and write the file and its folder";
    case EROFS:
      return "choose a folder that can be written";
    case EMFILE:
    case ENFILE:
      return "raise `ulimit -n`";
    case EIO:
      return "check the disk";
    default:
      return "check the file system";
  }
}

/// Calls until no signal gets in between.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR)
    result = call();
  return result;
}

} // namespace

// -- file_error ---------------------------------------------------------------

file_error::file_error(file_trouble trouble, const fs::path& file,
                       const std::string& what_and_remedy)
  : std::runtime_error{"'" + file.string() + "' " + what_and_remedy},
    trouble_(trouble) {}

file_error::file_error(const std::string& what, const fs::path& file, int error)
  : std::runtime_error{"cannot " + what + " '" + file.string()
                       + "': " + std::generic_category().message(error) + "; "
                       + remedy(error)},
    trouble_(error == ENOENT ? file_trouble::missing : file_trouble::system),
    code_(error, std::generic_category()) {}

// -- disk_file ----------------------------------------------------------------

disk_file disk_file::open(const fs::path& path) {
  auto descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    throw file_error{"open", path, errno};
  return {descriptor, path};
}

disk_file disk_file::open_locked(const fs::path& path) {
  // Whoever has the lock may put another file in this one's place before we
  // get it: a lock on a file that is gone protects nothing.
  for (;;) {
    auto descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0)
      throw file_error{"open", path, errno};
    disk_file result{descriptor, path};
    if (uninterrupted([&] { return flock(descriptor, LOCK_EX | LOCK_NB); })) {
      if (errno == EWOULDBLOCK)
        throw file_error{file_trouble::in_use, path,
                         "is in use by another process; stop that one first, "
                         "or use another file"};
      throw file_error{"lock", path, errno};
    }
    if (result.is_still_at_path())
      return result;
  }
}

disk_file::disk_file(int descriptor, fs::path path)
  : descriptor_(descriptor), path_(std::move(path)) {}

disk_file::disk_file(disk_file&& other) noexcept
  : descriptor_(std::exchange(other.descriptor_, -1)),
    path_(std::move(other.path_)) {}

disk_file& disk_file::operator=(disk_file&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

disk_file::~disk_file() {
  // What matters was synced, so there is nothing left to fail.
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

bool disk_file::is_still_at_path() const {
  struct stat here = {};
  struct stat there = {};
  return fstat(descriptor_, &here) == 0 && stat(path_.c_str(), &there) == 0
         && here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

std::uint64_t disk_file::size() const {
  struct stat status = {};
  if (fstat(descriptor_, &status) != 0)
    throw file_error{"read", path_, errno};
  if (S_ISDIR(status.st_mode))
    throw file_error{"read", path_, EISDIR};
  return static_cast<std::uint64_t>(status.st_size);
}

void disk_file::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    auto count = uninterrupted([&] {
      return pread(descriptor_, bytes.data(), bytes.size(),
                   static_cast<off_t>(offset));
    });
    if (count < 0)
      throw file_error{"read", path_, errno};
    if (count == 0)
      throw file_error{file_trouble::damaged, path_,
                       "became shorter while it was read; see who else writes "
                       "it"};
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

void disk_file::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    auto count = uninterrupted([&] {
      return pwrite(descriptor_, bytes.data(), bytes.size(),
                    static_cast<off_t>(offset));
    });
    if (count < 0)
      throw file_error{"write", path_, errno};
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

void disk_file::truncate(std::uint64_t size) {
  if (uninterrupted(
        [&] { return ftruncate(descriptor_, static_cast<off_t>(size)); })
      != 0)
    throw file_error{"cut", path_, errno};
}

void disk_file::sync() {
  if (uninterrupted([&] { return fdatasync(descriptor_); }) != 0)
    throw file_error{"bring to the disk", path_, errno};
}

void disk_file::replace(const fs::path& path) {
  if (std::rename(path_.c_str(), path.c_str()) != 0)
    throw file_error{"replace", path, errno};
  path_ = path;
  sync_folder_of(path);
}

void sync_folder_of(const fs::path& path) {
  auto folder = path.has_parent_path() ? path.parent_path() : fs::path{"."};
  auto descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    throw file_error{"open", folder, errno};
  auto failed = uninterrupted([&] { return fsync(descriptor); }) != 0;
  auto error = errno;
  ::close(descriptor);
  // Some file systems have nothing to sync in a folder.
  if (failed && error != EINVAL)
    throw file_error{"bring to the disk", folder, error};
}

} // namespace braid
