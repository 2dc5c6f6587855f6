// A sink for tests: `collect` keeps what a stream ends with.
#pragma once

#include "operators/sink.hpp"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace braid {

/// A tuple as a collecting sink got it.
template <class T>
struct collected_tuple {
  T value;
  event_time time = 0;
  slice_id slice = 0; ///< of the sink
  epoch_number epoch = 0;

  bool operator==(const collected_tuple&) const = default;
};

/// What collecting sinks were given, of all epochs that were committed.
/// Thread-safe; belongs to whoever makes it, so it survives the sink.
template <class T>
class collected {
public:
  /// By epoch, slice and order in the slice.
  std::vector<collected_tuple<T>> tuples() const {
    std::lock_guard guard{mutex_};
    std::vector<collected_tuple<T>> result;
    for (auto& [slice, tuples] : by_slice_)
      result.insert(result.end(), tuples.begin(), tuples.end());
    std::stable_sort(result.begin(), result.end(), [](auto& a, auto& b) {
      return std::tie(a.epoch, a.slice) < std::tie(b.epoch, b.slice);
    });
    return result;
  }

  /// The same without their circumstances.
  std::vector<T> values() const {
    std::vector<T> result;
    for (auto& tuple : tuples())
      result.push_back(std::move(tuple.value));
    return result;
  }

  std::size_t size() const {
    std::lock_guard guard{mutex_};
    std::size_t result = 0;
    for (auto& [slice, tuples] : by_slice_)
      result += tuples.size();
    return result;
  }

  /// How many slices have ended.
  std::uint32_t finished_slices() const {
    std::lock_guard guard{mutex_};
    return static_cast<std::uint32_t>(finished_.size());
  }

  // -- for the sink -----------------------------------------------------------

  /// Puts `tuples` of `slice` behind its first `position` ones. Those that were
  /// there, from before a failure, must be the same: throws `std::logic_error`
  /// if they can be compared and are not.
  void put(slice_id slice, std::uint64_t position,
           std::span<const collected_tuple<T>> tuples) {
    std::lock_guard guard{mutex_};
    auto& there = by_slice_[slice];
    if (there.size() < position)
      throw std::logic_error{"slice " + std::to_string(slice) + " goes on at "
                             + std::to_string(position) + " of "
                             + std::to_string(there.size()) + " tuples"};
    for (auto& tuple : tuples) {
      if (position == there.size())
        there.push_back(tuple);
      else
        require_same(there[position], tuple, position);
      ++position;
    }
  }

  /// Forgets what `slice` has beyond its first `position` tuples.
  void cut(slice_id slice, std::uint64_t position) {
    std::lock_guard guard{mutex_};
    auto& there = by_slice_[slice];
    if (position < there.size())
      there.resize(static_cast<std::size_t>(position));
    finished_.erase(slice);
  }

  void finish(const hosted_slices& slices) {
    std::lock_guard guard{mutex_};
    finished_.insert(slices.ids().begin(), slices.ids().end());
  }

private:
  static void require_same(const collected_tuple<T>& before,
                           const collected_tuple<T>& now,
                           std::uint64_t position) {
    auto place = [](auto& x) { return std::tie(x.time, x.slice, x.epoch); };
    auto same = place(before) == place(now);
    if constexpr (std::equality_comparable<T>)
      same = same && before.value == now.value;
    if (!same)
      throw std::logic_error{
        "tuple " + std::to_string(position) + " of slice "
        + std::to_string(now.slice) + ", first of epoch "
        + std::to_string(before.epoch) + ", is another one when epoch "
        + std::to_string(now.epoch)
        + " is executed again; something in the topology does not depend on "
          "its input alone"};
  }

  mutable std::mutex mutex_;
  std::map<slice_id, std::vector<collected_tuple<T>>> by_slice_;
  std::set<slice_id> finished_;
};

template <class T>
class collect_writer final : public sink_writer<T> {
public:
  collect_writer(std::shared_ptr<collected<T>> into,
                 const sink_context& context)
    : into_(std::move(into)), slices_(context.slices),
      goes_back_(context.goes_back) {}

  void write(slice_id slice, std::span<const tuple_view<T>> tuples) override {
    auto& pending = pending_[slice];
    for (auto& tuple : tuples)
      pending.push_back({*tuple.value, tuple.time, slice, 0});
  }

  void commit(const epoch_info& epoch) override {
    for (auto& [slice, tuples] : std::exchange(pending_, {})) {
      for (auto& tuple : tuples)
        tuple.epoch = epoch.number;
      auto& position = positions_[slice];
      into_->put(slice, position, tuples);
      position += tuples.size();
    }
  }

  void finish() override {
    into_->finish(slices_);
  }

  std::uint64_t position(slice_id slice) const override {
    auto found = positions_.find(slice);
    return found == positions_.end() ? 0 : found->second;
  }

  void seek(slice_id slice, std::uint64_t position) override {
    if (goes_back_)
      into_->cut(slice, position);
    positions_[slice] = position;
  }

private:
  std::shared_ptr<collected<T>> into_;
  hosted_slices slices_;
  bool goes_back_;
  std::map<slice_id, std::vector<collected_tuple<T>>> pending_;
  std::map<slice_id, std::uint64_t> positions_;
};

template <class T>
class collect_sink {
public:
  collect_sink(std::shared_ptr<collected<T>> into,
               std::optional<std::uint32_t> slices)
    : into_(std::move(into)), slices_(slices) {}

  std::optional<std::uint32_t> slices() const {
    return slices_;
  }

  std::unique_ptr<sink_writer<T>> open(const sink_context& context) const {
    return std::make_unique<collect_writer<T>>(into_, context);
  }

private:
  std::shared_ptr<collected<T>> into_;
  std::optional<std::uint32_t> slices_;
};

/// How `collect` divides a stream.
struct collect_options {
  /// As many slices as the operator before has. Else there is one, so that all
  /// tuples have one order.
  bool keep_slices = false;
};

/// Keeps the tuples of a stream in memory that a test shares with the sink.
/// Executing epochs again, after a failure, adds nothing.
template <class T>
collect_sink<T> collect(std::shared_ptr<collected<T>> into,
                        const collect_options& options = {}) {
  return {std::move(into),
          options.keep_slices ? std::nullopt : std::optional<std::uint32_t>{1}};
}

} // namespace braid
