// State handles, as the engine sees them: what has a name, lies in slices, and
// leaves and enters them as records.
#pragma once

#include "operators/archive.hpp"
#include "operators/epoch.hpp"
#include "operators/key_hash.hpp"
#include "operators/state_records.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace braid {

/// A key that will be at hand soon, of the type that the handle has.
struct coming_key {
  const void* key = nullptr;
  std::size_t hash = 0;
};

/// State of one name, for all slices of a partition.
class state_handle {
public:
  explicit state_handle(std::string name) : name_(std::move(name)) {}

  virtual ~state_handle() = default;

  state_handle(const state_handle&) = delete;
  state_handle& operator=(const state_handle&) = delete;

  const std::string& name() const {
    return name_;
  }

  /// Makes room for `slices` slices, all empty. That is no change.
  virtual void host(std::uint32_t slices) = 0;

  /// Writes a slice's contents, one state, ordered by key, never by table
  /// layout.
  virtual void save(std::uint32_t local, record_writer& out) const = 0;

  /// Whether `save_changes` has something to write.
  virtual bool changed(std::uint32_t local) const = 0;

  /// Writes, likewise, what has changed since this was called last, or since
  /// the slice was cleared or, but for that, hosted. Then nothing has changed.
  virtual void save_changes(std::uint32_t local, record_writer& out) = 0;

  /// All of a slice has been saved: now nothing has changed.
  virtual void forget_changes(std::uint32_t local) = 0;

  /// What has changed, or everything, is what `save_frozen` writes later, as it
  /// is now, whatever changes until then. Then nothing has changed. Returns
  /// false, having done nothing, where that is no cheaper than to save it.
  virtual bool freeze(std::uint32_t, record_extent) {
    return false;
  }

  /// Writes, once, what `freeze` returned true for.
  virtual void save_frozen(std::uint32_t, record_writer&) {}

  /// Empties a slice, also of what is frozen. Then nothing has changed.
  virtual void clear(std::uint32_t local) = 0;

  /// Makes the changes of the state that `in` is at, section by section. They
  /// do not count as changes. Throws `decode_error`.
  virtual void apply(std::uint32_t local, record_reader& in) = 0;

  /// An epoch has ended at `watermark`: takes away what has a time to live that
  /// is over. That is a change.
  virtual void expire(std::uint32_t, event_time) {}

  /// About how much memory all slices take, if `fetch` does anything.
  virtual std::size_t bytes() const {
    return 0;
  }

  /// Brings what there is of these keys into the cache, all at once: one after
  /// the other they would each be waited for.
  virtual void fetch(std::uint32_t, std::span<const coming_key>) const {}

private:
  std::string name_;
};

/// State handles that are saved together, in the order in which they were
/// added.
class state_registry {
public:
  void add(state_handle& handle) {
    handles_.push_back(&handle);
  }

  /// Also one of those that `expire` is to be called of.
  void add_expiring(state_handle& handle) {
    add(handle);
    expiring_.push_back(&handle);
  }

  const std::vector<state_handle*>& handles() const {
    return handles_;
  }

  const std::vector<state_handle*>& expiring() const {
    return expiring_;
  }

  void host(std::uint32_t slices) const;

  /// Everything a slice holds, in bytes that depend on contents only.
  void save(std::uint32_t local, byte_buffer& out) const;

  /// Replaces what a slice holds. Throws `decode_error`. State of an older
  /// version counts as changed, all of it: changes of a newer version could
  /// not be folded into it.
  void load(std::uint32_t local, std::span<const std::byte> bytes);

  bool changed(std::uint32_t local) const;

  /// What has changed since this was called last, or since `load`.
  void save_changes(std::uint32_t local, byte_buffer& out);

  /// As if `save_changes` had been called.
  void forget_changes(std::uint32_t local);

  /// What has changed, or everything, is what `save_frozen` writes, as it is
  /// now. Then nothing has changed. What was frozen must have been written.
  void freeze(std::uint32_t local, record_extent extent);

  /// Writes what is frozen of the slice: the same bytes that `save_changes` or
  /// `save` would have written then.
  void save_frozen(std::uint32_t local, byte_buffer& out);

  /// Makes the changes that `save_changes` wrote. Throws `decode_error`; some
  /// have been made then.
  void apply_changes(std::uint32_t local, std::span<const std::byte> bytes);

  /// The name that two handles share, or nothing.
  std::string duplicate_name() const;

private:
  bool outdated(std::uint32_t local, state_handle* handle) const {
    return !outdated_.empty() && outdated_.contains({local, handle});
  }

  /// What is frozen of one handle.
  struct frozen_state {
    state_handle* handle;
    byte_buffer saved; ///< empty: the handle has it
  };

  void save_frozen_states(std::uint32_t local);

  std::vector<state_handle*> handles_;
  std::vector<state_handle*> expiring_;
  std::map<std::uint32_t, std::vector<frozen_state>> frozen_; ///< by slice
  /// What was loaded from an older version and not saved since.
  std::set<std::pair<std::uint32_t, state_handle*>> outdated_;
};

/// Keys whose encoded form is also what they are known by in records: equal
/// keys have equal bytes. The others (padding, -0.0) stand in front of the
/// value, too, so that they come back as they were.
template <class Key>
inline constexpr bool known_by_encoding =
  unique_raw_copyable<Key> || hashing::is_character_string<Key>;
template <class A, class B>
inline constexpr bool known_by_encoding<std::pair<A, B>> =
  known_by_encoding<A>&& known_by_encoding<B>;
template <class... Ts>
inline constexpr bool
  known_by_encoding<std::tuple<Ts...>> = (known_by_encoding<Ts> && ...);

/// The value of records that say all by their key.
struct no_value {};

namespace encoding {

/// The bytes that every `T` takes; nothing if they differ.
template <class T>
inline constexpr std::optional<std::size_t> size_of_all =
  raw_copyable<T> ? std::optional{sizeof(T)} : std::nullopt;
template <>
inline constexpr std::optional<std::size_t> size_of_all<no_value> = 0;
template <class A, class B>
inline constexpr std::optional<std::size_t> size_of_all<std::pair<A, B>> =
  size_of_all<A>&& size_of_all<B>
    ? std::optional{*size_of_all<A> + *size_of_all<B>}
    : std::nullopt;

} // namespace encoding

/// Throws `decode_error` if records were saved in another size than this build
/// gives them.
void expect_sizes(const record_sizes& saved, const record_sizes& now);

/// Writes and reads the records of one type of key and value.
template <class Key, class Value>
struct typed_records {
  static constexpr record_sizes sizes() {
    if constexpr (known_by_encoding<Key>)
      return {encoding::size_of_all<Key>, encoding::size_of_all<Value>};
    else
      return {std::nullopt, encoding::size_of_all<std::pair<Key, Value>>};
  }

  static void write_key(const Key& key, record_writer& out) {
    out.key([&](byte_buffer& bytes) { key_archive(bytes) << key; });
  }

  static void write(const Key& key, const Value& value, record_writer& out) {
    write_key(key, out);
    out.value(
      [&](byte_buffer& bytes) { encode(key, value, bytes, out.classes()); });
  }

  /// What stands behind the key in a record.
  static void encode(const Key& key, const Value& value, byte_buffer& bytes,
                     saved_classes& classes) {
    if constexpr (!known_by_encoding<Key>)
      encode_clean(key, bytes, classes);
    if constexpr (!std::is_same_v<Value, no_value>)
      output_archive(bytes, &classes) << value;
  }

  /// Encodes a key as it is, but for what may lie between its members.
  static void encode_clean(Key key, byte_buffer& bytes,
                           saved_classes& classes) {
    clear_padding(key);
    output_archive(bytes, &classes) << key;
  }

  template <class T>
  static void clear_padding(T& value) {
    if constexpr (encoding::is_product<T>)
      std::apply([](auto&... xs) { (clear_padding(xs), ...); }, value);
    else if constexpr (raw_copyable<T> && !std::is_floating_point_v<T>)
      __builtin_clear_padding(&value);
  }

  /// Calls `set(key, value)` for the records of the section that `in` is at.
  template <class Set>
  static void read_records(record_reader& in, Set&& set) {
    expect_sizes(in.sizes(), sizes());
    while (in.next_record()) {
      Key key{};
      Value value{};
      input_archive archive{in.value(), &in.classes()};
      if constexpr (known_by_encoding<Key>)
        key = decoded<Key>(in.key());
      else
        decode(archive, key);
      if constexpr (!std::is_same_v<Value, no_value>)
        decode(archive, value);
      archive.expect_end();
      set(std::move(key), std::move(value));
    }
  }

  /// Then calls `erase(key)` for those that are erased. Keys that are not known
  /// by their encoding are looked for by `each(visit)`, which calls
  /// `visit(key)` for all keys there are.
  template <class Erase, class Each>
  static void read_erased(record_reader& in, Erase&& erase, Each&& each) {
    if constexpr (known_by_encoding<Key>) {
      while (in.next_erased())
        erase(decoded<Key>(in.key()));
    } else {
      std::set<std::vector<std::byte>> erased;
      while (in.next_erased())
        erased.emplace(in.key().begin(), in.key().end());
      std::vector<Key> found;
      if (!erased.empty())
        each([&](const Key& key) {
          byte_buffer bytes;
          key_archive(bytes) << key;
          if (erased.contains({bytes.begin(), bytes.end()}))
            found.push_back(key);
        });
      for (auto& key : found)
        erase(key);
    }
  }
};

/// Writes a state that is one value: one record, whose key is empty.
template <class Value>
void write_single_record(const std::string& name, const Value& value,
                         record_writer& out) {
  out.begin_state(name, record_extent::everything);
  out.begin_section({}, record_extent::everything,
                    {0, encoding::size_of_all<Value>});
  out.begin_records(1);
  out.key([](byte_buffer&) {});
  out.value([&](byte_buffer& bytes) {
    output_archive(bytes, &out.classes()) << value;
  });
  out.begin_erased(0);
  out.end();
}

/// Reads such a state.
template <class Value>
void read_single_record(record_reader& in, Value& value) {
  while (in.next_section()) {
    expect_sizes(in.sizes(), {0, encoding::size_of_all<Value>});
    while (in.next_record()) {
      input_archive archive{in.value(), &in.classes()};
      value = archive.load_value<Value>();
      archive.expect_end();
    }
  }
}

} // namespace braid
