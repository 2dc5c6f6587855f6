// Streams behind `key_by(...).window(...)`.
#pragma once

#include "operators/keyed_stream.hpp"
#include "operators/session_operator.hpp"
#include "operators/window_operator.hpp"

#include <chrono>
#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace braid {

/// The aggregator behind `reduce` with a merge function.
template <class Accumulator, class Fold, class Merge>
struct merging_folding : folding<Accumulator, Fold> {
  Merge merge_both;

  void merge(Accumulator& into, const Accumulator& other) const {
    merge_both(into, other);
  }
};

/// The tuples of each key, by window of shape `Shape`. Windows fire when the
/// watermark has reached their last instant. Their results are tuples of
/// `windowed_value<key, result>`; tuples that come too late for all their
/// windows go to the side output "late".
template <class Keyed, class Shape>
class windowed_stream {
  using value_type = typename Keyed::value_type;
  using key_function =
    std::remove_cvref_t<decltype(std::declval<const Keyed&>().key_of())>;
  using window_type =
    std::conditional_t<std::same_as<Shape, session>, session, aligned_windows>;

public:
  windowed_stream(Keyed tuples, Shape shape)
    : tuples_(std::move(tuples)), windows_(shape) {}

  /// Keeps windows for so much longer after they have fired. One that a tuple
  /// changes meanwhile fires again for that tuple's key, once an epoch. Throws
  /// `topology_error` if negative.
  windowed_stream allowed_lateness(std::chrono::microseconds lateness) const {
    auto result = *this;
    result.lifetime_ = window_lifetime{lateness};
    return result;
  }

  /// Aggregates the tuples of each key and window. Session windows need an
  /// aggregator with `merge`; sliding ones keep every tuple once, not once a
  /// window, if there is a `merge`.
  template <aggregator<value_type> Aggregator>
  auto aggregate(const std::string& name, Aggregator how) const {
    static_assert(!std::same_as<Shape, session> || has_merge<Aggregator>,
                  "a tuple can bridge two sessions, so session windows need an "
                  "aggregator with merge(accumulator&, const accumulator&); "
                  "reduce takes a merge function as its fourth argument");
    if constexpr (std::same_as<Shape, session>)
      return add<session_operator<value_type, key_function, Aggregator>>(
        name, std::move(how));
    else
      return add<window_operator<value_type, key_function, Aggregator>>(
        name, std::move(how));
  }

  /// Folds the tuples of each key and window: `fold(Accumulator&, const T&)`,
  /// beginning with `initial`.
  template <class Accumulator, class Fold>
  requires std::invocable<const Fold&, Accumulator&, const value_type&>
  auto reduce(const std::string& name, Accumulator initial, Fold fold) const {
    return aggregate(
      name, folding<Accumulator, Fold>{std::move(initial), std::move(fold)});
  }

  /// The same with `merge(Accumulator&, const Accumulator&)`, which adds what
  /// was folded from later tuples. Both began with `initial`.
  template <class Accumulator, class Fold, class Merge>
  requires std::invocable<const Fold&, Accumulator&, const value_type&> && std::
    invocable<const Merge&, Accumulator&, const Accumulator&>
  auto reduce(const std::string& name, Accumulator initial, Fold fold,
              Merge merge) const {
    return aggregate(
      name, merging_folding<Accumulator, Fold, Merge>{
              {std::move(initial), std::move(fold)}, std::move(merge)});
  }

  /// Counts the tuples of each key and window.
  auto count(const std::string& name) const {
    return reduce(
      name, std::uint64_t{0}, [](std::uint64_t& n, const value_type&) { ++n; },
      [](std::uint64_t& n, const std::uint64_t& other) { n += other; });
  }

private:
  template <class Operator, class Aggregator>
  auto add(const std::string& name, Aggregator how) const {
    using out = typename Operator::result_type;
    window_outputs<out, value_type> outputs;
    auto make = [key_of = tuples_.key_of(), how = std::move(how),
                 windows = std::pair{windows_, lifetime_},
                 outputs](const instance_setup& setup) {
      return std::make_unique<Operator>(setup, key_of, how, windows, outputs);
    };
    auto sides = std::make_shared<declared_outputs>();
    sides->operator_name = name;
    sides->dead_letters = outputs.dead_letters;
    sides->add("late", typeid(value_type), outputs.late);
    sides->from =
      tuples_.graph().add({.name = name, .keyed = true, .make = make});
    tuples_.connect(sides->from, 0);
    return tuples_.tuples().made_by(outputs.results, sides);
  }

  Keyed tuples_;
  window_type windows_;
  window_lifetime lifetime_;
};

} // namespace braid
