// State handles: what operators remember between tuples. The engine owns the
// contents, so that it can copy, split and move them slice by slice.
#pragma once

#include "operators/slice.hpp"
#include "operators/state_expiry.hpp"
#include "operators/state_handle.hpp"
#include "operators/state_table.hpp"

#include <map>
#include <memory>
#include <span>
#include <string>
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

/// State of keyed operators: `Value` for the key at hand.
template <class Key, class Value>
class keyed_state : public state_table<Key, Value> {
  using base = state_table<Key, Value>;

public:
  /// `owner` is the operator this handle is a member of; `name` is what the
  /// state is called in checkpoints, unique within the operator.
  template <class Operator>
  keyed_state(Operator& owner, std::string name)
    : base(std::move(name)), cursor_(&owner.cursor()) {
    owner.registry().add(*this);
  }

  /// State that is gone some time after its last change: see `state_expiry`.
  template <class Operator>
  keyed_state(Operator& owner, std::string name, time_to_live keep)
    : base(std::move(name)), cursor_(&owner.cursor()),
      expiry_(std::make_unique<state_expiry<Key>>(keep, owner.clock())) {
    owner.registry().add_expiring(*this);
  }

  void host(std::uint32_t slices) final {
    base::host(slices);
    if (expiry_)
      expiry_->host(slices);
  }

  void save(std::uint32_t local, record_writer& out) const final {
    if (!expiry_)
      return base::save(local, out);
    out.begin_state(this->name(), record_extent::everything);
    this->of(local).save({}, out);
    expiry_->save(local, out);
    out.end();
  }

  bool changed(std::uint32_t local) const final {
    return base::changed(local) || (expiry_ && expiry_->changed(local));
  }

  void save_changes(std::uint32_t local, record_writer& out) final {
    if (!expiry_)
      return base::save_changes(local, out);
    out.begin_state(this->name(), record_extent::changes);
    this->of(local).save_changes({}, out);
    expiry_->save_changes(local, out);
    out.end();
  }

  void forget_changes(std::uint32_t local) final {
    base::forget_changes(local);
    if (expiry_)
      expiry_->forget_changes(local);
  }

  bool freeze(std::uint32_t local, record_extent extent) final {
    base::freeze(local, extent);
    if (expiry_)
      expiry_->freeze(local, extent);
    return true;
  }

  void save_frozen(std::uint32_t local, record_writer& out) final {
    if (!expiry_)
      return base::save_frozen(local, out);
    auto& held = this->of(local);
    out.begin_state(this->name(), held.frozen_extent(), held.frozen_classes());
    held.save_frozen({}, out);
    expiry_->save_frozen(local, out);
    out.end();
  }

  void clear(std::uint32_t local) final {
    base::clear(local);
    if (expiry_)
      expiry_->clear(local);
  }

  /// What was saved without a time to live never expires unless it changes;
  /// times of what has none any more are passed over.
  void apply(std::uint32_t local, record_reader& in) final {
    while (in.next_section())
      if (!state_expiry<Key>::is_at(in))
        this->of(local).apply(in);
      else if (expiry_)
        expiry_->apply(local, in);
  }

  void expire(std::uint32_t local, event_time watermark) final {
    if (expiry_)
      expiry_->expire(local, watermark,
                      [&](const Key& key) { this->of(local).erase(key); });
  }

protected:
  /// The value of the key at hand, or null.
  const Value* find() const {
    auto& key = cursor_->key_at_hand();
    return this->of(cursor_->local).find(key, cursor_->hash);
  }

  /// The value of the key at hand, made first if there is none.
  Value& edit() {
    auto& key = cursor_->key_at_hand();
    if (expiry_) [[unlikely]]
      expiry_->touch(cursor_->local, key, cursor_->hash);
    return this->of(cursor_->local).edit(key, cursor_->hash);
  }

  void erase() {
    auto& key = cursor_->key_at_hand();
    if (expiry_) [[unlikely]]
      expiry_->erase(cursor_->local, key, cursor_->hash);
    this->of(cursor_->local).erase(key, cursor_->hash);
  }

private:
  const state_cursor<Key>* cursor_;
  /// Null: what is there stays.
  std::unique_ptr<state_expiry<Key>> expiry_;
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
