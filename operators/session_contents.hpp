// What session windows hold: per slice and key, sessions that do not overlap.
#pragma once

#include "operators/state.hpp"
#include "operators/window.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// A session that may still grow, and what it holds so far.
template <class Value>
struct open_session {
  time_window window;
  Value value;
  /// The epoch in which a tuple came last. Not saved: what a checkpoint brings
  /// back did not change in the epoch after.
  epoch_number changed = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& window& value;
  }
};

template <class Value>
inline constexpr bool encode_by_fields<open_session<Value>> = true;

/// A key's sessions, by time; never none.
template <class Value>
struct key_sessions {
  std::vector<open_session<Value>> sessions;
  /// Not saved.
  event_time check_at = end_of_time;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& sessions;
  }
};

/// The sessions of all keys, and when to look at each key next.
template <class Key, class Value>
class session_contents final : public state_handle {
public:
  using of_one_key = key_sessions<Value>;
  using table = tracked_table<Key, of_one_key>;

  using state_handle::state_handle;

  table& of(std::uint32_t local) {
    return slices_[local].keys;
  }

  /// Has `take_due` return the key once the watermark reaches `at`.
  void check(std::uint32_t local, const Key& key, of_one_key& of_key,
             event_time at) {
    if (of_key.check_at <= at)
      return;
    of_key.check_at = at;
    auto& checks = slices_[local].checks;
    checks.emplace_back(at, key);
    std::push_heap(checks.begin(), checks.end(), later);
  }

  bool due(std::uint32_t local, event_time watermark) const {
    auto& checks = slices_[local].checks;
    return !checks.empty() && checks.front().first <= watermark;
  }

  /// The keys to look at, each once, in no order that may be relied on. They
  /// are not checked again unless `check` is called anew.
  std::vector<Key> take_due(std::uint32_t local, event_time watermark) {
    std::vector<Key> result;
    auto& [keys, checks] = slices_[local];
    while (due(local, watermark)) {
      std::pop_heap(checks.begin(), checks.end(), later);
      auto [at, key] = std::move(checks.back());
      checks.pop_back();
      // A check that an earlier one has overtaken is void.
      auto* of_key = keys.find_entry(key);
      if (!of_key || of_key->value.check_at != at)
        continue;
      of_key->value.check_at = end_of_time;
      result.push_back(std::move(key));
    }
    return result;
  }

  void host(std::uint32_t slices) override {
    slices_.clear();
    slices_.resize(slices);
  }

  void save(std::uint32_t local, record_writer& out) const override {
    out.begin_state(name(), record_extent::everything);
    slices_[local].keys.save({}, out);
    out.end();
  }

  bool changed(std::uint32_t local) const override {
    return slices_[local].keys.changed();
  }

  void save_changes(std::uint32_t local, record_writer& out) override {
    out.begin_state(name(), record_extent::changes);
    slices_[local].keys.save_changes({}, out);
    out.end();
  }

  void forget_changes(std::uint32_t local) override {
    slices_[local].keys.forget_changes();
  }

  bool freeze(std::uint32_t local, record_extent extent) override {
    slices_[local].keys.freeze(extent);
    return true;
  }

  void save_frozen(std::uint32_t local, record_writer& out) override {
    auto& keys = slices_[local].keys;
    out.begin_state(name(), keys.frozen_extent(), keys.frozen_classes());
    keys.save_frozen({}, out);
    out.end();
  }

  void clear(std::uint32_t local) override {
    slices_[local].checks.clear();
    slices_[local].keys.clear();
  }

  void apply(std::uint32_t local, record_reader& in) override {
    auto& [keys, checks] = slices_[local];
    while (in.next_section())
      keys.apply(in);
    // All at once: that finds out what is due next.
    checks.clear();
    for (auto& at : keys) {
      auto& of_key = keys.find_entry(at.first)->value;
      of_key.check_at = end_of_time;
      check(local, at.first, of_key, beginning_of_time);
    }
  }

private:
  struct slice_contents {
    table keys;
    /// A heap, the earliest check on top.
    std::vector<std::pair<event_time, Key>> checks;
  };

  static bool later(const std::pair<event_time, Key>& a,
                    const std::pair<event_time, Key>& b) {
    return a.first > b.first;
  }

  std::vector<slice_contents> slices_;
};

} // namespace braid
