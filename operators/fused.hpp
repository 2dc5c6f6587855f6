// Stateless operators, fused into their upstream: they take its chunks and
// pass their own on, without a queue or a thread between.
#pragma once

#include "operators/emitter.hpp"
#include "operators/operator_instance.hpp"
#include "operators/watermark.hpp"

#include <type_traits>
#include <utility>

namespace braid {

/// A collector that emits in turn.
template <class In, class Out>
class fused_operator : public collector<In> {
public:
  void begin_slice(const epoch_info& epoch, slice_id slice) override {
    output_.begin_slice(epoch, slice);
  }

  void end_slice() override {
    output_.end_slice();
  }

  emitter<Out>& output() {
    return output_;
  }

protected:
  emitter<Out> output_;
};

template <class In, class Out, class Function>
class map_operator final : public fused_operator<In, Out> {
public:
  explicit map_operator(Function function) : function_(std::move(function)) {}

  void take(const chunk<In>& tuples) override {
    for (std::size_t i = 0; i < tuples.size(); ++i)
      this->output_.emit(function_(tuples.values[i]), tuples.times[i]);
  }

private:
  Function function_;
};

template <class T, class Predicate>
class filter_operator final : public fused_operator<T, T> {
public:
  explicit filter_operator(Predicate keep) : keep_(std::move(keep)) {}

  void take(const chunk<T>& tuples) override {
    for (std::size_t i = 0; i < tuples.size(); ++i)
      if (keep_(tuples.values[i]))
        this->output_.emit(tuples.values[i], tuples.times[i]);
  }

private:
  Predicate keep_;
};

/// `function(const In&, emitter<Out>&)`.
template <class In, class Out, class Function>
class flat_map_operator final : public fused_operator<In, Out> {
public:
  explicit flat_map_operator(Function function)
    : function_(std::move(function)) {}

  void take(const chunk<In>& tuples) override {
    for (std::size_t i = 0; i < tuples.size(); ++i) {
      this->output_.set_time(tuples.times[i]);
      function_(tuples.values[i], this->output_);
    }
  }

private:
  Function function_;
};

/// Gives tuples the event time that `time_of` finds in them, and tracks the
/// watermark.
template <class T, class TimeOf>
class time_operator final : public fused_operator<T, T> {
public:
  time_operator(const hosted_slices& slices, event_time lateness,
                TimeOf time_of)
    : slices_(slices), tracker_(slices.size(), lateness),
      time_of_(std::move(time_of)) {}

  void begin_slice(const epoch_info& epoch, slice_id slice) override {
    local_ = slices_.local(slice);
    fused_operator<T, T>::begin_slice(epoch, slice);
  }

  void take(const chunk<T>& tuples) override {
    for (auto& value : tuples.values) {
      event_time time = time_of_(value);
      tracker_.observe(local_, time);
      this->output_.emit(value, time);
    }
  }

  watermark_tracker& tracker() {
    return tracker_;
  }

private:
  hosted_slices slices_;
  watermark_tracker tracker_;
  TimeOf time_of_;
  std::uint32_t local_ = 0;
};

} // namespace braid
