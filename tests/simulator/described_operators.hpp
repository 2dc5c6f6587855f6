// The operators of described topologies, written as users write them.
// `naive_operators.cpp` says the same again without the engine.
#pragma once

#include "tests/simulator/topology_description.hpp"

#include "operators/stream_operator.hpp"

#include <algorithm>
#include <concepts>
#include <string>

namespace braid::simulator {

struct key_of_item {
  std::uint64_t operator()(const item& x) const {
    return x.key;
  }
};

/// An item whose key is a text: encoded field by field, unlike an item.
struct text_item {
  std::string key;
  item content;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& key& content;
  }
};

struct key_of_text_item {
  const std::string& operator()(const text_item& x) const {
    return x.key;
  }
};

/// The second stream of two: a type of its own.
struct other_item {
  item content;
};

struct key_of_other_item {
  std::uint64_t operator()(const other_item& x) const {
    return x.content.key;
  }
};

/// Remembers in one number all that a key saw and in which order: tuples,
/// times, the watermark, random numbers.
class chain_operator final : public keyed_operator<std::uint64_t, item> {
public:
  void on(const item& x) {
    auto& chain = chain_.edit();
    chain = user::mixed(chain, x.value);
    chain = user::mixed(chain, static_cast<std::uint64_t>(time()));
    chain = user::mixed(chain, static_cast<std::uint64_t>(now()));
    chain = user::mixed(chain, static_cast<std::uint64_t>(watermark()));
    chain = user::mixed(chain, random()());
    emit({x.key, chain, x.stamp});
  }

private:
  value<std::uint64_t> chain_{*this, "chain"};
};

/// Sets timers for every tuple, cancels some, and lets some set the next.
template <class Key, class In>
class alarm_operator final : public keyed_operator<Key, item> {
public:
  explicit alarm_operator(std::uint64_t delay)
    : delay_(static_cast<event_time>(delay)) {}

  void on(const In& tuple) {
    auto& x = content_of(tuple);
    auto& seen = seen_.edit();
    seen = user::mixed(seen, x.value);
    this->set_timer(this->time() + delay_);
    if (x.value % 5 == 0)
      this->cancel_timer(this->time() + delay_);
    if (x.value % 7 == 0)
      this->set_timer(end_of_time);
  }

  void on_timer(event_time at) {
    auto& seen = seen_.edit();
    seen = user::mixed(seen, static_cast<std::uint64_t>(at));
    auto stamp = at == end_of_time ? this->now() : at;
    this->emit({seen % 16, seen, stamp}, stamp);
    if (seen % 3 == 0 && at != end_of_time)
      this->set_timer(at + delay_);
  }

private:
  static const item& content_of(const item& x) {
    return x;
  }

  static const item& content_of(const text_item& x) {
    return x.content;
  }

  event_time delay_;
  typename keyed_operator<Key, item>::template value<std::uint64_t> seen_{
    *this, "seen"};
};

/// Pairs each tuple of the second stream with the latest of the first.
class join_operator final : public keyed_operator<std::uint64_t, item> {
public:
  void on(const item& x) {
    if (latest_.get().size() == 3)
      latest_.clear();
    latest_.append(x.value);
    emit({x.key, user::mixed(x.value, other_.get()), x.stamp});
  }

  void on(const other_item& x) {
    other_.set(x.content.value);
    for (auto earlier : latest_.get())
      emit({x.content.key, user::mixed(earlier, x.content.value), time()});
  }

private:
  list<std::uint64_t> latest_{*this, "latest"};
  value<std::uint64_t> other_{*this, "other"};
};

/// Applies to each tuple what was broadcast before.
class rules_operator final : public keyed_operator<std::uint64_t, item> {
public:
  void on(const item& x) {
    auto& used = used_.edit(x.value % 4);
    used = user::mixed(used, rule_.get());
    emit({x.key, user::mixed(x.value, used), x.stamp});
  }

  void on_broadcast(const item& x) {
    rule_.edit() = user::mixed(rule_.get(), x.value);
  }

private:
  map<std::uint64_t, std::uint64_t> used_{*this, "used"};
  broadcast_state<std::uint64_t> rule_{*this, "rule"};
};

/// Two outputs and timers, per slice.
class split_operator final : public unkeyed_operator<item> {
public:
  explicit split_operator(std::uint64_t delay)
    : delay_(static_cast<event_time>(delay)) {}

  void on(const item& x) {
    auto& seen = seen_.edit();
    seen = user::mixed(seen, x.value);
    if (seen % 3 != 0)
      emit({x.key, seen, x.stamp});
    if (seen % 2 != 0)
      side_.emit({seen % 8, seen, x.stamp});
    if (seen % 4 == 0)
      set_timer(time() + delay_);
  }

  void on_timer(event_time at) {
    auto& seen = seen_.edit();
    side_.emit({seen % 8, user::mixed(seen, random()()), at}, at);
  }

private:
  event_time delay_;
  value<std::uint64_t> seen_{*this, "seen"};
  side_output<item> side_{*this, "side"};
};

/// Two streams, per slice.
class pair_operator final : public unkeyed_operator<item> {
public:
  void on(const item& x) {
    seen_.set(user::mixed(seen_.get(), x.value));
    emit({x.key, seen_.get(), x.stamp});
  }

  void on(const other_item& x) {
    seen_.set(user::mixed(seen_.get() + 1, x.content.value));
    emit({seen_.get() % 8, seen_.get(), x.content.stamp});
  }

private:
  value<std::uint64_t> seen_{*this, "seen"};
};

} // namespace braid::simulator
