// Tables from keys to state that know what changed in them.
#pragma once

#include "operators/key_hash.hpp"
#include "operators/state_handle.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <tsl/robin_map.h>
#include <utility>
#include <vector>

namespace braid {

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

/// What changed in a table or the like, by key. No longer than what there is:
/// beyond that it says that everything did. That is also what it says from the
/// beginning, so where nobody asks for changes they cost nothing.
template <class Key>
class change_list {
public:
  bool any() const {
    return any_;
  }

  bool everything() const {
    return everything_;
  }

  /// Something about `key` changed, in a table of `size` entries. It may have
  /// been added before.
  void add(const Key& key, std::size_t size) {
    any_ = true;
    if (everything_)
      return;
    keys_.push_back(key);
    if (keys_.size() > size + few) {
      everything_ = true;
      keys_ = {};
    }
  }

  /// The keys, in no order; some may be there more than once.
  const std::vector<Key>& keys() const {
    return keys_;
  }

  /// The keys, each once, in the order that `less` gives them.
  template <class Less>
  const std::vector<Key>& in_order(Less less) {
    std::sort(keys_.begin(), keys_.end(), less);
    auto same = [&](auto& a, auto& b) { return !less(a, b); };
    keys_.erase(std::unique(keys_.begin(), keys_.end(), same), keys_.end());
    return keys_;
  }

  /// Nothing has changed.
  void reset() {
    keys_.clear();
    everything_ = false;
    any_ = false;
  }

private:
  static constexpr std::size_t few = 64;

  std::vector<Key> keys_;
  bool everything_ = true;
  bool any_ = false;
};

/// A hash table that knows which of its entries changed. Each carries a mark,
/// so that changing one more than once costs no more than looking at it.
template <class Key, class Value>
class tracked_table {
public:
  struct entry {
    Value value;
    /// It changed, and is in the list of changes if there is one.
    bool changed = false;
  };

  using entries = key_table<Key, entry>;
  using const_iterator = typename entries::const_iterator;

  std::size_t size() const {
    return entries_.size();
  }

  bool empty() const {
    return entries_.empty();
  }

  const_iterator begin() const {
    return entries_.begin();
  }

  const_iterator end() const {
    return entries_.end();
  }

  /// The entries by key.
  std::vector<const std::pair<Key, entry>*> in_order() const {
    return sorted(entries_);
  }

  /// Null if there is none. Valid until the table changes.
  const Value* find(const Key& key, std::size_t hash) const {
    auto found = entries_.find(key, hash);
    return found == entries_.end() ? nullptr : &found->second.value;
  }

  const Value* find(const Key& key) const {
    return find(key, key_hasher{}(key));
  }

  /// The same, to be handed to `edit` if it is to be changed, and to be changed
  /// without it in what is not saved.
  entry* find_entry(const Key& key, std::size_t hash) {
    auto found = entries_.find(key, hash);
    return found == entries_.end() ? nullptr : &found.value();
  }

  entry* find_entry(const Key& key) {
    return find_entry(key, key_hasher{}(key));
  }

  /// The value, which counts as changed.
  Value& edit(const Key& key, entry& of_key) {
    if (!of_key.changed) [[unlikely]] {
      of_key.changed = true;
      changes_.add(key, entries_.size());
    }
    return of_key.value;
  }

  /// The value of `key`, which counts as changed; `make()` if there was none.
  template <class Make>
  Value& edit(const Key& key, std::size_t hash, Make&& make) {
    auto found = entries_.find(key, hash);
    if (found == entries_.end()) [[unlikely]]
      found = entries_.try_emplace(key, entry{make()}).first;
    return edit(found->first, found.value());
  }

  Value& edit(const Key& key, std::size_t hash) {
    return edit(key, hash, [] { return Value{}; });
  }

  Value& edit(const Key& key) {
    return edit(key, key_hasher{}(key));
  }

  void erase(const Key& key, std::size_t hash) {
    auto found = entries_.find(key, hash);
    if (found == entries_.end())
      return;
    if (!found->second.changed)
      changes_.add(key, entries_.size());
    entries_.erase(found);
  }

  void erase(const Key& key) {
    erase(key, key_hasher{}(key));
  }

  /// What `sweep` is to do with an entry.
  enum class fate { keep, changed, erase };

  /// Asks `visit(key, value&)` about all entries, in no order.
  template <class Visit>
  void sweep(Visit&& visit) {
    for (auto at = entries_.begin(); at != entries_.end();) {
      auto& of_key = at.value();
      auto what = visit(at->first, of_key.value);
      if (what != fate::keep)
        edit(at->first, of_key);
      if (what == fate::erase)
        at = entries_.erase(at);
      else
        ++at;
    }
  }

  bool changed() const {
    return changes_.any();
  }

  /// Writes all entries as one section.
  void save(std::span<const std::byte> group, record_writer& out) const {
    out.begin_section(group, record_extent::everything, records::sizes());
    out.begin_records(entries_.size());
    for (auto* each : in_order())
      records::write(each->first, each->second.value, out);
    out.begin_erased(0);
  }

  /// Writes what changed as one section. Then nothing has changed.
  void save_changes(std::span<const std::byte> group, record_writer& out) {
    if (changes_.everything())
      return save_everything(group, out);
    write_changes(group, out);
    changes_.reset();
  }

  /// Does the same as if every entry had changed.
  void save_everything(std::span<const std::byte> group, record_writer& out) {
    save(group, out);
    forget_changes();
  }

  /// Nothing has changed.
  void forget_changes() {
    if (changes_.everything()) {
      for (auto at = entries_.begin(); at != entries_.end(); ++at)
        at.value().changed = false;
    } else {
      for (auto& key : changes_.keys())
        if (auto* found = find_entry(key))
          found->changed = false;
    }
    changes_.reset();
  }

  /// Makes the changes of the section that `in` is at.
  void apply(record_reader& in) {
    if (in.section_extent() == record_extent::everything)
      clear();
    records::read_records(in, [&](Key key, Value value) {
      if constexpr (!known_by_encoding<Key>)
        entries_.erase(key); // its like, which may have other bytes
      auto [found, added] = entries_.try_emplace(std::move(key));
      found.value().value = std::move(value);
    });
    records::read_erased(
      in, [&](const Key& key) { entries_.erase(key); },
      [&](auto&& visit) {
        for (auto& each : entries_)
          visit(each.first);
      });
  }

  /// Empties the table. That is no change.
  void clear() {
    entries_.clear();
    changes_.reset();
  }

private:
  using records = typed_records<Key, Value>;

  void write_changes(std::span<const std::byte> group, record_writer& out) {
    std::vector<std::pair<const Key*, const Value*>> present;
    std::vector<const Key*> erased;
    auto less = [](auto& a, auto& b) { return key_less(a, b); };
    for (auto& key : changes_.in_order(less)) {
      auto found = entries_.find(key);
      if (found == entries_.end()) {
        erased.push_back(&key);
      } else {
        found.value().changed = false;
        present.emplace_back(&found->first, &found->second.value);
      }
    }
    out.begin_section(group, record_extent::changes, records::sizes());
    out.begin_records(present.size());
    for (auto& [key, value] : present)
      records::write(*key, *value, out);
    out.begin_erased(erased.size());
    for (auto* key : erased)
      records::write_key(*key, out);
  }

  entries entries_;
  change_list<Key> changes_;
};

/// One table a slice, from keys to `Value`.
template <class Key, class Value>
class state_table : public state_handle {
public:
  using table = tracked_table<Key, Value>;

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

  void save(std::uint32_t local, record_writer& out) const override {
    out.begin_state(name(), record_extent::everything);
    tables_[local].save({}, out);
    out.end();
  }

  bool changed(std::uint32_t local) const override {
    return tables_[local].changed();
  }

  void save_changes(std::uint32_t local, record_writer& out) override {
    out.begin_state(name(), record_extent::changes);
    tables_[local].save_changes({}, out);
    out.end();
  }

  void forget_changes(std::uint32_t local) override {
    tables_[local].forget_changes();
  }

  void clear(std::uint32_t local) override {
    tables_[local].clear();
  }

  void apply(std::uint32_t local, record_reader& in) override {
    while (in.next_section())
      tables_[local].apply(in);
  }

private:
  std::vector<table> tables_;
};

/// One small value a slice.
template <class Value>
class slice_value : public state_handle {
public:
  using state_handle::state_handle;

  const Value& get(std::uint32_t local) const {
    return values_[local].value;
  }

  Value& edit(std::uint32_t local) {
    values_[local].changed = true;
    return values_[local].value;
  }

  void host(std::uint32_t slices) override {
    values_.clear();
    values_.resize(slices);
  }

  void save(std::uint32_t local, record_writer& out) const override {
    write_single_record(name(), values_[local].value, out);
  }

  bool changed(std::uint32_t local) const override {
    return values_[local].changed;
  }

  void save_changes(std::uint32_t local, record_writer& out) override {
    save(local, out);
    values_[local].changed = false;
  }

  void forget_changes(std::uint32_t local) override {
    values_[local].changed = false;
  }

  void clear(std::uint32_t local) override {
    values_[local] = {};
  }

  void apply(std::uint32_t local, record_reader& in) override {
    read_single_record(in, values_[local].value);
  }

private:
  struct tracked_value {
    Value value{};
    bool changed = false;
  };

  std::vector<tracked_value> values_;
};

} // namespace braid
