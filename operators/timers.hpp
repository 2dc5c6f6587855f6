// Event-time timers, in the order in which they fire.
#pragma once

#include "operators/epoch.hpp"
#include "operators/state.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <tsl/robin_set.h>
#include <vector>

namespace braid {

/// Timers of keys, by slice. They fire by time, then key; what order they were
/// set in, or how a table lies in memory, does not matter.
template <class Key>
class timer_queue : public state_handle {
public:
  timer_queue() : state_handle("timers") {}

  /// Setting a timer twice sets it once.
  void set(std::uint32_t local, event_time at, const Key& key) {
    queues_[local][at].insert(key);
  }

  void cancel(std::uint32_t local, event_time at, const Key& key) {
    auto& queue = queues_[local];
    auto found = queue.find(at);
    if (found == queue.end())
      return;
    found->second.erase(key);
    if (found->second.empty())
      queue.erase(found);
  }

  /// Whether a timer of the slice is due at `watermark`.
  bool due(std::uint32_t local, event_time watermark) const {
    auto& queue = queues_[local];
    return !queue.empty() && queue.begin()->first <= watermark;
  }

  /// Calls `fire(time, key)` for all timers up to `watermark`, also those that
  /// `fire` sets meanwhile. Throws `std::runtime_error` if that has no end
  /// because time has none.
  template <class Fire>
  void fire_due(std::uint32_t local, event_time watermark, Fire&& fire) {
    auto& queue = queues_[local];
    auto budget = watermark == end_of_time ? most_at_end(local) : ~0ull;
    while (due(local, watermark)) {
      auto next = queue.extract(queue.begin());
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
    queues_.clear();
    queues_.resize(slices);
  }

  void save(std::uint32_t local, byte_buffer& out) const override {
    encode(static_cast<std::uint64_t>(queues_[local].size()), out);
    for (auto& [at, set] : queues_[local]) {
      encode(at, out);
      encode(in_order(set), out);
    }
  }

  void load(std::uint32_t local, input_archive& in) override {
    queues_[local].clear();
    std::uint64_t times = 0;
    decode(in, times);
    for (std::uint64_t i = 0; i < times; ++i) {
      event_time at = 0;
      std::vector<Key> keys;
      decode(in, at);
      decode(in, keys);
      queues_[local][at].insert(keys.begin(), keys.end());
    }
  }

private:
  using key_set = tsl::robin_set<Key, key_hasher, key_equal>;

  static std::vector<Key> in_order(const key_set& set) {
    std::vector<Key> keys(set.begin(), set.end());
    std::sort(keys.begin(), keys.end(),
              [](auto& a, auto& b) { return key_less(a, b); });
    return keys;
  }

  /// How many timers of a slice may fire when the stream ends: those it has,
  /// and far more than these have reason to set.
  unsigned long long most_at_end(std::uint32_t local) const {
    unsigned long long pending = 0;
    for (auto& [at, set] : queues_[local])
      pending += set.size();
    return 1'000'000 + 100 * pending;
  }

  std::vector<std::map<event_time, key_set>> queues_;
};

} // namespace braid
