// Stateless operators, fused into their upstream: they take its chunks and
// pass their own on, without a queue or a thread between.
#pragma once

#include "operators/careful_calls.hpp"
#include "operators/emitter.hpp"
#include "operators/operator_instance.hpp"
#include "operators/watermark.hpp"

#include <string>
#include <type_traits>
#include <utility>

namespace braid {

/// A collector that emits in turn.
template <class In, class Out>
class fused_operator : public collector<In> {
public:
  /// What messages and dead letters call it.
  void set_name(std::string name) {
    stage_.set_name(std::move(name));
  }

  void begin_slice(const epoch_info& epoch, slice_id slice) override {
    stage_.begin_slice(epoch);
    output_.begin_slice(epoch, slice);
  }

  void end_slice() override {
    output_.end_slice();
  }

  emitter<Out>& output() {
    return output_;
  }

protected:
  /// As those of `careful_stage`.
  bool passes_over(const chunk<In>& tuples) {
    return stage_.passes_over(tuples);
  }

  void done() {
    stage_.done();
  }

  emitter<Out> output_;

private:
  careful_stage stage_;
};

template <class In, class Out, class Function>
class map_operator final : public fused_operator<In, Out> {
public:
  explicit map_operator(Function function) : function_(std::move(function)) {}

  void take(const chunk<In>& tuples) override {
    if (this->passes_over(tuples))
      return;
    for (std::size_t i = 0; i < tuples.size(); ++i)
      this->output_.emit(function_(tuples.values[i]), tuples.times[i]);
    this->done();
  }

private:
  Function function_;
};

template <class T, class Predicate>
class filter_operator final : public fused_operator<T, T> {
public:
  explicit filter_operator(Predicate keep) : keep_(std::move(keep)) {}

  void take(const chunk<T>& tuples) override {
    if (this->passes_over(tuples))
      return;
    for (std::size_t i = 0; i < tuples.size(); ++i)
      if (keep_(tuples.values[i]))
        this->output_.emit(tuples.values[i], tuples.times[i]);
    this->done();
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
    if (this->passes_over(tuples))
      return;
    for (std::size_t i = 0; i < tuples.size(); ++i) {
      this->output_.set_time(tuples.times[i]);
      function_(tuples.values[i], this->output_);
    }
    this->done();
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
    if (this->passes_over(tuples))
      return;
    for (auto& value : tuples.values) {
      event_time time = time_of_(value);
      tracker_.observe(local_, time);
      this->output_.emit(value, time);
    }
    this->done();
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
