// What windows at fixed places hold, by slice, stretch of time and key.
#pragma once

#include "operators/state.hpp"
#include "operators/window.hpp"

#include <algorithm>
#include <cassert>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// Where windows keep what they gather.
enum class window_storage {
  /// Once, by pane: a window puts its panes together when it fires.
  by_pane,
  /// In every window that a tuple falls in.
  by_window,
};

/// The contents of aligned windows. A table may hold a pane or a whole window;
/// `begin` says where it lies. Empty tables are not kept.
template <class Key, class Value>
class window_contents final : public state_handle {
public:
  using table = tracked_table<Key, Value>;

  /// Event times whose tuples meet the same fate in an epoch.
  struct fate {
    event_time begin = 0;
    event_time end = 0;
    /// What the tuples go to; nothing if they are too late for all windows.
    std::vector<table*> tables;
    /// The windows that have fired already and will again, by their begin.
    event_time first_fired = 0;
    event_time last_fired = -1;

    bool covers(event_time time) const {
      return begin <= time && time < end;
    }

    bool too_late() const {
      return tables.empty();
    }
  };

  window_contents(std::string name, const aligned_windows& windows,
                  window_lifetime lifetime, window_storage storage)
    : state_handle(std::move(name)), windows_(windows), lifetime_(lifetime),
      storage_(storage) {}

  const aligned_windows& windows() const {
    return windows_;
  }

  /// The epochs before left `watermark`: lateness is judged by it.
  void begin_epoch(event_time watermark) {
    first_kept_ = lifetime_.first_kept(windows_, watermark);
    first_to_fire_ = lifetime_.first_to_fire(windows_, watermark);
  }

  /// What becomes of tuples of `time` in this epoch. The caller adds to each of
  /// the tables.
  void look_up(fate& result, std::uint32_t local, event_time time) {
    time = in_windows(time);
    result.begin = windows_.pane_of(time);
    result.end = result.begin + windows_.pane();
    result.tables.clear();
    auto last = windows_.last_of(result.begin);
    auto first = std::max(windows_.first_of(result.begin), first_kept_);
    result.first_fired = first;
    result.last_fired = std::min(last, first_to_fire_ - windows_.slide());
    if (first > last)
      return;
    if (storage_ == window_storage::by_pane)
      result.tables.push_back(&table_at(local, result.begin));
    else
      for (auto begin = first; begin <= last; begin += windows_.slide())
        result.tables.push_back(&table_at(local, begin));
  }

  /// Whether a window of the slice fires, or something is gone, at `watermark`.
  bool due(std::uint32_t local, event_time watermark) const {
    auto& slice = slices_[local];
    return !slice.tables.empty() && slice.next_due <= watermark;
  }

  /// The begin of the first window with contents that fires after `watermark`,
  /// if any.
  std::optional<event_time> next_window(std::uint32_t local,
                                        event_time watermark) const {
    auto& tables = slices_[local].tables;
    auto begin = lifetime_.first_to_fire(windows_, watermark);
    auto found = tables.lower_bound(begin);
    if (found == tables.end())
      return std::nullopt;
    return storage_ == window_storage::by_pane
             ? std::max(begin, windows_.first_of(found->first))
             : found->first;
  }

  /// The tables that make up the window that begins at `begin`, by time.
  std::vector<const table*> tables_of(std::uint32_t local,
                                      event_time begin) const {
    auto& tables = slices_[local].tables;
    auto length =
      storage_ == window_storage::by_pane ? windows_.size() : event_time{1};
    auto end = tables.lower_bound(begin + length);
    std::vector<const table*> result;
    for (auto at = tables.lower_bound(begin); at != end; ++at)
      result.push_back(&at->second);
    return result;
  }

  /// Drops what is gone at `watermark`, to which all windows have fired, and
  /// finds out when the slice is due next.
  void drop_gone(std::uint32_t local, event_time watermark) {
    auto& slice = slices_[local];
    auto& tables = slice.tables;
    while (!tables.empty() && gone_at(tables.begin()->first) <= watermark) {
      slice.changes.add(tables.begin()->first, tables.size());
      auto gone = tables.extract(tables.begin());
      if (gone.mapped().is_frozen())
        slice.frozen->gone.insert(std::move(gone));
    }
    if (tables.empty())
      return;
    slice.next_due = gone_at(tables.begin()->first);
    if (auto begin = next_window(local, watermark))
      slice.next_due = std::min(
        slice.next_due, window_lifetime::fires_at(windows_.at(*begin).end));
  }

  void host(std::uint32_t slices) override {
    slices_.clear();
    slices_.resize(slices);
  }

  void save(std::uint32_t local, record_writer& out) const override {
    out.begin_state(name(), record_extent::everything);
    for (auto& [begin, entries] : slices_[local].tables)
      if (!entries.empty())
        entries.save(encoded(begin).bytes(), out);
    out.end();
  }

  bool changed(std::uint32_t local) const override {
    return slices_[local].changes.any();
  }

  void save_changes(std::uint32_t local, record_writer& out) override {
    freeze(local, record_extent::changes);
    save_frozen(local, out);
  }

  bool freeze(std::uint32_t local, record_extent extent) override {
    auto& slice = slices_[local];
    auto& frozen = slice.frozen;
    assert(!frozen);
    frozen.emplace(extent, slice.changes.take());
    if (frozen->everything()) {
      for (auto& [begin, entries] : slice.tables)
        if (!entries.empty())
          entries.freeze(record_extent::everything);
    } else {
      for (auto begin : frozen->changes.keys())
        if (auto found = slice.tables.find(begin);
            found != slice.tables.end() && !found->second.is_frozen())
          found->second.freeze(record_extent::changes);
    }
    return true;
  }

  void save_frozen(std::uint32_t local, record_writer& out) override {
    auto& slice = slices_[local];
    auto frozen = std::exchange(slice.frozen, std::nullopt);
    if (frozen->everything()) {
      out.begin_state(name(), record_extent::everything);
      auto was = frozen->gone.begin();
      for (auto& [begin, entries] : slice.tables) {
        for (; was != frozen->gone.end() && was->first <= begin; ++was)
          was->second.save_frozen(encoded(was->first).bytes(), out);
        if (entries.is_frozen())
          entries.save_frozen(encoded(begin).bytes(), out);
      }
      for (; was != frozen->gone.end(); ++was)
        was->second.save_frozen(encoded(was->first).bytes(), out);
    } else {
      out.begin_state(name(), record_extent::changes);
      for (auto begin : frozen->changes.in_order(std::less<>{}))
        save_frozen_table(slice, frozen->gone, begin, out);
    }
    out.end();
  }

  void forget_changes(std::uint32_t local) override {
    auto& slice = slices_[local];
    if (slice.changes.everything()) {
      for (auto& [begin, entries] : slice.tables)
        entries.forget_changes();
    } else {
      for (auto begin : slice.changes.keys())
        if (auto found = slice.tables.find(begin); found != slice.tables.end())
          found->second.forget_changes();
    }
    slice.changes.reset();
  }

  void clear(std::uint32_t local) override {
    slices_[local] = {};
    slices_[local].changes.reset();
  }

  void apply(std::uint32_t local, record_reader& in) override {
    auto& slice = slices_[local];
    while (in.next_section()) {
      auto found =
        slice.tables.try_emplace(decoded<event_time>(in.group())).first;
      found->second.apply(in);
      if (found->second.empty())
        slice.tables.erase(found);
    }
    // Due at once: that finds out what is due next.
    slice.next_due = beginning_of_time;
  }

private:
  using tables_by_begin = std::map<event_time, table>;

  /// What is to be written as of an earlier moment.
  struct frozen_contents {
    frozen_contents(record_extent what, change_list<event_time> list)
      : asked(what), changes(std::move(list)) {}

    bool everything() const {
      return asked == record_extent::everything || changes.everything();
    }

    record_extent asked;
    change_list<event_time> changes;
    tables_by_begin gone; ///< since then
  };

  struct slice_contents {
    tables_by_begin tables;
    event_time next_due = beginning_of_time;
    /// The begins of tables that were handed out to be changed, or are gone.
    change_list<event_time> changes;
    std::optional<frozen_contents> frozen;
  };

  /// Of a table that changed before: a table that was gone by then leaves an
  /// empty one.
  static void save_frozen_table(slice_contents& slice, tables_by_begin& gone,
                                event_time begin, record_writer& out) {
    auto group = encoded(begin);
    if (auto was = gone.find(begin); was != gone.end())
      return was->second.save_frozen(group.bytes(), out);
    auto found = slice.tables.find(begin);
    if (found != slice.tables.end() && found->second.is_frozen())
      found->second.save_frozen(group.bytes(), out);
    else
      table{}.save(group.bytes(), out);
  }

  table& table_at(std::uint32_t local, event_time begin) {
    auto& slice = slices_[local];
    auto [found, added] = slice.tables.try_emplace(begin);
    // Due at once: that finds out what is due next.
    if (added)
      slice.next_due = beginning_of_time;
    if (!found->second.changed())
      slice.changes.add(begin, slice.tables.size());
    return found->second;
  }

  /// The watermark at which the last window is gone that needs the table.
  event_time gone_at(event_time begin) const {
    auto last =
      storage_ == window_storage::by_pane ? windows_.last_of(begin) : begin;
    return lifetime_.gone_at(windows_.at(last).end);
  }

  aligned_windows windows_;
  window_lifetime lifetime_;
  window_storage storage_;
  std::vector<slice_contents> slices_;
  /// The begins of the first windows that are not gone, and that have not
  /// fired, when the epoch begins.
  event_time first_kept_ = 0;
  event_time first_to_fire_ = 0;
};

} // namespace braid
