// Running aggregates per key: `reduce`, `count`, `aggregate`.
#pragma once

#include "operators/key_text.hpp"
#include "operators/operator_instance.hpp"
#include "operators/state.hpp"

#include <concepts>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace braid {

/// A result of an operator that works per key.
template <class Key, class Value>
struct keyed_value {
  Key key;
  Value value;

  bool operator==(const keyed_value&) const = default;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& key& value;
  }
};

/// When a running aggregate emits the value of a key.
enum class emit {
  each_update, ///< whenever a tuple changed it
  each_epoch,  ///< once an epoch, if it changed
  at_end,      ///< once, when the stream has ended
};

/// Folds tuples of type `T` into an `accumulator` and turns that into a result.
/// Optional: `start()`, the accumulator of no tuples (else value-initialised),
/// and `merge(accumulator&, const accumulator&)`, which session windows need.
template <class A, class T>
concept aggregator = requires(const A& a, typename A::accumulator& into,
                              const T& tuple) {
  requires std::default_initializable<typename A::accumulator>;
  a.add(into, tuple);
  a.result(std::as_const(into));
};

template <class A>
concept has_start = requires(const A& a) {
  { a.start() } -> std::convertible_to<typename A::accumulator>;
};

template <class A>
concept has_merge = requires(const A& a, typename A::accumulator& into) {
  a.merge(into, std::as_const(into));
};

template <class A>
typename A::accumulator start_of(const A& a) {
  if constexpr (has_start<A>)
    return a.start();
  else
    return typename A::accumulator{};
}

/// What an aggregator makes of its accumulator.
template <class A>
using result_of = std::remove_cvref_t<decltype(std::declval<const A&>().result(
  std::declval<const typename A::accumulator&>()))>;

/// The aggregator behind `reduce`: `fold(accumulator&, tuple)`.
template <class Accumulator, class Fold>
struct folding {
  using accumulator = Accumulator;

  Accumulator initial;
  Fold fold;

  Accumulator start() const {
    return initial;
  }

  template <class T>
  void add(Accumulator& into, const T& tuple) const {
    fold(into, tuple);
  }

  const Accumulator& result(const Accumulator& value) const {
    return value;
  }
};

/// What consumes the results of a running aggregate, and its dead letters.
template <class Result>
struct aggregate_outputs {
  std::shared_ptr<output_spec<Result>> results =
    std::make_shared<output_spec<Result>>();
  std::shared_ptr<output_spec<dead_letter>> dead_letters =
    std::make_shared<output_spec<dead_letter>>();
};

/// One partition of a running aggregate.
template <class T, class KeyOf, class Aggregator>
class aggregate_operator final : public operator_instance {
  using key_type =
    std::remove_cvref_t<std::invoke_result_t<const KeyOf&, const T&>>;
  using accumulator = typename Aggregator::accumulator;

public:
  using result_type = keyed_value<key_type, result_of<Aggregator>>;

  aggregate_operator(const instance_setup& setup, KeyOf key_of,
                     Aggregator aggregator, emit when,
                     const aggregate_outputs<result_type>& outputs)
    : setup_(setup), key_of_(std::move(key_of)),
      aggregator_(std::move(aggregator)), when_(when), order_(setup_.slices),
      state_("aggregate"), calls_(setup.operator_name, setup.skipped) {
    host(state_, setup_);
    attach(*outputs.results, output_, setup_);
    attach(*outputs.dead_letters, calls_.letters(), setup_);
  }

  void process(const epoch_info& epoch,
               std::span<const input_run> runs) override {
    order_.arrange(runs);
    for (std::uint32_t local = 0; local < setup_.slices.size(); ++local)
      if (!order_.of(local).empty() || (epoch.last && when_ == emit::at_end))
        process_slice(local, epoch);
  }

  std::string key_text(const input_run& run,
                       std::uint32_t index) const override {
    return key_text_of<T>(run, index, key_of_);
  }

  std::uint64_t emitted() const override {
    return output_.emitted() + calls_.letters().emitted();
  }

private:
  using table = typename state_table<key_type, accumulator>::table;

  using tuples = std::span<const tuple_view<T>>;

  void process_slice(std::uint32_t local, const epoch_info& epoch) {
    emitter_base* outputs[] = {&output_};
    auto work = [&](const epoch_info& info) {
      auto& entries = state_.of(local);
      switch (when_) {
        case emit::each_update:
          in_calls(info, 0, order_.of(local),
                   [&](tuples some) { take_and_emit(entries, some); });
          break;
        case emit::each_epoch:
          emit_changed(entries, take(entries, local, info), info);
          break;
        case emit::at_end:
          take(entries, local, info);
          if (info.last)
            emit_all(entries, info);
          break;
      }
    };
    in_slice(calls_, epoch, setup_.slices.id(local), outputs, work);
    if (setup_.round_trip_state)
      round_trip(*this, setup_, local);
  }

  accumulator& value_of(table& entries, const tuple_view<T>& tuple) {
    decltype(auto) key = key_of_(*tuple.value);
    return entries.edit(key, tuple.by, [&] { return start_of(aggregator_); });
  }

  /// Returns the tuples that were taken.
  tuples take(table& entries, std::uint32_t local, const epoch_info& info) {
    taken_.clear();
    in_calls(info, 0, order_.of(local), [&](tuples some) {
      order_.for_each(some, [&](const tuple_view<T>& tuple) {
        aggregator_.add(value_of(entries, tuple), *tuple.value);
      });
      if (info.careful)
        taken_.push_back(some.front());
    });
    return info.careful ? tuples{taken_} : order_.of(local);
  }

  void take_and_emit(table& entries, tuples some) {
    order_.for_each(some, [&](const tuple_view<T>& tuple) {
      auto& value = value_of(entries, tuple);
      aggregator_.add(value, *tuple.value);
      output_.emit({key_of_(*tuple.value), aggregator_.result(value)},
                   tuple.time);
    });
  }

  /// Each key that `taken` changed, once, in the order of the keys and with the
  /// event time of its last tuple.
  void emit_changed(table& entries, tuples taken, const epoch_info& info) {
    std::vector<std::pair<key_type, event_time>> changed;
    changed.reserve(taken.size());
    for (auto& tuple : taken)
      changed.emplace_back(key_of_(*tuple.value), tuple.time);
    std::stable_sort(changed.begin(), changed.end(), [](auto& a, auto& b) {
      return key_less(a.first, b.first);
    });
    for (std::size_t i = 0; i < changed.size(); ++i) {
      auto& key = changed[i].first;
      auto time = changed[i].second;
      if (i + 1 < changed.size() && key_equal{}(changed[i + 1].first, key))
        continue;
      in_window_call(info, time, time + 1, key, [&] {
        output_.emit({key, aggregator_.result(*entries.find(key))}, time);
      });
    }
  }

  void emit_all(const table& entries, const epoch_info& info) {
    for (auto* entry : entries.in_order())
      in_window_call(info, info.now, info.now + 1, entry->first, [&] {
        output_.emit({entry->first, aggregator_.result(entry->second.value)});
      });
  }

  instance_setup setup_;
  KeyOf key_of_;
  Aggregator aggregator_;
  emit when_;
  slice_order<T> order_;
  state_table<key_type, accumulator> state_;
  emitter<result_type> output_;
  careful_calls calls_;
  std::vector<tuple_view<T>> taken_; ///< of a careful slice
};

} // namespace braid
