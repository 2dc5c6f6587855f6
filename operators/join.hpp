// Joining two streams: `join(left, right).window(...)` or `.between(...)`.
#pragma once

#include "operators/interval_join.hpp"
#include "operators/keyed_stream.hpp"
#include "operators/window_join.hpp"

#include <chrono>
#include <concepts>
#include <memory>
#include <string>
#include <utility>

namespace braid {

/// Two streams with keys of one type.
template <class Left, class Right>
concept keys_alike =
  std::same_as<typename Left::key_type, typename Right::key_type>;

/// Two keyed streams, and the pairs of their tuples that `Pairing` says:
/// `aligned_windows` or a `time_interval`. Both streams may have one tuple
/// type.
template <class Left, class Right, class Pairing>
class paired_streams {
  using left_type = typename Left::value_type;
  using right_type = typename Right::value_type;

public:
  paired_streams(Left left, Right right, Pairing pairing)
    : left_(std::move(left)), right_(std::move(right)), pairing_(pairing) {}

  /// What `function(const L&, const R&)` makes of each pair. The resulting
  /// stream has the side outputs "late_left" and "late_right".
  template <std::invocable<const left_type&, const right_type&> Function>
  auto apply(const std::string& name, Function function) const {
    using types =
      join_types<left_type, right_type, std::decay_t<decltype(left_.key_of())>,
                 std::decay_t<decltype(right_.key_of())>, Function>;
    using op = std::conditional_t<std::same_as<Pairing, time_interval>,
                                  interval_join<types>, window_join<types>>;
    join_outputs<types> outputs;
    auto make = [functions =
                   types{left_.key_of(), right_.key_of(), std::move(function)},
                 pairing = pairing_, outputs](const instance_setup& setup) {
      return std::make_unique<op>(setup, functions, pairing, outputs);
    };
    auto sides = std::make_shared<declared_outputs>();
    sides->operator_name = name;
    sides->dead_letters = outputs.dead_letters;
    sides->add("late_left", typeid(left_type), outputs.late_left);
    sides->add("late_right", typeid(right_type), outputs.late_right);
    sides->from =
      left_.graph().add({.name = name, .keyed = true, .make = make});
    left_.connect(sides->from, 0);
    right_.connect(sides->from, 1);
    return left_.tuples().made_by(outputs.results, sides);
  }

private:
  Left left_;
  Right right_;
  Pairing pairing_;
};

/// Two keyed streams that are to be joined.
template <class Left, class Right>
class joined_streams {
public:
  joined_streams(Left left, Right right)
    : left_(std::move(left)), right_(std::move(right)) {}

  /// Pairs of equal key in the same window, `tumbling` or `sliding`. They are
  /// joined when the watermark has reached the window's last instant, and have
  /// its time; each left tuple with each right one, in the order of arrival.
  template <window_shape Shape>
  auto window(Shape shape) const {
    static_assert(!std::same_as<Shape, session>,
                  "sessions of two streams cannot be joined: join in tumbling "
                  "or sliding windows, or use between(...)");
    return paired_streams<Left, Right, aligned_windows>{left_, right_, shape};
  }

  /// Pairs of equal key whose right tuple's time is from `lower` to `upper`
  /// later than the left one's, both included; negative bounds mean earlier.
  /// A pair is joined when its second tuple comes, and has the later time.
  /// Throws `topology_error` if `lower` is above `upper`.
  auto between(std::chrono::microseconds lower,
               std::chrono::microseconds upper) const {
    return paired_streams<Left, Right, time_interval>{
      left_, right_, time_interval{lower, upper}};
  }

private:
  Left left_;
  Right right_;
};

/// Begins a join of two streams by their keys.
template <class T, class K, class U, class L>
auto join(const keyed_stream<T, K>& left, const keyed_stream<U, L>& right) {
  static_assert(keys_alike<keyed_stream<T, K>, keyed_stream<U, L>>,
                "a join needs keys of one type: let both key_by functions "
                "return the same one");
  return joined_streams<keyed_stream<T, K>, keyed_stream<U, L>>{left, right};
}

} // namespace braid
