// What session windows hold: per slice and key, sessions that do not overlap.
#pragma once

#include "operators/state.hpp"
#include "operators/window.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// The sessions of all keys, and when to look at each key next.
template <class Key, class Value>
class session_contents final : public state_handle {
public:
  struct open_session {
    time_window window;
    Value value;
    /// The epoch in which a tuple came last. Not saved: what a checkpoint
    /// brings back did not change in the epoch after.
    epoch_number changed = 0;
  };

  /// A key's sessions, by time; never none.
  struct key_sessions {
    std::vector<open_session> sessions;
    event_time check_at = end_of_time;
  };

  using table = key_table<Key, key_sessions>;

  using state_handle::state_handle;

  table& of(std::uint32_t local) {
    return slices_[local].keys;
  }

  /// Has `take_due` return the key once the watermark reaches `at`.
  void check(std::uint32_t local, const Key& key, key_sessions& of_key,
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
      auto found = keys.find(key);
      if (found == keys.end() || found->second.check_at != at)
        continue;
      found.value().check_at = end_of_time;
      result.push_back(std::move(key));
    }
    return result;
  }

  void host(std::uint32_t slices) override {
    slices_.clear();
    slices_.resize(slices);
  }

  void save(std::uint32_t local, byte_buffer& out) const override {
    auto& keys = slices_[local].keys;
    encode(static_cast<std::uint64_t>(keys.size()), out);
    for (auto* entry : sorted(keys)) {
      encode(entry->first, out);
      auto& sessions = entry->second.sessions;
      encode(static_cast<std::uint64_t>(sessions.size()), out);
      for (auto& session : sessions) {
        encode(session.window, out);
        encode(session.value, out);
      }
    }
  }

  void load(std::uint32_t local, input_archive& in) override {
    slices_[local] = {};
    std::uint64_t count = 0;
    decode(in, count);
    for (std::uint64_t i = 0; i < count; ++i) {
      Key key{};
      decode(in, key);
      load_key(local, key, in);
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

  void load_key(std::uint32_t local, const Key& key, input_archive& in) {
    auto& of_key = slices_[local].keys.try_emplace(key).first.value();
    std::uint64_t count = 0;
    decode(in, count);
    for (std::uint64_t i = 0; i < count; ++i) {
      open_session session{};
      decode(in, session.window);
      decode(in, session.value);
      of_key.sessions.push_back(std::move(session));
    }
    // At once: that finds out what is due next.
    check(local, key, of_key, beginning_of_time);
  }

  std::vector<slice_contents> slices_;
};

} // namespace braid
