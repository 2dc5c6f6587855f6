#include "operators/state_records.hpp"

#include "operators/varying_number.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

namespace braid {

namespace {

constexpr unsigned follows = 1;
constexpr unsigned replaces = 2;
constexpr unsigned has_classes = 4;

std::byte tag_of(record_extent extent) {
  return static_cast<std::byte>(
    extent == record_extent::everything ? follows | replaces : follows);
}

} // namespace

// -- record_writer ------------------------------------------------------------

void record_writer::begin_state(std::string_view name, record_extent extent,
                                const saved_classes& known) {
  state_at_ = out_.size();
  *out_.extend(1) = tag_of(extent);
  put_bytes(std::as_bytes(std::span{name}));
  classes_ = known;
  classes_at_ = sections_at_ = out_.size();
  classes_there_ = 0;
  insert_classes();
}

void record_writer::end() {
  if (state_at_)
    insert_classes();
  state_at_.reset();
  *out_.extend(1) = std::byte{0};
}

void record_writer::insert_classes() {
  if (classes_.all().size() == classes_there_)
    return;
  byte_buffer bytes;
  encode_classes(classes_, bytes);
  auto moved = out_.size() - sections_at_;
  // There are never fewer than before.
  auto sections_at = classes_at_ + bytes.size();
  out_.extend(sections_at - sections_at_);
  std::memmove(out_.data() + sections_at, out_.data() + sections_at_, moved);
  std::memcpy(out_.data() + classes_at_, bytes.data(), bytes.size());
  out_.data()[*state_at_] |= std::byte{has_classes};
  sections_at_ = sections_at;
  classes_there_ = classes_.all().size();
}

void record_writer::encode_classes(const saved_classes& classes,
                                   byte_buffer& out) {
  record_writer writer{out};
  writer.put_count(classes.all().size());
  for (auto& each : classes.all()) {
    out.append(&each.id, sizeof(each.id));
    writer.put_count(each.version);
    writer.put_count(each.raw_size);
  }
}

void record_writer::begin_section(std::span<const std::byte> group,
                                  record_extent extent,
                                  const record_sizes& sizes) {
  *out_.extend(1) = tag_of(extent);
  put_bytes(group);
  put_count(sizes.key ? *sizes.key + 1 : 0);
  put_count(sizes.value ? *sizes.value + 1 : 0);
  sizes_ = sizes;
}

void record_writer::adopt_records(std::uint64_t count, byte_buffer records) {
  put_count(count);
  if (records.front_room() < out_.size())
    return out_.append(records);
  records.prepend(out_.bytes());
  out_ = std::move(records);
}

void record_writer::put_count(std::uint64_t count) {
  for (; count >= 0x80; count >>= 7)
    *out_.extend(1) = static_cast<std::byte>(count | 0x80);
  *out_.extend(1) = static_cast<std::byte>(count);
}

void record_writer::put_bytes(std::span<const std::byte> bytes) {
  put_count(bytes.size());
  out_.append(bytes);
}

void record_writer::put_length_at(std::size_t start) {
  auto length = out_.size() - start - 1;
  std::size_t more = 0;
  for (auto rest = length >> 7; rest != 0; rest >>= 7)
    ++more;
  if (more != 0) {
    out_.extend(more);
    auto* first = out_.data() + start + 1;
    std::memmove(first + more, first, length);
  }
  auto* at = out_.data() + start;
  auto rest = length;
  for (; rest >= 0x80; rest >>= 7)
    *at++ = static_cast<std::byte>(rest | 0x80);
  *at = static_cast<std::byte>(rest);
}

void record_writer::fail_for_size(std::size_t found, std::size_t expected) {
  throw std::logic_error{"a state record takes " + std::to_string(found)
                         + " bytes, and its section announced "
                         + std::to_string(expected)};
}

// -- record_reader ------------------------------------------------------------

bool record_reader::next_state() {
  if (place_ == place::end)
    return false;
  if (place_ != place::slice)
    while (next_section()) {
    }
  auto tag = take_tag();
  // The end has no classes.
  auto extent = extent_of(tag == has_classes ? tag : tag & ~has_classes);
  if (!extent) {
    if (offset_ != bytes_.size())
      fail("the records end, but bytes follow");
    place_ = place::end;
    return false;
  }
  state_extent_ = *extent;
  auto name = take(take_count());
  name_ = {reinterpret_cast<const char*>(name.data()), name.size()};
  classes_.clear();
  if ((tag & has_classes) != 0)
    take_classes();
  place_ = place::state;
  return true;
}

bool record_reader::next_section() {
  if (place_ == place::slice || place_ == place::end)
    return false;
  if (place_ != place::state)
    while (next_erased()) {
    }
  auto extent = extent_of(take_tag());
  if (!extent) {
    place_ = place::slice;
    return false;
  }
  section_extent_ = *extent;
  group_ = take(take_count());
  sizes_.key = take_size();
  sizes_.value = take_size();
  left_ = take_count();
  place_ = place::records;
  return true;
}

std::size_t record_reader::plausible_records() const {
  auto smallest = sizes_.key.value_or(1) + sizes_.value.value_or(1);
  auto fit = (bytes_.size() - offset_) / std::max<std::size_t>(smallest, 1);
  return static_cast<std::size_t>(std::min<std::uint64_t>(left_, fit));
}

bool record_reader::next_record() {
  if (place_ != place::records)
    return false;
  if (left_ == 0) {
    left_ = take_count();
    place_ = place::erased;
    return false;
  }
  --left_;
  key_ = take_sized(sizes_.key);
  value_ = take_sized(sizes_.value);
  return true;
}

bool record_reader::next_erased() {
  while (next_record()) {
  }
  if (place_ != place::erased)
    return false;
  if (left_ == 0) {
    place_ = place::state;
    return false;
  }
  --left_;
  key_ = take_sized(sizes_.key);
  value_ = {};
  return true;
}

void record_reader::take_classes() {
  for (auto count = take_count(); count > 0; --count) {
    saved_class each;
    std::memcpy(&each.id, take(sizeof(each.id)).data(), sizeof(each.id));
    auto version = take_number();
    if (version > std::numeric_limits<std::uint32_t>::max())
      fail("a version has more than 32 bits");
    each.version = static_cast<std::uint32_t>(version);
    each.raw_size = take_number();
    classes_.add(each);
  }
}

unsigned record_reader::take_tag() {
  return std::to_integer<unsigned>(take(1).front());
}

std::optional<record_extent> record_reader::extent_of(unsigned tag) {
  if (tag == 0)
    return std::nullopt;
  if (tag == follows)
    return record_extent::changes;
  if (tag == (follows | replaces))
    return record_extent::everything;
  --offset_;
  fail("no state, section or end begins like this");
}

std::uint64_t record_reader::take_number() {
  if (auto number = decode_varying([this] { return take(1).front(); }))
    return *number;
  fail("a number has more than 64 bits");
}

/// A length, or a number of records. Even those without bytes cannot be more
/// than there are bytes: a key has only one record in a section.
std::uint64_t record_reader::take_count() {
  auto count = take_number();
  if (count > bytes_.size() - offset_)
    fail("a count exceeds the bytes that are left");
  return count;
}

std::optional<std::size_t> record_reader::take_size() {
  auto number = take_number();
  if (number == 0)
    return std::nullopt;
  return static_cast<std::size_t>(number - 1);
}

record_reader::bytes_view record_reader::take(std::uint64_t size) {
  if (bytes_.size() - offset_ < size)
    fail("the records are cut off");
  auto result = bytes_.subspan(offset_, static_cast<std::size_t>(size));
  offset_ += static_cast<std::size_t>(size);
  return result;
}

record_reader::bytes_view
record_reader::take_sized(const std::optional<std::size_t>& size) {
  return take(size ? *size : take_count());
}

void record_reader::fail(const char* why) const {
  throw decode_error{"decoding state failed at byte " + std::to_string(offset_)
                     + " of " + std::to_string(bytes_.size()) + ": " + why};
}

} // namespace braid
