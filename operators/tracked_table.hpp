// Tables from keys to state that know what changed in them.
#pragma once

#include "operators/entry_table.hpp"
#include "operators/state_handle.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace braid {

/// The entries of a table in the order of their keys.
template <class Table>
std::vector<const typename Table::value_type*> sorted(const Table& entries) {
  std::vector<const typename Table::value_type*> result;
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
      erased_ = {};
    }
  }

  /// `key`, which was added, is not there any more. It may come back.
  void add_erased(const Key& key) {
    if (!everything_)
      erased_.push_back(key);
  }

  /// The keys, in no order; some may be there more than once.
  const std::vector<Key>& keys() const {
    return keys_;
  }

  /// Those of them that were erased, likewise.
  std::vector<Key>& erased() {
    return erased_;
  }

  /// The keys, each once, in the order that `less` gives them.
  template <class Less>
  const std::vector<Key>& in_order(Less less) {
    sort_once(keys_, less);
    return keys_;
  }

  /// Leaves each of `keys` once, in order.
  template <class Less>
  static void sort_once(std::vector<Key>& keys, Less less) {
    std::sort(keys.begin(), keys.end(), less);
    auto same = [&](auto& a, auto& b) { return !less(a, b); };
    keys.erase(std::unique(keys.begin(), keys.end(), same), keys.end());
  }

  /// What there is, and then nothing has changed.
  change_list take() {
    auto result = std::move(*this);
    reset();
    return result;
  }

  /// Nothing has changed.
  void reset() {
    keys_.clear();
    erased_.clear();
    everything_ = false;
    any_ = false;
  }

private:
  static constexpr std::size_t few = 64;

  std::vector<Key> keys_;
  std::vector<Key> erased_;
  bool everything_ = true;
  bool any_ = false;
};

/// A hash table that knows which of its entries changed. Each carries a mark,
/// so that changing one more than once costs no more than looking at it.
///
/// What changed can be frozen: it is written later as it was then. Who changes
/// an entry meanwhile writes its old value first (copy on write), once, to
/// where it goes. So what is frozen is in no order.
template <class Key, class Value>
class tracked_table {
public:
  struct entry {
    Value value;
    /// The period in which it changed, and is in the list of changes if there
    /// is one; 0: it is as it was saved. A period ends when what changed in it
    /// is frozen.
    std::uint8_t changed_in = 0;
  };

  using entries = state_entries<Key, entry>;
  using const_iterator = typename entries::const_iterator;

  static constexpr std::size_t entry_bytes =
    sizeof(typename entries::value_type);
  static constexpr bool entries_apart =
    std::is_same_v<entries, entry_table<Key, entry>>;

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

  /// Brings the entries of these keys into the cache. None of the lookups waits
  /// for another, so the processor does many at a time.
  void fetch(std::span<const coming_key> keys) const {
    for (auto& each : keys) {
      auto found = entries_.find(*static_cast<const Key*>(each.key), each.hash);
      if (found == entries_.end())
        continue;
      auto* lines = reinterpret_cast<const std::byte*>(&*found);
      for (std::size_t at = 0; at < std::min(entry_bytes, most_fetched);
           at += cache_line)
        __builtin_prefetch(lines + at, 1);
      // A function that does nothing but that is left out by GCC 12.
      asm volatile("" : : "r"(lines));
    }
  }

  /// The value, which counts as changed.
  Value& edit(const Key& key, entry& of_key) {
    if (of_key.changed_in != period_) [[unlikely]]
      begin_change(key, of_key);
    return of_key.value;
  }

  /// The value of `key`, which counts as changed; `make()` if there was none.
  template <class Make>
  Value& edit(const Key& key, std::size_t hash, Make&& make) {
    auto found = entries_.find(key, hash);
    if (found == entries_.end()) [[unlikely]] {
      found = entries_.try_emplace(key, entry{make(), period_}).first;
      changes_.add(key, entries_.size());
      return found.value().value;
    }
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
    edit(found->first, found.value());
    changes_.add_erased(key);
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
    if (frozen_)
      keep_rest();
    for (auto at = entries_.begin(); at != entries_.end();) {
      auto& of_key = at.value();
      auto what = visit(at->first, of_key.value);
      if (what != fate::keep)
        edit(at->first, of_key);
      if (what == fate::erase) {
        changes_.add_erased(at->first);
        at = entries_.erase(at);
      } else {
        ++at;
      }
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
    freeze(record_extent::changes);
    save_frozen(group, out);
  }

  /// What changed until now, or everything, is what `save_frozen` writes. Then
  /// nothing has changed. What was frozen before must have been written.
  void freeze(record_extent extent) {
    assert(!frozen_);
    frozen_ =
      std::make_unique<frozen>(extent, changes_.take(), entries_.size());
    period_ = period_ == 1 ? 2 : 1;
    auto& erased = frozen_->changes.erased();
    if (frozen_->everything())
      erased.clear();
    change_list<Key>::sort_once(
      erased, [](auto& a, auto& b) { return key_less(a, b); });
    std::erase_if(erased, [&](auto& key) { return find(key) != nullptr; });
  }

  bool is_frozen() const {
    return frozen_ != nullptr;
  }

  /// What `freeze` was told.
  record_extent frozen_extent() const {
    return frozen_->asked;
  }

  /// The classes in the values of what is frozen, all of which it writes first.
  const saved_classes& frozen_classes() {
    keep_rest();
    return frozen_->writer.classes();
  }

  /// Writes what is frozen as one section.
  void save_frozen(std::span<const std::byte> group, record_writer& out) {
    for (auto& each : frozen_classes().all())
      out.classes().add(each);
    out.begin_section(group, frozen_->extent(), records::sizes());
    out.adopt_records(frozen_->count, std::move(frozen_->records));
    auto& erased = frozen_->changes.erased();
    out.begin_erased(erased.size());
    for (auto& key : erased)
      records::write_key(key, out);
    frozen_.reset();
  }

  /// Nothing has changed. What is frozen stays so.
  void forget_changes() {
    if (changes_.everything()) {
      for (auto at = entries_.begin(); at != entries_.end(); ++at)
        forget_change(at.value());
    } else {
      for (auto& key : changes_.keys())
        if (auto* found = find_entry(key))
          forget_change(*found);
    }
    changes_.reset();
  }

  /// Makes the changes of the section that `in` is at. Nothing may be frozen.
  void apply(record_reader& in) {
    if (in.section_extent() == record_extent::everything)
      clear();
    if (entries_.empty())
      entries_.reserve(in.plausible_records());
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

  /// Empties the table, and forgets what is frozen. That is no change.
  void clear() {
    entries_.clear();
    changes_.reset();
    frozen_.reset();
  }

private:
  using records = typed_records<Key, Value>;

  static constexpr std::size_t cache_line = 64;
  // What lies beyond in an entry may not be needed.
  static constexpr std::size_t most_fetched = 5 * cache_line;
  static constexpr std::size_t fetched_together = 16;
  static constexpr std::size_t few_kept = 8;
  // What is written before and behind the records, unless it is a lot.
  static constexpr std::size_t room_in_front = 192;
  static constexpr std::size_t room_behind = 64;

  /// What is to be written as of an earlier moment.
  struct frozen {
    using typed = typed_records<Key, Value>;

    /// Of a table with so many entries.
    frozen(record_extent what, change_list<Key> list, std::size_t entries)
      : asked(what), changes(std::move(list)), writer(records, typed::sizes()),
        most(everything() ? entries : changes.keys().size()) {}

    frozen(const frozen&) = delete;
    frozen& operator=(const frozen&) = delete;

    /// All entries that are as they were then, and not only what is listed.
    bool everything() const {
      return asked == record_extent::everything || changes.everything();
    }

    record_extent extent() const {
      return everything() ? record_extent::everything : record_extent::changes;
    }

    void keep(const Key& key, const Value& value) {
      typed::write(key, value, writer);
      // Where one is changed again, most are.
      if (++count == few_kept)
        make_room();
    }

    void make_room() {
      auto expected = records.size() / few_kept * std::max(most, few_kept);
      auto roomy =
        byte_buffer::with_front(room_in_front, expected + room_behind);
      roomy.append(records);
      records = std::move(roomy);
    }

    record_extent asked;
    change_list<Key> changes;
    byte_buffer records; ///< what is written so far
    record_writer writer;
    std::size_t most = 0;  ///< how many records there can be
    std::size_t count = 0; ///< how many are written
    bool all_kept = false; ///< which is all there are
  };

  /// What is frozen of the entry is nowhere else yet.
  bool awaits_saving(const entry& x) const {
    return frozen_ && !frozen_->all_kept && x.changed_in != period_
           && (x.changed_in != 0 || frozen_->everything());
  }

  void begin_change(const Key& key, entry& of_key) {
    if (awaits_saving(of_key))
      frozen_->keep(key, of_key.value);
    of_key.changed_in = period_;
    changes_.add(key, entries_.size());
  }

  void forget_change(entry& x) const {
    if (x.changed_in == period_)
      x.changed_in = 0;
  }

  void keep_if_awaited(const Key& key, entry& x) {
    if (!awaits_saving(x))
      return;
    frozen_->keep(key, x.value);
    x.changed_in = 0;
  }

  /// Writes all that is frozen and not written yet.
  void keep_rest() {
    if (!frozen_->all_kept && frozen_->count < frozen_->most) {
      if (frozen_->everything())
        keep_rest_of_all();
      else
        keep_rest_of_changes();
    }
    frozen_->all_kept = true;
  }

  void keep_rest_of_all() {
    for (auto at = entries_.begin(); at != entries_.end(); ++at)
      keep_if_awaited(at->first, at.value());
  }

  void keep_rest_of_changes() {
    std::span keys{frozen_->changes.keys()};
    while (!keys.empty()) {
      auto some = keys.first(std::min(fetched_together, keys.size()));
      fetch(some);
      for (auto& key : some)
        if (auto found = entries_.find(key); found != entries_.end())
          keep_if_awaited(found->first, found.value());
      keys = keys.subspan(some.size());
    }
  }

  void fetch(std::span<const Key> keys) const {
    std::array<coming_key, fetched_together> coming;
    for (std::size_t i = 0; i < keys.size(); ++i)
      coming[i] = {&keys[i], key_hasher{}(keys[i])};
    fetch(std::span<const coming_key>{coming.data(), keys.size()});
  }

  entries entries_;
  change_list<Key> changes_;
  std::uint8_t period_ = 1; ///< 1 or 2
  std::unique_ptr<frozen> frozen_;
};

} // namespace braid
