#include "checkpoint/file_head.hpp"

#include "checkpoint/checksum.hpp"

#include <cassert>
#include <cstring>
#include <span>
#include <system_error>

namespace braid {

namespace {

namespace fs = std::filesystem;

constexpr std::array<char, 8> magic{'b', 'r', 'a', 'i', 'd', 0x1a, '\r', '\n'};

std::uint64_t checksum_of(const file_head& head) {
  return checksum(
    std::as_bytes(std::span{&head, 1}).first(offsetof(file_head, head)));
}

void check(const fs::path& path, const file_head& head,
           const file_format& format) {
  if (head.magic != magic)
    throw file_error{file_trouble::foreign, path,
                     "is not a file of Braid; name a " + format.kind};
  if (head.head != checksum_of(head))
    throw damaged_file(path, "is damaged at its beginning");
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

fs::path beside(fs::path path) {
  path += ".new";
  return path;
}

} // namespace

file_head make_file_head(const file_format& format, std::uint64_t length,
                         std::uint64_t contents) {
  file_head head = {};
  head.magic = magic;
  assert(format.kind.size() <= head.kind.size());
  std::memcpy(head.kind.data(), format.kind.data(), format.kind.size());
  head.version = format.version;
  head.length = length;
  head.contents = contents;
  head.head = checksum_of(head);
  return head;
}

file_head read_file_head(const disk_file& file, const file_format& format) {
  auto& path = file.path();
  auto size = file.size();
  file_head head = {};
  if (size < sizeof(head))
    throw damaged_file(path, "is too short for a " + format.kind);
  file.read(0, std::as_writable_bytes(std::span{&head, 1}));
  check(path, head, format);
  if (size - sizeof(head) < head.length)
    throw damaged_file(path, "is torn: it has " + std::to_string(size) + " of "
                               + std::to_string(sizeof(head) + head.length)
                               + " bytes");
  if (size - sizeof(head) > head.length)
    throw damaged_file(path, "is longer than it says");
  return head;
}

file_error damaged_file(const fs::path& path, const std::string& how) {
  return {file_trouble::damaged, path,
          how + "; use another copy of it, or an earlier one"};
}

temporary_file::temporary_file(const fs::path& path)
  : file(disk_file::open_locked(beside(path))), path_(beside(path)) {
  file.truncate(0);
}

temporary_file::~temporary_file() {
  std::error_code ignored;
  if (file.path() == path_)
    fs::remove(path_, ignored);
}

} // namespace braid
