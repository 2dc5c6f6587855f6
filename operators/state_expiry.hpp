// When state that has a time to live is gone.
#pragma once

#include "operators/epoch.hpp"
#include "operators/state_table.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>
#include <vector>

namespace braid {

/// An option of state handles: how long state is kept after it was last
/// changed, in microseconds of event time.
struct time_to_live {
  event_time length = 0;
};

/// `value<int> speed{*this, "speed", expires_after(10min)}`. Throws
/// `std::invalid_argument` unless `length` is positive.
template <class Rep, class Period>
time_to_live expires_after(std::chrono::duration<Rep, Period> length) {
  auto result =
    std::chrono::duration_cast<std::chrono::microseconds>(length).count();
  if (result <= 0)
    throw std::invalid_argument{"state expires after a positive time"};
  return {result};
}

/// What an operator's handles may know of time. Set by the engine before it
/// calls user code.
struct state_clock {
  const event_time* time = nullptr;      ///< of the tuple or timer at hand
  const event_time* watermark = nullptr; ///< as of the epoch before
};

/// Knows when the keys of one handle were written, and which are gone.
///
/// A key is gone once the watermark reaches the time of its last change, or the
/// watermark at that change if that was later, plus the time to live. It is
/// taken away at the end of the epoch that brings the watermark there, so a
/// handler never sees it: what is there follows from contents and cuts alone.
///
/// A write costs a look into a table. Each key stands in a heap at the time at
/// which it was to be gone when it came there; only when that comes is it
/// looked at again.
template <class Key>
class state_expiry {
public:
  state_expiry(time_to_live keep, const state_clock& clock)
    : keep_(keep), clock_(clock) {}

  void host(std::uint32_t slices) {
    slices_.clear();
    slices_.resize(slices);
  }

  /// The state of `key` changes now.
  void touch(std::uint32_t local, const Key& key, std::size_t hash) {
    auto& [written, checks] = slices_[local];
    auto now = std::max(*clock_.time, *clock_.watermark);
    if (auto* known = written.find_entry(key, hash)) {
      if (known->value < now)
        written.edit(key, *known) = now;
      return;
    }
    written.edit(key, hash) = now;
    // Keys that were erased, and came back, stand in it more than once.
    if (checks.size() > 2 * written.size() + few)
      gather_checks(slices_[local]);
    else
      check(checks, gone_at(now), key);
  }

  void erase(std::uint32_t local, const Key& key, std::size_t hash) {
    slices_[local].written.erase(key, hash);
  }

  /// Forgets the keys that are gone at `watermark`, and calls `erase(key)` for
  /// each, in no order.
  template <class Erase>
  void expire(std::uint32_t local, event_time watermark, Erase&& erase) {
    auto& [written, checks] = slices_[local];
    while (!checks.empty() && checks.front().first <= watermark) {
      std::pop_heap(checks.begin(), checks.end(), later);
      auto key = std::move(checks.back().second);
      checks.pop_back();
      auto* at = written.find(key);
      if (!at)
        continue;
      if (gone_at(*at) > watermark) {
        check(checks, gone_at(*at), key);
        continue;
      }
      written.erase(key);
      erase(key);
    }
  }

  bool changed(std::uint32_t local) const {
    return slices_[local].written.changed();
  }

  void save(std::uint32_t local, record_writer& out) const {
    slices_[local].written.save(group(), out);
  }

  void save_changes(std::uint32_t local, record_writer& out) {
    slices_[local].written.save_changes(group(), out);
  }

  void forget_changes(std::uint32_t local) {
    slices_[local].written.forget_changes();
  }

  void freeze(std::uint32_t local, record_extent extent) {
    slices_[local].written.freeze(extent);
  }

  void save_frozen(std::uint32_t local, record_writer& out) {
    slices_[local].written.save_frozen(group(), out);
  }

  void clear(std::uint32_t local) {
    slices_[local].written.clear();
    slices_[local].checks.clear();
  }

  /// Takes the section that `in` is at.
  void apply(std::uint32_t local, record_reader& in) {
    slices_[local].written.apply(in);
    gather_checks(slices_[local]);
  }

  /// Whether the section that `in` is at is one of these.
  static bool is_at(const record_reader& in) {
    return !in.group().empty();
  }

private:
  using check_list = std::vector<std::pair<event_time, Key>>;

  struct slice_expiry {
    tracked_table<Key, event_time> written;
    check_list checks; ///< a heap, the earliest on top
  };

  static constexpr std::size_t few = 64;

  static std::span<const std::byte> group() {
    static constexpr std::byte name[] = {std::byte{'w'}};
    return name;
  }

  static bool later(const std::pair<event_time, Key>& a,
                    const std::pair<event_time, Key>& b) {
    return a.first > b.first;
  }

  static void check(check_list& checks, event_time at, const Key& key) {
    checks.emplace_back(at, key);
    std::push_heap(checks.begin(), checks.end(), later);
  }

  event_time gone_at(event_time written) const {
    return written > end_of_time - keep_.length ? end_of_time
                                                : written + keep_.length;
  }

  void gather_checks(slice_expiry& slice) const {
    slice.checks.clear();
    for (auto& each : slice.written)
      slice.checks.emplace_back(gone_at(each.second.value), each.first);
    std::make_heap(slice.checks.begin(), slice.checks.end(), later);
  }

  time_to_live keep_;
  state_clock clock_;
  std::vector<slice_expiry> slices_;
};

} // namespace braid
