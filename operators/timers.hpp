// Event-time timers, in the order in which they fire.
#pragma once

#include "operators/epoch.hpp"
#include "operators/state.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

namespace braid {

/// Timers of keys, by slice. They fire by time, then key; what order they were
/// set in, or how a table lies in memory, does not matter.
template <class Key>
class timer_queue : public state_handle {
public:
  timer_queue() : state_handle("(timers)") {}

  /// Setting a timer twice sets it once.
  void set(std::uint32_t local, event_time at, const Key& key) {
    auto& slice = slices_[local];
    if (!slice.queue[at].try_emplace(key, true).second)
      return;
    ++slice.size;
    slice.changes.add({at, key}, slice.size);
  }

  void cancel(std::uint32_t local, event_time at, const Key& key) {
    auto& slice = slices_[local];
    auto found = slice.queue.find(at);
    if (found == slice.queue.end())
      return;
    auto timer = found->second.find(key);
    if (timer == found->second.end())
      return;
    gone(slice, at, *timer);
    found->second.erase(timer);
    if (found->second.empty())
      slice.queue.erase(found);
  }

  /// Whether a timer of the slice is due at `watermark`.
  bool due(std::uint32_t local, event_time watermark) const {
    auto& queue = slices_[local].queue;
    return !queue.empty() && queue.begin()->first <= watermark;
  }

  /// Calls `fire(time, key)` for all timers up to `watermark`, also those that
  /// `fire` sets meanwhile. Throws `std::runtime_error` if that has no end
  /// because time has none.
  template <class Fire>
  void fire_due(std::uint32_t local, event_time watermark, Fire&& fire) {
    auto& slice = slices_[local];
    auto budget = watermark == end_of_time ? most_at_end(slice) : ~0ull;
    while (due(local, watermark)) {
      auto next = slice.queue.extract(slice.queue.begin());
      for (auto& timer : next.mapped())
        gone(slice, next.key(), timer);
      for (auto& key : in_order(next.mapped())) {
        if (budget-- == 0)
          throw std::runtime_error{
            "the stream has ended, and its timers set timers without end; ask "
            "ended() before setting the next one"};
        fire(next.key(), key);
      }
    }
  }

  void host(std::uint32_t slices) override {
    slices_.clear();
    slices_.resize(slices);
  }

  void save(std::uint32_t local, record_writer& out) const override {
    auto& slice = slices_[local];
    out.begin_state(name(), record_extent::everything);
    out.begin_section({}, record_extent::everything, records::sizes());
    out.begin_records(slice.size);
    for (auto& [at, timers] : slice.queue)
      for (auto& key : in_order(timers))
        records::write({at, key}, {}, out);
    out.begin_erased(0);
    out.end();
  }

  bool changed(std::uint32_t local) const override {
    return slices_[local].changes.any();
  }

  void save_changes(std::uint32_t local, record_writer& out) override {
    auto& slice = slices_[local];
    if (slice.changes.everything())
      save(local, out);
    else
      write_changes(slice, out);
    forget_changes(local);
  }

  void forget_changes(std::uint32_t local) override {
    auto& slice = slices_[local];
    if (slice.changes.everything()) {
      for (auto& [at, timers] : slice.queue)
        for (auto timer = timers.begin(); timer != timers.end(); ++timer)
          timer.value() = false;
    } else {
      for (auto& changed : slice.changes.keys())
        find_and_unmark(slice, changed);
    }
    slice.changes.reset();
  }

  void clear(std::uint32_t local) override {
    slices_[local] = {};
    slices_[local].changes.reset();
  }

  void apply(std::uint32_t local, record_reader& in) override {
    auto& slice = slices_[local];
    auto erase = [&](const timed_key& gone) {
      auto found = slice.queue.find(gone.first);
      if (found == slice.queue.end())
        return;
      slice.size -= found->second.erase(gone.second);
      if (found->second.empty())
        slice.queue.erase(found);
    };
    while (in.next_section()) {
      records::read_records(in, [&](const timed_key& set, no_value) {
        if constexpr (!known_by_encoding<Key>)
          erase(set); // its like, which may have other bytes
        if (slice.queue[set.first].try_emplace(set.second, false).second)
          ++slice.size;
      });
      records::read_erased(in, erase, [&](auto&& visit) {
        for (auto& [at, timers] : slice.queue)
          for (auto& entry : timers)
            visit(timed_key{at, entry.first});
      });
    }
  }

private:
  using timed_key = std::pair<event_time, Key>;
  using records = typed_records<timed_key, no_value>;

  /// Timers of one time. Each carries whether it is in the list of changes.
  using key_set = key_table<Key, bool>;

  struct slice_timers {
    std::map<event_time, key_set> queue;
    std::size_t size = 0;
    change_list<timed_key> changes;
  };

  static void gone(slice_timers& slice, event_time at,
                   const std::pair<Key, bool>& entry) {
    --slice.size;
    if (!entry.second)
      slice.changes.add({at, entry.first}, slice.size);
  }

  void write_changes(slice_timers& slice, record_writer& out) const {
    std::vector<timed_key> present;
    std::vector<const timed_key*> erased;
    for (auto& changed : slice.changes.in_order(before))
      if (auto* key = find_and_unmark(slice, changed))
        present.emplace_back(changed.first, *key);
      else
        erased.push_back(&changed);
    out.begin_state(name(), record_extent::changes);
    out.begin_section({}, record_extent::changes, records::sizes());
    out.begin_records(present.size());
    for (auto& set : present)
      records::write(set, {}, out);
    out.begin_erased(erased.size());
    for (auto* gone : erased)
      records::write_key(*gone, out);
    out.end();
  }

  /// The key as it was set last, which need not look like an equal one.
  static const Key* find_and_unmark(slice_timers& slice,
                                    const timed_key& changed) {
    auto found = slice.queue.find(changed.first);
    if (found == slice.queue.end())
      return nullptr;
    auto entry = found->second.find(changed.second);
    if (entry == found->second.end())
      return nullptr;
    entry.value() = false;
    return &entry->first;
  }

  static bool before(const timed_key& a, const timed_key& b) {
    return a.first != b.first ? a.first < b.first
                              : key_less(a.second, b.second);
  }

  static std::vector<Key> in_order(const key_set& set) {
    std::vector<Key> keys;
    keys.reserve(set.size());
    for (auto& entry : set)
      keys.push_back(entry.first);
    std::sort(keys.begin(), keys.end(),
              [](auto& a, auto& b) { return key_less(a, b); });
    return keys;
  }

  /// How many timers of a slice may fire when the stream ends: those it has,
  /// and far more than these have reason to set.
  static unsigned long long most_at_end(const slice_timers& slice) {
    return 1'000'000 + 100ull * slice.size;
  }

  std::vector<slice_timers> slices_;
};

} // namespace braid
