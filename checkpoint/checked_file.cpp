#include "checkpoint/checked_file.hpp"

#include "checkpoint/checksum.hpp"
#include "checkpoint/disk_file.hpp"
#include "checkpoint/file_head.hpp"

namespace braid {

void write_checked_file(const std::filesystem::path& path,
                        const file_format& format,
                        std::span<const std::byte> contents) {
  auto head = make_file_head(format, contents.size(), checksum(contents));
  temporary_file temporary{path};
  auto& file = temporary.file;
  file.write(0, std::as_bytes(std::span{&head, 1}));
  file.write(sizeof(head), contents);
  file.sync();
  file.replace(path);
}

byte_buffer read_checked_file(const std::filesystem::path& path,
                              const file_format& format) {
  auto file = disk_file::open(path);
  auto head = read_file_head(file, format);
  byte_buffer contents;
  contents.resize(head.length);
  file.read(sizeof(head), {contents.data(), contents.size()});
  if (checksum(contents) != head.contents)
    throw damaged_file(path, "is damaged");
  return contents;
}

} // namespace braid
