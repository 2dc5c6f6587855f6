// The hash and the order of keys. Both depend on a key's value alone, so that
// they are the same on every machine, in every build, for ever: the hash picks
// the slice that a key belongs to, the order is the one in which keys fire.
#pragma once

#include "operators/archive.hpp"

// Its functions inlined here, so that no symbol of another version gets in.
#define XXH_INLINE_ALL
#include <bit>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <xxhash.h>

namespace braid {

/// Writes keys without padding and with one form for equal values.
using key_archive = basic_output_archive<encoded_form::canonical>;

namespace hashing {

template <class T>
inline constexpr bool is_character_string =
  std::is_same_v<
    T,
    std::
      string_view> || std::is_same_v<T, const char*> || std::is_same_v<T, char*>;
template <class A>
inline constexpr bool
  is_character_string<std::basic_string<char, std::char_traits<char>, A>> =
    true;
template <std::size_t Size>
inline constexpr bool is_character_string<char[Size]> = true;

template <class T>
constexpr bool is_hashable();

template <class T>
struct elements_are_hashable : std::false_type {};
template <class A, class B>
struct elements_are_hashable<std::pair<A, B>>
  : std::bool_constant<is_hashable<std::remove_const_t<A>>()
                       && is_hashable<B>()> {};
template <class... Ts>
struct elements_are_hashable<std::tuple<Ts...>>
  : std::bool_constant<(is_hashable<Ts>() && ...)> {};
template <class... Ts>
struct elements_are_hashable<std::variant<Ts...>>
  : std::bool_constant<(is_hashable<Ts>() && ...)> {};

template <class T>
constexpr bool is_hashable() {
  if constexpr (std::is_same_v<T, long double>)
    return false;
  else if constexpr (std::is_arithmetic_v<
                       T> || std::is_enum_v<T> || is_character_string<T>)
    return true;
  else if constexpr (encoding::is_reference_like<
                       T> || encoding::hash_container<T>)
    return false;
  else if constexpr (unique_raw_copyable<T> || encoding::is_string<T>)
    return true;
  else if constexpr (encoding::is_product<T> || encoding::is_variant<T>)
    return elements_are_hashable<T>::value;
  else if constexpr (encoding::is_duration<T>)
    return is_hashable<typename T::rep>();
  else if constexpr (encoding::is_time_point<T>)
    return is_hashable<typename T::duration>();
  else if constexpr (std::is_bounded_array_v<T>)
    return is_hashable<std::remove_extent_t<T>>();
  else if constexpr (encoding::has_own_serialize<T, key_archive>)
    return true;
  else if constexpr (
    encoding::is_optional<
      T> || encoding::is_std_array<T> || encoding::container<T>)
    return is_hashable<typename T::value_type>();
  else
    return encoding::has_serialize<
             T, key_archive> || (raw_copyable<T> && std::is_empty_v<T>);
}

} // namespace hashing

/// A type whose values can be keys: numbers, enums, strings, and what is made
/// of them. A struct with padding or floating-point members needs a
/// `serialize`; pointers, views (but for std::string_view), long double and
/// hash containers are out.
template <class K>
concept hashable_key = hashing::is_hashable<std::remove_cvref_t<K>>();

namespace hashing {

/// Every bit of the result depends on every bit of `x` (the finaliser of
/// splitmix64).
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

inline std::uint64_t hash_bytes(const void* first, std::size_t size) {
  return XXH3_64bits(first, size);
}

/// Widens by value: what is equal as a number hashes alike in all types.
template <class T>
constexpr std::uint64_t widened(T value) {
  if constexpr (std::is_enum_v<T>)
    return widened(static_cast<std::underlying_type_t<T>>(value));
  else if constexpr (std::is_same_v<T, char>)
    // Some machines have a signed one, some do not.
    return static_cast<unsigned char>(value);
  else if constexpr (std::is_signed_v<T>)
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  else
    return value;
}

/// Gives equal numbers equal bits: -0.0 becomes 0.0, all NaNs become one.
inline std::uint64_t bits_of(double value) {
  if (value == 0.0)
    value = 0.0;
  else if (value != value)
    value = std::numeric_limits<double>::quiet_NaN();
  return std::bit_cast<std::uint64_t>(value);
}

/// The encoded form of `key`, in one of two buffers that this thread reuses.
template <int Buffer, class K>
std::span<const std::byte> key_bytes(const K& key) {
  thread_local byte_buffer buffer;
  buffer.clear();
  key_archive(buffer) << key;
  return buffer.bytes();
}

template <class K>
inline std::uint64_t hash64(const K& key) {
  if constexpr (std::is_floating_point_v<K>) {
    return mix(bits_of(key));
  } else if constexpr (std::is_arithmetic_v<K> || std::is_enum_v<K>) {
    return mix(widened(key));
  } else if constexpr (is_character_string<K>) {
    std::string_view view(key);
    return hash_bytes(view.data(), view.size());
  } else if constexpr (encoding::is_product<K>) {
    std::uint64_t hash = 0;
    auto add = [&hash](const auto& x) { hash = mix(hash ^ hash64(x)); };
    std::apply([&](const auto&... xs) { (add(xs), ...); }, key);
    return hash;
  } else if constexpr (unique_raw_copyable<K>) {
    return hash_bytes(&key, sizeof(K));
  } else {
    auto bytes = key_bytes<0>(key);
    return hash_bytes(bytes.data(), bytes.size());
  }
}

} // namespace hashing

/// Braid's own hash of keys: the same on every machine, in every build and
/// version, and over the value alone. Integers and enums hash by value (an int
/// 5 like a long 5), -0.0 like 0.0, every NaN alike, strings, views of strings
/// and literals like the characters they hold.
template <class K>
std::uint32_t key_hash(const K& key) {
  static_assert(hashable_key<K>,
                "this type cannot be a key: use numbers, enums, strings, or "
                "structs of them; a struct with padding or floating-point "
                "members needs `template <class Archive> void serialize("
                "Archive& archive, unsigned)`; pointers, long double and hash "
                "containers cannot be (part of) a key");
  if constexpr (hashable_key<K>)
    return static_cast<std::uint32_t>(hashing::hash64(key) >> 32);
  else
    return 0;
}

/// The hash function of hash tables by key. Equal to `key_hash`, so a hash that
/// came along with a tuple can be handed to tsl's `find(key, hash)`.
struct key_hasher {
  template <class K>
  std::size_t operator()(const K& key) const {
    return key_hash(key);
  }
};

/// The equality of hash tables by key: `==`, but a NaN equals a NaN, as the two
/// hash alike.
struct key_equal {
  template <class K>
  bool operator()(const K& left, const K& right) const {
    if constexpr (std::is_floating_point_v<K>)
      return left == right || (left != left && right != right);
    else if constexpr (encoding::is_product<K>)
      return members_equal(left, right,
                           std::make_index_sequence<std::tuple_size_v<K>>{});
    else
      return left == right;
  }

private:
  template <class K, std::size_t... Is>
  bool members_equal(const K& left, const K& right,
                     std::index_sequence<Is...>) const {
    return ((*this)(std::get<Is>(left), std::get<Is>(right)) && ...);
  }
};

/// The slice, one of `slices`, to which keys of this hash belong.
constexpr std::uint32_t slice_of(std::uint32_t hash, std::uint32_t slices) {
  return static_cast<std::uint32_t>((std::uint64_t{hash} * slices) >> 32);
}

/// A total order of keys by contents alone: the type's own where it has
/// promised a total one (`<=>` with std::strong_ordering), numeric for floating
/// point (-0.0 equal to 0.0, NaN after everything), member by member for pairs
/// and tuples, else that of the encoded bytes.
template <class K>
bool key_less(const K& left, const K& right) {
  static_assert(hashable_key<K>, "this type cannot be a key; see key_hash");
  if constexpr (!hashable_key<K>) {
    return false;
  } else if constexpr (std::is_floating_point_v<K>) {
    return left < right || (left == left && right != right);
  } else if constexpr (hashing::is_character_string<K>) {
    return std::string_view(left) < std::string_view(right);
  } else if constexpr (std::three_way_comparable<K, std::strong_ordering>) {
    return left < right;
  } else if constexpr (encoding::is_product<K>) {
    return [&]<std::size_t... Is>(std::index_sequence<Is...>) {
      int order = 0;
      auto compare = [&order](const auto& x, const auto& y) {
        order = key_less(x, y) ? -1 : key_less(y, x) ? 1 : 0;
        return order != 0;
      };
      (void)(compare(std::get<Is>(left), std::get<Is>(right)) || ...);
      return order < 0;
    }
    (std::make_index_sequence<std::tuple_size_v<K>>());
  } else {
    auto x = hashing::key_bytes<0>(left);
    auto y = hashing::key_bytes<1>(right);
    auto shared = std::min(x.size(), y.size());
    auto order = shared == 0 ? 0 : std::memcmp(x.data(), y.data(), shared);
    return order != 0 ? order < 0 : x.size() < y.size();
  }
}

} // namespace braid
