// User-written operators: a class in the manner of an actor, with a handler
// `on(const T&)` for each input's tuple type, state handles as members, and
// event-time timers.
//
//     class speed_alarm : public braid::keyed_operator<car_id, alarm> {
//     public:
//       void on(const report& x) {
//         if (x.speed > fastest.get() && x.speed > 100)
//           emit({key(), x.speed});
//         fastest.set(std::max(fastest.get(), x.speed));
//         set_timer(time() + 60'000'000);
//       }
//
//       void on_timer(braid::event_time) {
//         fastest.clear();
//       }
//
//     private:
//       value<int> fastest{*this, "fastest"};
//     };
//
// Everything that an operator remembers must live in state handles: other
// members are shared by unrelated keys, and lost when a slice moves.
#pragma once

#include "operators/emitter.hpp"
#include "operators/operator_instance.hpp"
#include "operators/random.hpp"
#include "operators/state.hpp"
#include "operators/timers.hpp"

#include <cassert>
#include <memory>
#include <stdexcept>
#include <string>
#include <typeindex>
#include <vector>

namespace braid {

/// A second, third ... output of an operator, found by name. Not a template, so
/// that the engine can list an operator's side outputs.
class side_output_base {
public:
  side_output_base(std::string name, std::type_index type)
    : name_(std::move(name)), type_(type) {}

  virtual ~side_output_base() = default;

  side_output_base(const side_output_base&) = delete;
  side_output_base& operator=(const side_output_base&) = delete;

  const std::string& name() const {
    return name_;
  }

  std::type_index type() const {
    return type_;
  }

  virtual emitter_base& output() = 0;

  /// An empty `output_spec` of this output's type.
  virtual std::shared_ptr<void> make_spec() const = 0;

  /// Attaches the consumers in `spec`, which `make_spec` made.
  virtual void attach(const void* spec, chain_context& context) = 0;

private:
  std::string name_;
  std::type_index type_;
};

/// What user-written operators of all kinds have in common.
template <class Key, class Out>
class basic_operator {
public:
  using key_type = Key;
  using output_type = Out;

  basic_operator() = default;
  virtual ~basic_operator() = default;

  basic_operator(const basic_operator&) = delete;
  basic_operator& operator=(const basic_operator&) = delete;

  // -- for the engine and the state handles ----------------------------------

  /// What the engine sets before it calls a handler.
  struct call {
    state_cursor<Key> cursor;
    epoch_info epoch;
    slice_id slice = 0;
    event_time time = 0;
    random_generator random;
    bool may_emit = true;
    bool fires_timers = true; ///< the operator has an `on_timer`
  };

  call& at_hand() {
    return call_;
  }

  const state_cursor<Key>& cursor() const {
    return call_.cursor;
  }

  state_clock clock() const {
    return {&call_.time, &call_.epoch.watermark_before};
  }

  state_registry& registry() {
    return registry_;
  }

  /// Of the states that belong to no slice.
  state_registry& shared_registry() {
    return shared_registry_;
  }

  timer_queue<Key>& timers() {
    return timers_;
  }

  emitter<Out>& output() {
    return output_;
  }

  std::vector<side_output_base*>& side_outputs() {
    return side_outputs_;
  }

protected:
  /// Emits a tuple with the event time of the tuple or timer at hand.
  void emit(Out value) {
    emit(std::move(value), call_.time);
  }

  void emit(Out value, event_time at) {
    require_emission();
    output_.emit(std::move(value), at);
  }

  /// The event time of the tuple or timer at hand.
  event_time time() const {
    return call_.time;
  }

  /// The epoch's time. Use it in place of a clock: it is the same when the
  /// epoch is executed again.
  event_time now() const {
    return call_.epoch.now;
  }

  /// No tuple older than this is expected any more; as of the epoch before.
  event_time watermark() const {
    return call_.epoch.watermark_before;
  }

  /// The stream has ended: all timers that are left fire, and those that they
  /// set. A timer that always sets the next one must ask for this.
  bool ended() const {
    return call_.epoch.watermark_after == end_of_time;
  }

  /// Calls `on_timer` for the key at hand once the watermark reaches `at`. At
  /// `end_of_time` it fires when the stream ends.
  void set_timer(event_time at) {
    if (!call_.fires_timers)
      throw std::logic_error{"a timer is set, but the operator has no public "
                             "on_timer(braid::event_time)"};
    timers_.set(call_.cursor.local, at, call_.cursor.key_at_hand());
  }

  void cancel_timer(event_time at) {
    timers_.cancel(call_.cursor.local, at, call_.cursor.key_at_hand());
  }

  /// Random numbers that come out the same when the epoch is executed again.
  random_generator& random() {
    return call_.random;
  }

private:
  template <class>
  friend class side_output;

  void require_emission() const {
    if (!call_.may_emit)
      throw std::logic_error{"a broadcast handler must not emit: it runs once "
                             "a partition, so how often would depend on the "
                             "parallelism; emit from another input's handler"};
  }

  call call_;
  state_registry registry_;
  state_registry shared_registry_;
  timer_queue<Key> timers_;
  emitter<Out> output_;
  std::vector<side_output_base*> side_outputs_;
};

/// Base of operators behind `key_by`: state and timers are per key.
template <class Key, class Out>
class keyed_operator : public basic_operator<Key, Out> {
public:
  template <class Value>
  using value = value_state<Key, Value>;

  template <class Value>
  using list = list_state<Key, Value>;

  template <class MapKey, class Value>
  using map = map_state<Key, MapKey, Value>;

protected:
  /// The key of the tuple or timer at hand.
  const Key& key() const {
    return this->cursor().key_at_hand();
  }
};

/// Base of operators on streams without keys: state and timers are per slice.
template <class Out>
class unkeyed_operator : public basic_operator<no_key, Out> {
public:
  template <class Value>
  using value = value_state<no_key, Value>;

  template <class Value>
  using list = list_state<no_key, Value>;

  template <class MapKey, class Value>
  using map = map_state<no_key, MapKey, Value>;
};

/// A member of an operator: a further output of tuples of type `T`.
template <class T>
class side_output final : public side_output_base {
public:
  template <class Operator>
  side_output(Operator& owner, std::string name)
    : side_output_base(std::move(name), typeid(T)) {
    owner.side_outputs().push_back(this);
    time_ = &owner.at_hand().time;
    may_emit_ = &owner.at_hand().may_emit;
  }

  /// Emits a tuple with the event time of the tuple or timer at hand.
  void emit(T value) {
    emit(std::move(value), *time_);
  }

  void emit(T value, event_time at) {
    if (!*may_emit_)
      throw std::logic_error{"a broadcast handler must not emit"};
    output_.emit(std::move(value), at);
  }

  emitter<T>& output() override {
    return output_;
  }

  std::shared_ptr<void> make_spec() const override {
    return std::make_shared<output_spec<T>>();
  }

  void attach(const void* spec, chain_context& context) override {
    static_cast<const output_spec<T>*>(spec)->attach(output_, context);
  }

private:
  emitter<T> output_;
  const event_time* time_;
  const bool* may_emit_;
};

/// State that a broadcast input sets and all slices of the partition read. Kept
/// per operator: it changes only by broadcast input, so all partitions agree.
template <class Value>
class broadcast_state final : public state_handle {
public:
  template <class Operator>
  broadcast_state(Operator& owner, std::string name)
    : state_handle(std::move(name)), may_emit_(&owner.at_hand().may_emit) {
    owner.shared_registry().add(*this);
  }

  const Value& get() const {
    return value_;
  }

  /// Only in `on_broadcast`; elsewhere throws `std::logic_error`.
  Value& edit() {
    if (*may_emit_)
      throw std::logic_error{"broadcast state '" + name()
                             + "' changes only in on_broadcast"};
    changed_ = true;
    return value_;
  }

  void host(std::uint32_t) override {
    // One value serves all slices.
  }

  void save(std::uint32_t, record_writer& out) const override {
    write_single_record(name(), value_, out);
  }

  bool changed(std::uint32_t) const override {
    return changed_;
  }

  void save_changes(std::uint32_t local, record_writer& out) override {
    save(local, out);
    changed_ = false;
  }

  void forget_changes(std::uint32_t) override {
    changed_ = false;
  }

  void clear(std::uint32_t) override {
    value_ = {};
    changed_ = false;
  }

  void apply(std::uint32_t, record_reader& in) override {
    read_single_record(in, value_);
  }

private:
  Value value_{};
  bool changed_ = false;
  const bool* may_emit_;
};

} // namespace braid
