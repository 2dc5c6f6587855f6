// Streams behind `key_by`, and pairs of streams into one operator.
#pragma once

#include "operators/aggregate.hpp"
#include "operators/stream.hpp"
#include "operators/window.hpp"

#include <concepts>
#include <string>
#include <utility>

namespace braid {

template <class Keyed, class Shape>
class windowed_stream;

template <class T, class KeyOf>
class combined_stream;

/// A stream whose tuples go to the slice of their key: what comes next keeps
/// state per key.
template <class T, class KeyOf>
class keyed_stream {
public:
  using value_type = T;
  using key_type = key_of_t<KeyOf, T>;
  using port_type = keyed_port<T, KeyOf>;

  static constexpr bool keyed = true;

  keyed_stream(stream<T> from, KeyOf find_key)
    : tuples_(std::move(from)), key_of_(std::move(find_key)) {}

  /// A user-written operator: one `Operator` a partition, constructed from
  /// copies of `args`.
  template <class Operator, class... Args>
  requires operator_on<Operator, T>
  auto process(const std::string& name, Args... args) const {
    static_assert(std::same_as<typename Operator::key_type, key_type>,
                  "the operator's key type is not that of key_by's function");
    auto spec = operator_spec<Operator>::of(name, std::move(args)...);
    auto id =
      graph().add({.name = name, .keyed = true, .make = spec.make(port())});
    connect(id, 0);
    return tuples_.made_by(spec, id);
  }

  /// Folds the tuples of each key: `fold(Accumulator&, const T&)`, beginning
  /// with `initial`. Emits `keyed_value<key, Accumulator>`.
  template <class Accumulator, class Fold>
  requires std::invocable<const Fold&, Accumulator&, const T&>
  auto reduce(const std::string& name, Accumulator initial, Fold fold,
              emit when = emit::each_epoch) const {
    return aggregate(
      name, folding<Accumulator, Fold>{std::move(initial), std::move(fold)},
      when);
  }

  /// Counts the tuples of each key.
  auto count(const std::string& name, emit when = emit::each_epoch) const {
    return reduce(
      name, std::uint64_t{0}, [](std::uint64_t& n, const T&) { ++n; }, when);
  }

  /// Aggregates the tuples of each key. Emits `keyed_value<key, result>`.
  template <aggregator<T> Aggregator>
  auto aggregate(const std::string& name, Aggregator how,
                 emit when = emit::each_epoch) const {
    using op = aggregate_operator<T, KeyOf, Aggregator>;
    using out = typename op::result_type;
    aggregate_outputs<out> outputs;
    auto make = [key_of = key_of_, how, when,
                 outputs](const instance_setup& setup) {
      return std::make_unique<op>(setup, key_of, how, when, outputs);
    };
    auto id = graph().add({.name = name, .keyed = true, .make = make});
    connect(id, 0);
    return stream<out>{graph(), {{id, outputs.results, outputs.dead_letters}}};
  }

  /// What aggregates next does so before the tuples are sent, too: once an
  /// epoch, one tuple a key leaves each upstream slice. So a key that is hotter
  /// than a partition can carry need not be. Worth it where an epoch has many
  /// tuples of a key.
  combined_stream<T, KeyOf> combined() const;

  /// Gathers the tuples of each key by time: `tumbling(10s)`,
  /// `sliding(10s, 2s)` or `session(30s)`. What follows says what becomes of
  /// them.
  template <window_shape Shape>
  auto window(Shape shape) const {
    return windowed_stream<keyed_stream, Shape>{*this, shape};
  }

  // -- for operators that are written elsewhere -------------------------------

  topology& graph() const {
    return tuples_.graph();
  }

  const KeyOf& key_of() const {
    return key_of_;
  }

  port_type port() const {
    return {key_of_};
  }

  void connect(operator_id to, std::uint16_t port_number) const {
    tuples_.connect(to, port_number, routing::keyed, key_of_);
  }

  const stream<T>& tuples() const {
    return tuples_;
  }

private:
  stream<T> tuples_;
  KeyOf key_of_;
};

/// A stream that every partition of the next operator gets whole.
template <class T>
class broadcast_stream {
public:
  using value_type = T;
  using port_type = broadcast_port<T>;

  static constexpr bool keyed = false;

  explicit broadcast_stream(stream<T> tuples) : tuples_(std::move(tuples)) {}

  port_type port() const {
    return {};
  }

  void connect(operator_id to, std::uint16_t port_number) const {
    tuples_.connect(to, port_number, routing::broadcast);
  }

private:
  stream<T> tuples_;
};

/// A stream without keys as one of two inputs.
template <class T>
class plain_stream {
public:
  using value_type = T;
  using key_type = no_key;
  using port_type = unkeyed_port<T>;

  static constexpr bool keyed = false;

  explicit plain_stream(stream<T> from) : tuples_(std::move(from)) {}

  topology& graph() const {
    return tuples_.graph();
  }

  port_type port() const {
    return {};
  }

  void connect(operator_id to, std::uint16_t port_number) const {
    tuples_.connect(to, port_number, tuples_.how());
  }

  const stream<T>& tuples() const {
    return tuples_;
  }

private:
  stream<T> tuples_;
};

/// Two streams on their way into one operator.
template <class First, class Second>
class connected_streams {
public:
  connected_streams(First first, Second second)
    : first_(std::move(first)), second_(std::move(second)) {}

  /// A user-written operator with `on(const First&)` and `on(const Second&)`,
  /// or `on_broadcast(const Second&)` where the second stream is broadcast. In
  /// an epoch a slice's tuples of the first stream come first, but broadcast
  /// ones come before all.
  template <class Operator, class... Args>
  auto process(const std::string& name, Args... args) const {
    using first_type = typename First::value_type;
    using second_type = typename Second::value_type;
    static_assert(
      !std::same_as<first_type, second_type> || Second::port_type::broadcast,
      "both streams have the same tuple type, so one handler would "
      "get both: map one of them to a type of its own first");
    static_assert(handles<Operator, first_type>,
                  "the operator lacks on(const First&) for the first stream");
    if constexpr (Second::port_type::broadcast)
      static_assert(handles_broadcast<Operator, second_type>,
                    "the operator lacks on_broadcast(const Second&)");
    else
      static_assert(handles<Operator, second_type>,
                    "the operator lacks on(const Second&) for the second "
                    "stream");
    static_assert(
      std::same_as<typename Operator::key_type, typename First::key_type>,
      "the operator's key type is not that of its streams");
    auto spec = operator_spec<Operator>::of(name, std::move(args)...);
    auto id =
      first_.graph().add({.name = name,
                          .keyed = First::keyed,
                          .make = spec.make(first_.port(), second_.port())});
    first_.connect(id, 0);
    second_.connect(id, 1);
    return first_.tuples().made_by(spec, id);
  }

private:
  First first_;
  Second second_;
};

/// Two streams without keys into one operator.
template <class T, class U>
auto connect(const stream<T>& first, const stream<U>& second) {
  return connected_streams<plain_stream<T>, plain_stream<U>>{
    plain_stream<T>{first}, plain_stream<U>{second}};
}

/// Two streams with keys of one type into one operator.
template <class T, class K, class U, class L>
requires std::same_as<key_of_t<K, T>, key_of_t<L, U>>
auto connect(const keyed_stream<T, K>& first,
             const keyed_stream<U, L>& second) {
  return connected_streams<keyed_stream<T, K>, keyed_stream<U, L>>{first,
                                                                   second};
}

/// A stream, and one that every partition gets.
template <class T, class K, class U>
auto connect(const keyed_stream<T, K>& first,
             const broadcast_stream<U>& second) {
  return connected_streams<keyed_stream<T, K>, broadcast_stream<U>>{first,
                                                                    second};
}

template <class T, class U>
auto connect(const stream<T>& first, const broadcast_stream<U>& second) {
  return connected_streams<plain_stream<T>, broadcast_stream<U>>{
    plain_stream<T>{first}, second};
}

template <class T>
template <key_function<T> KeyOf>
keyed_stream<T, KeyOf> stream<T>::key_by(KeyOf key_of) const {
  return {*this, std::move(key_of)};
}

template <class T>
broadcast_stream<T> stream<T>::broadcast() const {
  return broadcast_stream<T>{*this};
}

} // namespace braid

#include "operators/windowed_stream.hpp"
