// How tuples leave an operator: emitters gather them into chunks and hand the
// chunks to collectors, which are fused operators or the ends of edges.
#pragma once

#include "operators/epoch.hpp"
#include "operators/slice.hpp"

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace braid {

/// Some tuples of one slice, in the order of emission.
template <class T>
struct chunk {
  std::vector<T> values;
  std::vector<event_time> times; ///< one a value

  std::size_t size() const {
    return values.size();
  }

  void clear() {
    values.clear();
    times.clear();
  }
};

/// What every collector hears about where a stream is.
class slice_listener {
public:
  virtual ~slice_listener() = default;

  /// Tuples from here on are emitted by `slice` in `epoch`.
  virtual void begin_slice(const epoch_info& epoch, slice_id slice) = 0;

  /// `begin_slice`'s slice has emitted all that it emits in this epoch.
  virtual void end_slice() = 0;
};

/// What consumes an operator's output threw. It has nothing to do with the
/// tuple that the operator works on: what is emitted waits for more to come.
class consumer_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Takes the tuples that one operator emits on one output.
template <class T>
class collector : public slice_listener {
public:
  virtual void take(const chunk<T>& tuples) = 0;
};

/// An output of an operator, whatever its type.
class emitter_base {
public:
  virtual ~emitter_base() = default;

  virtual void begin_slice(const epoch_info& epoch, slice_id slice) = 0;
  virtual void end_slice() = 0;

  /// How many tuples were emitted so far, by all slices.
  virtual std::uint64_t emitted() const = 0;
};

/// Where user code puts the tuples it makes. Cheap per tuple: the virtual call
/// is per chunk.
template <class T>
class emitter final : public emitter_base {
public:
  using value_type = T;

  /// Emits `value` with the event time of the tuple, timer or window at hand.
  void emit(const T& value) {
    put(value, time_);
  }

  void emit(T&& value) {
    put(std::move(value), time_);
  }

  void emit(const T& value, event_time time) {
    put(value, time);
  }

  void emit(T&& value, event_time time) {
    put(std::move(value), time);
  }

  /// Emits what `make()` returns without a copy: it is made in its place.
  template <class Make>
  void emit_made(const Make& make, event_time time) {
    put(made_by<Make>{make}, time);
  }

  /// What `emit(value)` stamps from here on.
  void set_time(event_time time) {
    time_ = time;
  }

  event_time time() const {
    return time_;
  }

  std::uint64_t emitted() const override {
    return flushed_ + pending_.size();
  }

  void add(std::unique_ptr<collector<T>> consumer) {
    consumers_.push_back(std::move(consumer));
  }

  void begin_slice(const epoch_info& epoch, slice_id slice) override {
    time_ = epoch.now;
    chunk_bytes_ = (epoch.careful ? 1 : most_chunk_tuples) * sizeof(event_time);
    for (auto& consumer : consumers_)
      consumer->begin_slice(epoch, slice);
  }

  void end_slice() override {
    flush();
    for (auto& consumer : consumers_)
      consumer->end_slice();
  }

private:
  /// Small enough to stay in the first-level cache on its way through a chain
  /// of fused operators.
  static constexpr std::size_t most_chunk_tuples = 256;

  template <class Make>
  struct made_by {
    const Make& make;

    explicit operator T() const {
      return make();
    }
  };

  template <class Value>
  void put(Value&& value, event_time time) {
    pending_.values.emplace_back(std::forward<Value>(value));
    pending_.times.push_back(time);
    // In bytes, which need no division.
    if (pending_.times.size() * sizeof(event_time) >= chunk_bytes_)
      flush();
  }

  void flush() {
    if (pending_.size() == 0)
      return;
    try {
      for (auto& consumer : consumers_)
        consumer->take(pending_);
    } catch (const consumer_error&) {
      throw;
    } catch (const std::exception& error) {
      throw consumer_error{error.what()};
    } catch (...) {
      throw consumer_error{"something was thrown that is no std::exception"};
    }
    flushed_ += pending_.size();
    pending_.clear();
  }

  chunk<T> pending_;
  /// Of the times of the tuples that are handed on at once.
  std::size_t chunk_bytes_ = most_chunk_tuples * sizeof(event_time);
  std::vector<std::unique_ptr<collector<T>>> consumers_;
  event_time time_ = 0;
  std::uint64_t flushed_ = 0;
};

} // namespace braid
