#include "checkpoint/savepoint_file.hpp"

#include "checkpoint/checksum.hpp"

#include "operators/archive.hpp"

namespace braid {

namespace {

namespace fs = std::filesystem;

const file_format format{"savepoint", 1};

/// What a file ends with.
struct trailer {
  std::uint64_t manifest_size;
  std::uint64_t manifest_checksum;
};

/// So much is written before it is brought to the disk: the last sync then does
/// not hold up everybody who uses the disk.
constexpr std::uint64_t sync_every = std::uint64_t{64} << 20;

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span{&value, 1});
}

} // namespace

// -- savepoint_output ---------------------------------------------------------

savepoint_output::savepoint_output(const fs::path& path)
  : path_(path), temporary_(path), begin_(sizeof(file_head)), end_(begin_) {
  if (fs::exists(path))
    throw file_error{file_trouble::in_use, path,
                     "is there already; choose another name"};
}

void savepoint_output::append(std::span<const std::byte> bytes) {
  temporary_.file.write(end_, bytes);
  end_ += bytes.size();
  if (end_ - synced_ >= sync_every) {
    temporary_.file.sync();
    synced_ = end_;
  }
}

saved_content savepoint_output::end_content(std::uint64_t checksum) {
  saved_content result;
  result.offset = begin_;
  result.size = end_ - begin_;
  result.checksum = checksum;
  begin_ = end_;
  return result;
}

void savepoint_output::finish(const savepoint_manifest& manifest) {
  auto& file = temporary_.file;
  auto encoded_manifest = encoded(manifest);
  trailer last{encoded_manifest.size(), checksum(encoded_manifest)};
  append(encoded_manifest);
  append(bytes_of(last));
  auto head =
    make_file_head(format, end_ - sizeof(file_head), checksum(bytes_of(last)));
  file.write(0, bytes_of(head));
  savepoint_input{file.path()}.verify();
  file.sync();
  file.replace(path_);
}

// -- savepoint_input ----------------------------------------------------------

savepoint_input::savepoint_input(const fs::path& path)
  : file_(disk_file::open(path)) {
  read_manifest();
}

void savepoint_input::read_manifest() {
  auto damaged = [&](const std::string& how) {
    return damaged_file(file_.path(), "is damaged: " + how);
  };
  auto head = read_file_head(file_, format);
  auto end = sizeof(head) + head.length;
  trailer last = {};
  if (head.length < sizeof(last))
    throw damaged("it has no trailer");
  end -= sizeof(last);
  file_.read(end, std::as_writable_bytes(std::span{&last, 1}));
  if (checksum(bytes_of(last)) != head.contents)
    throw damaged("its trailer, the last bytes, has changed");
  if (last.manifest_size > end - sizeof(head))
    throw damaged("its trailer, the last bytes, makes no sense");
  byte_buffer bytes;
  bytes.resize(last.manifest_size);
  end -= last.manifest_size;
  file_.read(end, {bytes.data(), bytes.size()});
  if (checksum(bytes) != last.manifest_checksum)
    throw damaged("its manifest, from byte " + std::to_string(end)
                  + ", has changed");
  try {
    manifest_ = decoded<savepoint_manifest>(bytes.bytes());
  } catch (const decode_error& error) {
    throw damaged(std::string{"its manifest: "} + error.what());
  }
  check_extents(end);
}

/// Contents lie between the head and the manifest.
void savepoint_input::check_extents(std::uint64_t end) const {
  for (auto& each : manifest_.operators)
    for (auto* contents : {&each.slices, &each.common})
      for (auto& content : *contents)
        if (content.offset > end || content.size > end - content.offset)
          throw damaged_file(file_.path(),
                             "is damaged: its manifest makes no sense");
}

byte_buffer savepoint_input::read(const saved_content& content,
                                  const std::string& what) const {
  byte_buffer result;
  result.resize(content.size);
  read_some(content, 0, {result.data(), result.size()});
  if (checksum(result) != content.checksum)
    throw damaged_file(file_.path(),
                       "is damaged at " + what + ", bytes "
                         + std::to_string(content.offset) + " to "
                         + std::to_string(content.offset + content.size));
  return result;
}

void savepoint_input::read_some(const saved_content& content,
                                std::uint64_t offset,
                                std::span<std::byte> into) const {
  file_.read(content.offset + offset, into);
}

void savepoint_input::verify() const {
  for (auto& each : manifest_.operators) {
    auto where = each.kind + " '" + each.name + "'";
    for (std::size_t slice = 0; slice < each.slices.size(); ++slice)
      read(each.slices[slice], where + ", slice " + std::to_string(slice));
    for (auto& content : each.common)
      read(content, where + ", what belongs to no slice");
  }
}

} // namespace braid
