// The form in which a slice's state leaves its operator: records of bytes, so
// that who holds a copy can bring it up to date without knowing the types.
//
//     slice    := state ... 0x00
//     state    := tag, name, classes, section ... 0x00
//     classes  := count, (id, version, raw size) ...
//     section  := tag, group, size of keys, size of values,
//                 count, (key, value) ...,
//                 count, key of an erased record ...
//
// A tag is 0x01, or 0x03 if what follows replaces the state, or the group, and
// does not add to it; that of a state has 0x04 beside these if there are
// classes in its values, which are left out otherwise (`saved_classes.hpp`; an
// id is eight bytes, the lowest first). A size is 0 if the records differ in
// it, each key or value then being preceded by its length; else it is one more
// than the size they all have. Counts, sizes and lengths are numbers of seven
// bits a byte, the lowest first; name and group are preceded by their length.
//
// Within a state a record is known by its group and the bytes of its key. A
// group is what may be dropped as a whole, such as one window: a section that
// replaces it by nothing does that.
#pragma once

#include "operators/byte_buffer.hpp"
#include "operators/input_archive.hpp"
#include "operators/saved_classes.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace braid {

/// What a state or section says.
enum class record_extent {
  changes,    ///< what was changed and erased
  everything, ///< all there is
};

/// The sizes that all keys, or all values, of a section have; nothing if they
/// differ.
struct record_sizes {
  std::optional<std::size_t> key;
  std::optional<std::size_t> value;

  bool operator==(const record_sizes&) const = default;
};

/// Writes a slice's records, in the order of the format above.
class record_writer {
public:
  /// Appends to `out`, which must outlive the writer. `sizes` are for who goes
  /// on in the middle of a section.
  explicit record_writer(byte_buffer& out, const record_sizes& sizes = {})
    : out_(out), sizes_(sizes) {}

  /// The classes of the state's values are `classes()` when it ends: those that
  /// are known by now, and more. Those others cost a move of the whole state.
  void begin_state(std::string_view name, record_extent extent,
                   const saved_classes& known = {});

  saved_classes& classes() {
    return classes_;
  }

  void begin_section(std::span<const std::byte> group, record_extent extent,
                     const record_sizes& sizes);

  /// Announces as many calls of `key`, each followed by one of `value`. Where
  /// their sizes are known there is room for all of them from then on.
  void begin_records(std::uint64_t count) {
    put_count(count);
    if (sizes_.key && sizes_.value)
      out_.reserve(out_.size() + count * (*sizes_.key + *sizes_.value)
                   + more_than_records);
  }

  /// Takes, in place of `begin_records` and the calls that it announces, what
  /// these made of another buffer. Where little was written before, and
  /// `records` has room for it in front, they are not copied.
  void adopt_records(std::uint64_t count, byte_buffer records);

  /// Announces as many calls of `key`.
  void begin_erased(std::uint64_t count) {
    put_count(count);
  }

  /// Appends what `write(byte_buffer&)` appends, and nothing else.
  template <class Write>
  void key(Write&& write) {
    put(sizes_.key, write);
  }

  /// As `key`.
  template <class Write>
  void value(Write&& write) {
    put(sizes_.value, write);
  }

  /// After the last section of a state, and after the last state.
  void end();

private:
  template <class Write>
  void put(const std::optional<std::size_t>& size, Write&& write) {
    if (size) {
      auto start = out_.size();
      write(out_);
      require_size(out_.size() - start, *size);
    } else {
      auto start = out_.size();
      out_.extend(1);
      write(out_);
      put_length_at(start);
    }
  }

  static void require_size(std::size_t found, std::size_t expected) {
    if (found != expected) [[unlikely]]
      fail_for_size(found, expected);
  }

  /// What may follow the records of a section, if nothing else does.
  static constexpr std::size_t more_than_records = 16;

  [[noreturn]] static void fail_for_size(std::size_t found,
                                         std::size_t expected);

  void put_count(std::uint64_t count);
  void put_bytes(std::span<const std::byte> bytes);

  /// Puts all classes of the state, which are known at its end, into its
  /// beginning.
  void insert_classes();
  static void encode_classes(const saved_classes& classes, byte_buffer& out);

  /// Writes the length of what follows the byte at `start` into that byte, and
  /// makes room if it is not enough.
  void put_length_at(std::size_t start);

  byte_buffer& out_;
  record_sizes sizes_;
  /// Of the state under way, if any: where it begins, and its classes and
  /// sections do, and how many classes stand there.
  std::optional<std::size_t> state_at_;
  std::size_t classes_at_ = 0;
  std::size_t sections_at_ = 0;
  std::size_t classes_there_ = 0;
  saved_classes classes_;
};

/// Reads a slice's records one after the other. What does not fit throws
/// `decode_error`. Each `next_...` skips what was left of the one before.
class record_reader {
public:
  using bytes_view = std::span<const std::byte>;

  /// Reads from `bytes`, which must outlive the reader and what it returns.
  explicit record_reader(bytes_view bytes) : bytes_(bytes) {}

  /// False after the last state.
  bool next_state();

  std::string_view name() const {
    return name_;
  }

  record_extent state_extent() const {
    return state_extent_;
  }

  /// Of the state, for the archive that reads its values.
  saved_classes& classes() {
    return classes_;
  }

  /// False after the last section of the state.
  bool next_section();

  bytes_view group() const {
    return group_;
  }

  record_extent section_extent() const {
    return section_extent_;
  }

  const record_sizes& sizes() const {
    return sizes_;
  }

  /// How many records the section has that are no erasures, before the first of
  /// them is read; never more than its bytes can hold.
  std::size_t plausible_records() const;

  /// False after the last record that is no erasure.
  bool next_record();

  bytes_view key() const {
    return key_;
  }

  bytes_view value() const {
    return value_;
  }

  /// False after the last erased record, of which there is only the key.
  bool next_erased();

private:
  enum class place { slice, state, records, erased, end };

  unsigned take_tag();
  std::optional<record_extent> extent_of(unsigned tag);
  void take_classes();
  std::uint64_t take_number();
  std::uint64_t take_count();
  std::optional<std::size_t> take_size();
  bytes_view take(std::uint64_t size);
  bytes_view take_sized(const std::optional<std::size_t>& size);
  [[noreturn]] void fail(const char* why) const;

  bytes_view bytes_;
  std::size_t offset_ = 0;
  place place_ = place::slice;
  std::string_view name_;
  record_extent state_extent_{};
  saved_classes classes_;
  bytes_view group_;
  record_extent section_extent_{};
  record_sizes sizes_;
  std::uint64_t left_ = 0;
  bytes_view key_;
  bytes_view value_;
};

} // namespace braid
