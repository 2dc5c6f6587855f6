// Brings state that no cache holds into it, ahead of the tuples that need it.
#pragma once

#include "operators/state.hpp"
#include "operators/tuple_view.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace braid {

/// Looks the keys of some tuples up at a time, before they are handled one
/// after the other. Of handles that have little state it leaves that alone.
template <class Key>
class state_fetcher {
public:
  /// The keys of this handle are `Key`s. It must outlive this.
  void add(const state_handle& handle) {
    handles_.push_back(&handle);
  }

  /// Looks now and then how much state there is.
  void begin_epoch(epoch_number epoch) {
    if (epoch % epochs_between_looks != 0)
      return;
    large_.clear();
    for (auto* handle : handles_)
      if (handle->bytes() > small)
        large_.push_back(handle);
  }

  /// Calls `take` with all of `tuples`, which are of one slice, in order: with
  /// some whose state is at hand, then with more.
  template <class T, class KeyOf, class Take>
  void ahead_of(std::uint32_t local, std::span<const tuple_view<T>> tuples,
                const KeyOf& key_of, Take&& take) {
    if (large_.empty())
      return take(tuples);
    while (!tuples.empty()) {
      auto next = tuples.first(std::min(together, tuples.size()));
      try {
        fetch(local, next, key_of);
      } catch (...) {
        // Who handles that tuple meets it again, and knows which it is.
      }
      take(next);
      tuples = tuples.subspan(next.size());
    }
  }

private:
  template <class T, class KeyOf>
  void fetch(std::uint32_t local, std::span<const tuple_view<T>> tuples,
             const KeyOf& key_of) {
    using found = decltype(key_of(*tuples.front().value));
    std::array<coming_key, together> coming;
    for (std::size_t i = 0; i < tuples.size(); ++i) {
      auto& view = tuples[i];
      const Key* key = nullptr;
      if constexpr (std::is_lvalue_reference_v<
                      found> && std::same_as<std::remove_cvref_t<found>, Key>)
        key = &key_of(*view.value);
      else
        key = &(keys_[i] = key_of(*view.value));
      coming[i] = {key, view.by};
    }
    for (auto* handle : large_)
      handle->fetch(local, {coming.data(), tuples.size()});
  }

  static constexpr std::size_t together = 16;
  static constexpr epoch_number epochs_between_looks = 64;
  static constexpr std::size_t small = std::size_t{2} << 20; // bytes

  std::vector<const state_handle*> handles_;
  std::vector<const state_handle*> large_;
  std::array<Key, together> keys_{}; ///< of tuples that do not have them ready
};

} // namespace braid
