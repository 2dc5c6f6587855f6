#include "checkpoint/checked_file.hpp"

#include "checkpoint/checksum.hpp"
#include "checkpoint/disk_file.hpp"

#include <array>
#include <cassert>
#include <cstring>

namespace braid {

namespace {

namespace fs = std::filesystem;

/// What a file begins with, in the machine's (little-endian) byte order.
struct file_head {
  std::array<char, 8> magic;
  std::array<char, 16> kind;
  std::uint32_t version;
  std::uint32_t unused;
  std::uint64_t length;   ///< of the contents
  std::uint64_t contents; ///< their checksum
  std::uint64_t head;     ///< checksum of everything before it
};
static_assert(sizeof(file_head) == 56);

constexpr std::array<char, 8> magic{'b', 'r', 'a', 'i', 'd', 0x1a, '\r', '\n'};

std::uint64_t checksum_of(const file_head& head) {
  return checksum(
    std::as_bytes(std::span{&head, 1}).first(offsetof(file_head, head)));
}

file_head head_of(const file_format& format,
                  std::span<const std::byte> contents) {
  file_head head = {};
  head.magic = magic;
  assert(format.kind.size() <= head.kind.size());
  std::memcpy(head.kind.data(), format.kind.data(), format.kind.size());
  head.version = format.version;
  head.length = contents.size();
  head.contents = checksum(contents);
  head.head = checksum_of(head);
  return head;
}

file_error damaged(const fs::path& path, const std::string& how) {
  return {file_trouble::damaged, path,
          how + "; use another copy of it, or an earlier one"};
}

void check_head(const fs::path& path, const file_head& head,
                const file_format& format) {
  if (head.magic != magic)
    throw file_error{file_trouble::foreign, path,
                     "is not a file of Braid; name a " + format.kind};
  if (head.head != checksum_of(head))
    throw damaged(path, "is damaged at its beginning");
  std::string kind{head.kind.data(), strnlen(head.kind.data(), 16)};
  if (kind != format.kind)
    throw file_error{file_trouble::foreign, path,
                     "is a " + kind + "; name a " + format.kind};
  if (head.version != format.version)
    throw file_error{
      file_trouble::version, path,
      "is a " + kind + " of version " + std::to_string(head.version)
        + " and this program reads version " + std::to_string(format.version)
        + "; use the version of Braid that wrote it"};
}

/// Removes the file unless it was renamed.
class temporary_file {
public:
  explicit temporary_file(const fs::path& path)
    : file(disk_file::open_locked(path)), path_(path) {}

  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;

  ~temporary_file() {
    std::error_code ignored;
    if (file.path() == path_)
      fs::remove(path_, ignored);
  }

  disk_file file;

private:
  fs::path path_;
};

} // namespace

void write_checked_file(const fs::path& path, const file_format& format,
                        std::span<const std::byte> contents) {
  auto head = head_of(format, contents);
  auto beside = path;
  beside += ".new";
  temporary_file temporary{beside};
  auto& file = temporary.file;
  file.truncate(0);
  file.write(0, std::as_bytes(std::span{&head, 1}));
  file.write(sizeof(head), contents);
  file.sync();
  file.replace(path);
}

byte_buffer read_checked_file(const fs::path& path, const file_format& format) {
  auto file = disk_file::open(path);
  auto size = file.size();
  file_head head = {};
  if (size < sizeof(head))
    throw damaged(path, "is too short for a " + format.kind);
  file.read(0, std::as_writable_bytes(std::span{&head, 1}));
  check_head(path, head, format);
  if (size - sizeof(head) < head.length)
    throw damaged(path, "is torn: it has " + std::to_string(size) + " of "
                          + std::to_string(sizeof(head) + head.length)
                          + " bytes");
  if (size - sizeof(head) > head.length)
    throw damaged(path, "is longer than it says");
  byte_buffer contents;
  contents.resize(head.length);
  file.read(sizeof(head), {contents.data(), contents.size()});
  if (checksum(contents) != head.contents)
    throw damaged(path, "is damaged");
  return contents;
}

} // namespace braid
