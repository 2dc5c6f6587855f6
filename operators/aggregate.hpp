// Running aggregates per key: `reduce`, `count`, `aggregate`.
#pragma once

#include "operators/operator_instance.hpp"
#include "operators/state.hpp"

#include <concepts>
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
                     const output_spec<result_type>& consumers)
    : setup_(setup), key_of_(std::move(key_of)),
      aggregator_(std::move(aggregator)), when_(when), order_(setup_.slices),
      state_("aggregate") {
    host(state_, setup_);
    chain_context context{setup_, edges_, trackers_, nullptr, all_trackers_};
    consumers.attach(output_, context);
  }

  void process(const epoch_info& epoch,
               std::span<const input_run> runs) override {
    order_.arrange(runs);
    for (std::uint32_t local = 0; local < setup_.slices.size(); ++local)
      if (!order_.of(local).empty() || (epoch.last && when_ == emit::at_end))
        process_slice(local, epoch);
  }

  std::uint64_t emitted() const override {
    return output_.emitted();
  }

private:
  using table = typename state_table<key_type, accumulator>::table;

  void process_slice(std::uint32_t local, const epoch_info& epoch) {
    auto slice = setup_.slices.id(local);
    output_.begin_slice(epoch, slice);
    guarded(setup_, epoch, slice, [&] {
      auto& entries = state_.of(local);
      switch (when_) {
        case emit::each_update:
          take_and_emit(entries, local);
          break;
        case emit::each_epoch:
          take(entries, local);
          emit_changed(entries, order_.of(local));
          break;
        case emit::at_end:
          take(entries, local);
          if (epoch.last)
            emit_all(entries);
          break;
      }
    });
    output_.end_slice();
    if (setup_.round_trip_state)
      round_trip(*this, setup_, local);
  }

  accumulator& value_of(table& entries, const tuple_view<T>& tuple) {
    decltype(auto) key = key_of_(*tuple.value);
    return entries.edit(key, tuple.by, [&] { return start_of(aggregator_); });
  }

  void take(table& entries, std::uint32_t local) {
    order_.for_each(local, [&](const tuple_view<T>& tuple) {
      aggregator_.add(value_of(entries, tuple), *tuple.value);
    });
  }

  void take_and_emit(table& entries, std::uint32_t local) {
    order_.for_each(local, [&](const tuple_view<T>& tuple) {
      auto& value = value_of(entries, tuple);
      aggregator_.add(value, *tuple.value);
      output_.emit({key_of_(*tuple.value), aggregator_.result(value)},
                   tuple.time);
    });
  }

  /// Each key that `tuples` changed, once, in the order of the keys and with
  /// the event time of its last tuple.
  void emit_changed(table& entries, std::span<const tuple_view<T>> tuples) {
    std::vector<std::pair<key_type, event_time>> changed;
    changed.reserve(tuples.size());
    for (auto& tuple : tuples)
      changed.emplace_back(key_of_(*tuple.value), tuple.time);
    std::stable_sort(changed.begin(), changed.end(), [](auto& a, auto& b) {
      return key_less(a.first, b.first);
    });
    for (std::size_t i = 0; i < changed.size(); ++i) {
      auto& [key, time] = changed[i];
      if (i + 1 < changed.size() && key_equal{}(changed[i + 1].first, key))
        continue;
      output_.emit({key, aggregator_.result(*entries.find(key))}, time);
    }
  }

  void emit_all(const table& entries) {
    for (auto* entry : entries.in_order())
      output_.emit({entry->first, aggregator_.result(entry->second.value)});
  }

  instance_setup setup_;
  KeyOf key_of_;
  Aggregator aggregator_;
  emit when_;
  slice_order<T> order_;
  state_table<key_type, accumulator> state_;
  emitter<result_type> output_;
  std::vector<const watermark_tracker*> trackers_;
  std::vector<watermark_tracker*> all_trackers_;
};

} // namespace braid
