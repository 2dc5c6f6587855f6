// What an operator lends its state handles, for tests of handles alone.
#pragma once

#include "operators/state.hpp"

namespace braid::test {

template <class Key>
struct owner {
  state_cursor<Key> at_hand;
  state_registry handles;
  event_time time = 0;
  event_time watermark = beginning_of_time;

  const state_cursor<Key>& cursor() const {
    return at_hand;
  }

  state_registry& registry() {
    return handles;
  }

  state_clock clock() const {
    return {&time, &watermark};
  }

  /// Puts `key`, which must outlive it, at hand.
  void point_to(const Key& key, std::uint32_t local = 0) {
    at_hand = {local, &key, key_hasher{}(key)};
  }
};

} // namespace braid::test
