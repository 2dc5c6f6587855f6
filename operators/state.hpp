// State handles: what operators remember between tuples. The engine owns the
// contents, so that it can copy, split and move them slice by slice.
#pragma once

#include "operators/archive.hpp"
#include "operators/key_hash.hpp"
#include "operators/slice.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <tsl/robin_map.h>
#include <utility>
#include <vector>

namespace braid {

/// The key of operators that are not keyed: their state is per slice.
struct no_key {
  /// The byte of an empty struct could be anything, and would be saved.
  std::uint8_t nothing = 0;

  bool operator==(const no_key&) const = default;
  auto operator<=>(const no_key&) const = default;
};

/// The key function of streams that have none.
struct without_key {
  template <class T>
  no_key operator()(const T&) const {
    return {};
  }
};

/// Throws `std::logic_error`: state per key was used where there is no key.
[[noreturn]] void fail_without_key();

/// Whose state is at hand. Set by the engine before it calls user code.
template <class Key>
struct state_cursor {
  std::uint32_t local = 0; ///< slice
  const Key* key = nullptr;
  std::size_t hash = 0;

  /// Throws `std::logic_error` in constructors and in `on_broadcast`.
  const Key& key_at_hand() const {
    if (!key) [[unlikely]]
      fail_without_key();
    return *key;
  }
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

  /// Makes room for `slices` slices, all empty.
  virtual void host(std::uint32_t slices) = 0;

  /// Appends a slice's contents, ordered by key, never by table layout.
  virtual void save(std::uint32_t local, byte_buffer& out) const = 0;

  virtual void load(std::uint32_t local, input_archive& in) = 0;

private:
  std::string name_;
};

/// The state handles and timers of one operator object, in the order in which
/// its members declare them.
class state_registry {
public:
  void add(state_handle& handle) {
    handles_.push_back(&handle);
  }

  const std::vector<state_handle*>& handles() const {
    return handles_;
  }

  void host(std::uint32_t slices) const;
  void save(std::uint32_t local, byte_buffer& out) const;
  void load(std::uint32_t local, std::span<const std::byte> bytes) const;

  /// The name that two handles share, or nothing.
  std::string duplicate_name() const;

private:
  std::vector<state_handle*> handles_;
};

/// A hash table by key, whose stored hash comes along with the tuples.
template <class Key, class Value>
using key_table = tsl::robin_map<Key, Value, key_hasher, key_equal>;

/// The entries of a table in the order of their keys.
template <class Key, class Value>
std::vector<const std::pair<Key, Value>*>
sorted(const key_table<Key, Value>& entries) {
  std::vector<const std::pair<Key, Value>*> result;
  result.reserve(entries.size());
  for (auto& entry : entries)
    result.push_back(&entry);
  std::sort(result.begin(), result.end(),
            [](auto* a, auto* b) { return key_less(a->first, b->first); });
  return result;
}

/// Appends a table's entries in the order of their keys.
template <class Key, class Value>
void save_table(const key_table<Key, Value>& entries, byte_buffer& out) {
  encode(static_cast<std::uint64_t>(entries.size()), out);
  for (auto* entry : sorted(entries)) {
    encode(entry->first, out);
    encode(entry->second, out);
  }
}

/// Replaces the entries by those that `save_table` wrote.
template <class Key, class Value>
void load_table(key_table<Key, Value>& entries, input_archive& in) {
  entries.clear();
  std::uint64_t count = 0;
  decode(in, count);
  for (std::uint64_t i = 0; i < count; ++i) {
    Key key{};
    Value value{};
    decode(in, key);
    decode(in, value);
    entries.insert_or_assign(std::move(key), std::move(value));
  }
}

/// One table a slice, from keys to `Value`.
template <class Key, class Value>
class state_table : public state_handle {
public:
  using table = key_table<Key, Value>;

  using state_handle::state_handle;

  table& of(std::uint32_t local) {
    return tables_[local];
  }

  const table& of(std::uint32_t local) const {
    return tables_[local];
  }

  void host(std::uint32_t slices) override {
    tables_.clear();
    tables_.resize(slices);
  }

  void save(std::uint32_t local, byte_buffer& out) const override {
    save_table(tables_[local], out);
  }

  void load(std::uint32_t local, input_archive& in) override {
    load_table(tables_[local], in);
  }

private:
  std::vector<table> tables_;
};

/// State of keyed operators: `Value` for the key at hand.
template <class Key, class Value>
class keyed_state : public state_table<Key, Value> {
public:
  /// `owner` is the operator this handle is a member of; `name` is what the
  /// state is called in checkpoints, unique within the operator.
  template <class Operator>
  keyed_state(Operator& owner, std::string name)
    : state_table<Key, Value>(std::move(name)), cursor_(&owner.cursor()) {
    owner.registry().add(*this);
  }

protected:
  /// The value of the key at hand, or null.
  const Value* find() const {
    auto& entries = this->of(cursor_->local);
    auto found = entries.find(cursor_->key_at_hand(), cursor_->hash);
    return found == entries.end() ? nullptr : &found->second;
  }

  /// The value of the key at hand, made first if there is none.
  Value& edit() {
    auto& entries = this->of(cursor_->local);
    auto found = entries.find(cursor_->key_at_hand(), cursor_->hash);
    if (found == entries.end())
      found = entries.try_emplace(*cursor_->key).first;
    return found.value();
  }

  void erase() {
    this->of(cursor_->local).erase(cursor_->key_at_hand(), cursor_->hash);
  }

private:
  const state_cursor<Key>* cursor_;
};

/// One value a key.
template <class Key, class Value>
class value_state : public keyed_state<Key, Value> {
public:
  using keyed_state<Key, Value>::keyed_state;
  /// Null if the key has none. Valid until state of this handle changes.
  using keyed_state<Key, Value>::find;
  /// Default-constructed if the key has none. Valid as `find` is.
  using keyed_state<Key, Value>::edit;

  bool exists() const {
    return find() != nullptr;
  }

  Value get(Value otherwise = {}) const {
    auto* value = find();
    return value ? *value : std::move(otherwise);
  }

  void set(Value value) {
    edit() = std::move(value);
  }

  void clear() {
    this->erase();
  }
};

/// A list a key, in the order of appending.
template <class Key, class Value>
class list_state : public keyed_state<Key, std::vector<Value>> {
public:
  using keyed_state<Key, std::vector<Value>>::keyed_state;

  void append(Value value) {
    this->edit().push_back(std::move(value));
  }

  /// Valid until state of this handle changes.
  std::span<const Value> get() const {
    auto* list = this->find();
    return list ? std::span<const Value>{*list} : std::span<const Value>{};
  }

  void set(std::vector<Value> list) {
    this->edit() = std::move(list);
  }

  void clear() {
    this->erase();
  }
};

/// A map a key, iterated in the order of the map's keys.
template <class Key, class MapKey, class Value>
class map_state : public keyed_state<Key, std::map<MapKey, Value>> {
  using base = keyed_state<Key, std::map<MapKey, Value>>;

public:
  using base::base;

  const std::map<MapKey, Value>& all() const {
    static const std::map<MapKey, Value> empty;
    auto* map = base::find();
    return map ? *map : empty;
  }

  const Value* find(const MapKey& key) const {
    auto& map = all();
    auto found = map.find(key);
    return found == map.end() ? nullptr : &found->second;
  }

  Value& edit(const MapKey& key) {
    return base::edit()[key];
  }

  void set(const MapKey& key, Value value) {
    edit(key) = std::move(value);
  }

  void erase(const MapKey& key) {
    if (!base::find())
      return;
    auto& map = base::edit();
    map.erase(key);
    if (map.empty())
      base::erase();
  }

  void clear() {
    base::erase();
  }
};

} // namespace braid
