// State of every kind, for keys of every kind, and random changes of it.
#pragma once

#include "tests/operators/state_owner.hpp"

#include "operators/random.hpp"
#include "operators/state.hpp"
#include "operators/timers.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace braid::test {

// -- keys of all kinds, few enough to meet again ------------------------------

/// Three bytes of padding.
struct tagged {
  char tag = 0;
  int number = 0;

  bool operator==(const tagged&) const = default;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& tag& number;
  }
};

template <class Key>
Key nth_key(std::uint64_t n) {
  return static_cast<Key>(n);
}

template <>
inline std::string nth_key(std::uint64_t n) {
  return std::string(n * 3, 'k') + std::to_string(n);
}

/// Equal ones need not look the same.
template <>
inline double nth_key(std::uint64_t n) {
  switch (n) {
    case 0:
      return 0.0;
    case 1:
      return -0.0;
    case 2:
      return std::numeric_limits<double>::quiet_NaN();
    case 3:
      return -std::numeric_limits<double>::quiet_NaN();
    default:
      return static_cast<double>(n) / 3;
  }
}

template <>
inline tagged nth_key(std::uint64_t n) {
  return {static_cast<char>('a' + n % 2), static_cast<int>(n / 2)};
}

template <>
inline std::pair<std::uint32_t, std::string> nth_key(std::uint64_t n) {
  return {static_cast<std::uint32_t>(n % 5), std::to_string(n / 5)};
}

template <>
inline no_key nth_key(std::uint64_t) {
  return {};
}

// -- an operator's state ------------------------------------------------------

template <class Key>
struct every_handle {
  owner<Key> op;
  value_state<Key, std::int64_t> number{op, "number"};
  value_state<Key, std::string> text{op, "text"};
  list_state<Key, int> list{op, "list"};
  map_state<Key, std::string, int> map{op, "map"};
  slice_value<std::uint64_t> count{"count"};
  timer_queue<Key> timers;
  Key at_hand{};

  every_handle() {
    op.handles.add(count);
    op.handles.add(timers);
    op.handles.host(2);
  }

  /// Does something to slice 1, of `keys` keys.
  void change(random_generator& random, std::uint64_t keys) {
    at_hand = nth_key<Key>(random.below(keys));
    op.point_to(at_hand, 1);
    auto amount = static_cast<int>(random.below(100));
    auto at = static_cast<event_time>(random.below(20));
    auto word = std::string(random.below(200), 'w');
    switch (random.below(16)) {
      case 0:
      case 1:
        number.edit() += amount;
        break;
      case 2:
        number.clear();
        break;
      case 3:
        text.set(word);
        break;
      case 4:
        text.clear();
        break;
      case 5:
      case 6:
        list.append(amount);
        break;
      case 7:
        list.clear();
        break;
      case 8:
      case 9:
        map.set(std::to_string(amount % 3), amount);
        break;
      case 10:
        map.erase(std::to_string(amount % 3));
        break;
      case 11:
        map.clear();
        break;
      case 12:
        ++count.edit(1);
        break;
      case 13:
      case 14:
        timers.set(1, now + at, at_hand);
        break;
      default:
        timers.cancel(1, now + at, at_hand);
    }
    if (random.below(50) == 0)
      timers.fire_due(1, ++now, [&](event_time fired, const Key& key) {
        if (random.below(2) == 0)
          timers.set(1, fired + at, key);
      });
  }

  byte_buffer everything() const {
    byte_buffer result;
    op.handles.save(1, result);
    return result;
  }

  byte_buffer changes() {
    byte_buffer result;
    op.handles.save_changes(1, result);
    return result;
  }

  event_time now = 0;
};

} // namespace braid::test
