// Batches: tuples travel in these, never alone.
#pragma once

#include "operators/archive.hpp"
#include "operators/epoch.hpp"
#include "operators/slice.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace braid {

/// A run of consecutive tuples of a batch that one upstream slice emitted.
struct slice_run {
  slice_id slice;
  std::uint32_t count;
};

/// Where a tuple goes: for keyed edges the hash of its key, for rebalanced
/// ones a number that falls into the chosen slice. `slice_of` maps it.
using route = std::uint32_t;

/// A batch as it goes over a link: `head` first, then `columns`, which borrow
/// the batch's memory where its tuples can be copied raw.
struct encoded_batch {
  byte_buffer head;
  std::vector<std::span<const std::byte>> columns;
  /// Columns that had to be encoded; `columns` points into them.
  std::vector<byte_buffer> owned;
};

/// An immutable, contiguous run of tuples of one type with their event times
/// and routes. Shared by reference inside a process, encoded when it leaves.
class batch {
public:
  virtual ~batch() = default;

  batch(const batch&) = delete;
  batch& operator=(const batch&) = delete;

  std::uint32_t size() const {
    return size_;
  }

  /// By upstream slice, in the order of emission.
  std::span<const slice_run> runs() const {
    return runs_;
  }

  /// One route a tuple, or empty where the edge does not need them.
  std::span<const route> routes() const {
    return routes_;
  }

  /// The event time of tuple `index`.
  event_time time(std::uint32_t index) const {
    return times_.empty() ? uniform_time_ : times_[index];
  }

  /// One event time a tuple, or empty if all share `uniform_time`.
  std::span<const event_time> times() const {
    return times_;
  }

  event_time uniform_time() const {
    return uniform_time_;
  }

  /// About how much memory the batch holds, in bytes.
  virtual std::size_t bytes() const = 0;

  virtual encoded_batch encode() const = 0;

  /// A batch of the tuples at `indexes`, which ascend. Copies them.
  virtual std::shared_ptr<const batch>
  pick(std::span<const std::uint32_t> indexes) const = 0;

protected:
  batch() = default;

  /// The runs of the tuples at `indexes`.
  std::vector<slice_run> runs_of(std::span<const std::uint32_t> indexes) const;

  /// What goes before the tuples themselves on the wire: the counts and the
  /// three columns that every batch has.
  encoded_batch encode_columns(bool raw, std::size_t values_bytes) const;

  /// Reads what `encode_columns` wrote and returns where the values are.
  /// The columns stay in `body`, which `owner` keeps alive.
  std::span<const std::byte> decode_columns(std::span<const std::byte> body,
                                            bool raw, std::size_t value_size);

  std::uint32_t size_ = 0;
  std::span<const slice_run> runs_;
  std::span<const route> routes_;
  std::span<const event_time> times_;
  event_time uniform_time_ = 0;
};

using batch_ptr = std::shared_ptr<const batch>;

/// The tuples of `from` that fall into the slices downstream that are set: by
/// their routes or, where the edge needs none, by the slice that emitted them.
/// `from` itself if that is all; null if there are none.
batch_ptr select(const batch_ptr& from, const std::vector<bool>& slices);

/// Every column starts at a multiple of this in an encoded batch, so that a
/// receiver whose buffer is aligned alike uses the columns where they lie.
inline constexpr std::size_t column_alignment = 64;

/// The values of a batch, as `std::vector`s while it is built here, or inside
/// the frame that brought it.
template <class T>
class typed_batch final : public batch {
public:
  struct columns {
    std::vector<T> values;
    std::vector<slice_run> runs;
    std::vector<route> routes;
    std::vector<event_time> times;
    event_time uniform_time = 0;
  };

  explicit typed_batch(columns content) : owned_(std::move(content)) {
    size_ = static_cast<std::uint32_t>(owned_.values.size());
    values_ = owned_.values;
    runs_ = owned_.runs;
    routes_ = owned_.routes;
    times_ = owned_.times;
    uniform_time_ = owned_.uniform_time;
  }

  /// Reads an encoded batch. `body` must be aligned to `column_alignment` and
  /// stay as it is while `owner` lives. Throws `decode_error`.
  typed_batch(std::span<const std::byte> body,
              std::shared_ptr<const void> owner) {
    auto values = decode_columns(body, raw_copyable<T>, sizeof(T));
    if constexpr (raw_copyable<T>) {
      static_assert(alignof(T) <= column_alignment);
      frame_ = std::move(owner);
      values_ = {reinterpret_cast<const T*>(values.data()), size_};
    } else {
      input_archive archive{values};
      owned_.values.resize(size_);
      for (auto& value : owned_.values)
        decode(archive, value);
      values_ = owned_.values;
      // The other columns are used where they lie all the same.
      frame_ = std::move(owner);
    }
  }

  std::span<const T> values() const {
    return values_;
  }

  std::size_t bytes() const override {
    return size_ * (sizeof(T) + sizeof(route)) + times_.size_bytes()
           + runs_.size_bytes();
  }

  encoded_batch encode() const override {
    if constexpr (raw_copyable<T>) {
      auto result = encode_columns(true, values_.size_bytes());
      result.columns.front() = std::as_bytes(values_);
      return result;
    } else {
      byte_buffer encoded_values;
      for (auto& value : values_)
        braid::encode(value, encoded_values);
      auto result = encode_columns(false, encoded_values.size());
      result.owned.push_back(std::move(encoded_values));
      result.columns.front() = {result.owned.back().data(),
                                result.owned.back().size()};
      return result;
    }
  }

  batch_ptr pick(std::span<const std::uint32_t> indexes) const override {
    columns picked;
    picked.runs = runs_of(indexes);
    picked.uniform_time = uniform_time_;
    picked.values.reserve(indexes.size());
    for (auto index : indexes)
      picked.values.push_back(values_[index]);
    if (!routes_.empty())
      for (auto index : indexes)
        picked.routes.push_back(routes_[index]);
    if (!times_.empty())
      for (auto index : indexes)
        picked.times.push_back(times_[index]);
    return std::make_shared<typed_batch>(std::move(picked));
  }

private:
  columns owned_;
  std::span<const T> values_;
  std::shared_ptr<const void> frame_;
};

/// Turns bytes from a link into a batch of an edge's tuple type.
using batch_decoder = batch_ptr (*)(std::span<const std::byte> body,
                                    std::shared_ptr<const void> owner);

template <class T>
batch_ptr decode_batch(std::span<const std::byte> body,
                       std::shared_ptr<const void> owner) {
  return std::make_shared<typed_batch<T>>(body, std::move(owner));
}

/// Collects tuples until they make a batch.
template <class T>
class batch_builder {
public:
  /// Reserves room for `tuples` tuples each time a batch is begun.
  explicit batch_builder(std::uint32_t tuples = 0) : reserve_(tuples) {}

  /// Tuples appended from here on come from `slice`.
  void begin_run(slice_id slice) {
    end_run();
    slice_ = slice;
    run_begin_ = size();
  }

  void append(const T& value, event_time time) {
    if (content_.values.capacity() == 0)
      content_.values.reserve(reserve_);
    append_time(time);
    content_.values.push_back(value);
  }

  void append(const T& value, event_time time, route to) {
    if (content_.routes.capacity() == 0)
      content_.routes.reserve(reserve_);
    append(value, time);
    content_.routes.push_back(to);
  }

  /// Appends tuples without routes, all at once.
  void append(std::span<const T> values, std::span<const event_time> times) {
    if (content_.values.capacity() == 0)
      content_.values.reserve(reserve_);
    append_times(times);
    content_.values.insert(content_.values.end(), values.begin(), values.end());
  }

  /// Appends tuples, all at once, with the routes `route_of(value)`.
  template <class RouteOf>
  void append(std::span<const T> values, std::span<const event_time> times,
              const RouteOf& route_of) {
    auto& routes = content_.routes;
    if (routes.capacity() == 0)
      routes.reserve(reserve_);
    append(values, times);
    for (auto& value : values)
      routes.push_back(route_of(value));
  }

  std::uint32_t size() const {
    return static_cast<std::uint32_t>(content_.values.size());
  }

  bool empty() const {
    return content_.values.empty();
  }

  /// Hands the batch out; the builder goes on empty with the same slice.
  std::shared_ptr<const typed_batch<T>> take() {
    end_run();
    auto result = std::make_shared<typed_batch<T>>(std::move(content_));
    content_ = {};
    run_begin_ = 0;
    return result;
  }

private:
  void append_time(event_time time) {
    if (!content_.times.empty())
      content_.times.push_back(time);
    else if (content_.values.empty())
      content_.uniform_time = time;
    else if (time != content_.uniform_time)
      materialise_times(time);
  }

  /// Before the values they belong to.
  void append_times(std::span<const event_time> times) {
    if (content_.values.empty() && !times.empty())
      content_.uniform_time = times.front();
    auto differ = [&](event_time x) { return x != content_.uniform_time; };
    if (content_.times.empty()) {
      if (std::none_of(times.begin(), times.end(), differ))
        return;
      content_.times.reserve(reserve_);
      content_.times.assign(size(), content_.uniform_time);
    }
    content_.times.insert(content_.times.end(), times.begin(), times.end());
  }

  /// The first tuple of another time than the ones before it.
  void materialise_times(event_time time) {
    content_.times.reserve(reserve_);
    content_.times.assign(size(), content_.uniform_time);
    content_.times.push_back(time);
  }

  void end_run() {
    if (size() != run_begin_)
      content_.runs.push_back({slice_, size() - run_begin_});
    run_begin_ = size();
  }

  typename typed_batch<T>::columns content_;
  slice_id slice_ = 0;
  std::uint32_t run_begin_ = 0;
  std::uint32_t reserve_;
};

} // namespace braid
