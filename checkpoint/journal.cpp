#include "checkpoint/journal.hpp"

#include "checkpoint/checksum.hpp"

#include "operators/byte_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace braid {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view first_line = "braid journal 1\n";

/// What a record begins with, in the machine's (little-endian) byte order.
struct record_head {
  std::uint64_t number;
  std::uint32_t size; ///< of the content
  std::uint32_t snapshot;
  std::uint64_t content; ///< its checksum
  std::uint64_t head;    ///< checksum of everything before it
};
static_assert(sizeof(record_head) == 32);

std::uint64_t checksum_of(const record_head& head) {
  return checksum(
    std::as_bytes(std::span{&head, 1}).first(offsetof(record_head, head)));
}

std::span<const std::byte> head_bytes() {
  return std::as_bytes(std::span{first_line.data(), first_line.size()});
}

byte_buffer encoded_record(std::uint64_t number, bool snapshot,
                           std::span<const std::byte> content) {
  record_head head = {};
  head.number = number;
  head.size = static_cast<std::uint32_t>(content.size());
  head.snapshot = snapshot;
  head.content = checksum(content);
  head.head = checksum_of(head);
  byte_buffer result;
  result.reserve(sizeof(head) + content.size());
  result.append(&head, sizeof(head));
  result.append(content);
  return result;
}

/// The record that `bytes` begin with, if a whole one does whose number is at
/// least `number`.
std::optional<journal_record> record_at(std::span<const std::byte> bytes,
                                        std::uint64_t number) {
  record_head head;
  if (bytes.size() < sizeof(head))
    return std::nullopt;
  std::memcpy(&head, bytes.data(), sizeof(head));
  // The number first: this is tried at every byte of a damaged file.
  if (head.number < number || head.size > bytes.size() - sizeof(head)
      || head.head != checksum_of(head))
    return std::nullopt;
  auto content = bytes.subspan(sizeof(head), head.size);
  if (checksum(content) != head.content)
    return std::nullopt;
  return journal_record{head.number, head.snapshot != 0, content};
}

/// What is left of a head that was torn while the file was made.
bool is_torn_head(std::span<const std::byte> bytes) {
  if (bytes.size() > first_line.size())
    return false;
  auto expected = head_bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (bytes[i] != expected[i] && bytes[i] != std::byte{0})
      return false;
  return true;
}

void check_first_line(const fs::path& path, std::span<const std::byte> bytes) {
  // "braid journal ", whatever the version.
  auto name = first_line.size() - 2;
  if (bytes.size() < first_line.size()
      || std::memcmp(bytes.data(), first_line.data(), name) != 0)
    throw file_error{file_trouble::foreign, path,
                     "is not a journal; name another file, or move this one "
                     "away"};
  if (std::memcmp(bytes.data(), first_line.data(), first_line.size()) != 0)
    throw file_error{file_trouble::version, path,
                     "is a journal of another version; use the version of "
                     "Braid that wrote it, or move it away"};
}

} // namespace

journal::journal(const fs::path& path, const record_reader& read)
  : file_(disk_file::open_locked(path)) {
  read_records(read);
}

/// Makes a new file a journal, durably.
void journal::begin() {
  file_.truncate(0);
  file_.write(0, head_bytes());
  file_.sync();
  sync_folder_of(file_.path());
  end_ = first_line.size();
}

void journal::read_records(const record_reader& read) {
  byte_buffer contents;
  contents.resize(file_.size());
  file_.read(0, {contents.data(), contents.size()});
  auto bytes = contents.bytes();
  if (is_torn_head(bytes) && !std::ranges::equal(bytes, head_bytes())) {
    begin();
    return;
  }
  check_first_line(file_.path(), bytes);
  end_ = first_line.size();
  while (end_ < bytes.size()) {
    auto record = record_at(bytes.subspan(end_), last_ + 1);
    // Only a snapshot at the beginning stands for records that are not there.
    if (!record
        || (record->number != last_ + 1 && !(last_ == 0 && record->snapshot)))
      break;
    read(*record);
    last_ = record->number;
    end_ += sizeof(record_head) + record->content.size();
  }
  if (end_ < bytes.size())
    cut_torn_tail(bytes);
}

/// Drops what follows the last whole record, unless that was whole once: if
/// another whole record comes after it, it was.
void journal::cut_torn_tail(std::span<const std::byte> contents) {
  for (auto at = end_; at < contents.size(); ++at)
    if (record_at(contents.subspan(at), last_ + 1))
      throw file_error{
        file_trouble::damaged, file_.path(),
        "is damaged at byte " + std::to_string(end_) + ", after record "
          + std::to_string(last_)
          + ", and goes on behind it; use a copy of it, or move it away and "
            "start the runs again"};
  torn_ = contents.size() - end_;
  file_.truncate(end_);
  file_.sync();
}

void journal::require_usable(std::size_t size) const {
  if (failed_)
    throw file_error{file_trouble::system, file_.path(),
                     "failed before, and nobody knows what of it is on the "
                     "disk; check the disk and start again"};
  if (size > max_record)
    throw file_error{file_trouble::system, file_.path(),
                     "takes records of up to " + std::to_string(max_record)
                       + " bytes, not of " + std::to_string(size)
                       + "; divide it"};
}

void journal::append(std::span<const std::byte> content) {
  require_usable(content.size());
  auto record = encoded_record(last_ + 1, false, content);
  // Until all of it is done, or undone.
  failed_ = true;
  try {
    file_.write(end_, record);
  } catch (const file_error&) {
    file_.truncate(end_);
    failed_ = false;
    throw;
  }
  file_.sync();
  failed_ = false;
  end_ += record.size();
  ++last_;
}

void journal::rewrite(std::span<const std::byte> snapshot) {
  require_usable(snapshot.size());
  auto path = file_.path();
  auto beside = path;
  beside += ".new";
  auto record = encoded_record(last_ + 1, true, snapshot);
  // Locked before it takes the file's place, so that nobody gets in between.
  auto file = disk_file::open_locked(beside);
  try {
    file.truncate(0);
    file.write(0, head_bytes());
    file.write(first_line.size(), record);
    file.sync();
    file.replace(path);
  } catch (const file_error&) {
    std::error_code ignored;
    if (file.path() == beside)
      fs::remove(beside, ignored);
    else
      failed_ = true;
    throw;
  }
  file_ = std::move(file);
  end_ = first_line.size() + record.size();
  ++last_;
}

} // namespace braid
