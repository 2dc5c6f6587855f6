// Which types can be encoded, and by which rule. The archives (archive.hpp)
// apply the rules, key_hash.hpp asks which types can be keys.
#pragma once

#include <array>
#include <bit>
#include <boost/serialization/serialization.hpp>
#include <boost/serialization/version.hpp>
#include <boost/serialization/wrapper.hpp>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace braid {

static_assert(std::endian::native == std::endian::little,
              "Braid's encoded form is that of little-endian machines");

class input_archive;

/// Specialise as `true` for a trivially copyable type whose `serialize` must be
/// called all the same, because it leaves members out, or because a later
/// version of it may have others. One with a `BOOST_CLASS_VERSION` needs no
/// such word.
template <class T>
inline constexpr bool encode_by_fields = false;

namespace encoding {

// -- families of types --------------------------------------------------------

/// What `T` holds only refers to a value that lives elsewhere.
template <class T>
inline constexpr bool is_reference_like =
  std::is_pointer_v<
    T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T> || std::is_function_v<T>;
template <class C, class Traits>
inline constexpr bool is_reference_like<std::basic_string_view<C, Traits>> =
  true;
template <class T, std::size_t Extent>
inline constexpr bool is_reference_like<std::span<T, Extent>> = true;
template <class T>
inline constexpr bool is_reference_like<std::reference_wrapper<T>> = true;
template <class T>
inline constexpr bool is_reference_like<std::initializer_list<T>> = true;
template <class T, class D>
inline constexpr bool is_reference_like<std::unique_ptr<T, D>> = true;
template <class T>
inline constexpr bool is_reference_like<std::shared_ptr<T>> = true;
template <class T>
inline constexpr bool is_reference_like<std::weak_ptr<T>> = true;
template <class T, std::size_t Size>
inline constexpr bool is_reference_like<T[Size]> = is_reference_like<T>;
template <class T, std::size_t Size>
inline constexpr bool is_reference_like<std::array<T, Size>> =
  is_reference_like<T>;

template <class T>
inline constexpr bool is_string = false;
template <class C, class Traits, class A>
inline constexpr bool is_string<std::basic_string<C, Traits, A>> = true;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_variant = false;
template <class... Ts>
inline constexpr bool is_variant<std::variant<Ts...>> = true;

/// A std::pair or std::tuple.
template <class T>
inline constexpr bool is_product = false;
template <class A, class B>
inline constexpr bool is_product<std::pair<A, B>> = true;
template <class... Ts>
inline constexpr bool is_product<std::tuple<Ts...>> = true;

template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

template <class T>
inline constexpr bool is_time_point = false;
template <class Clock, class Duration>
inline constexpr bool is_time_point<std::chrono::time_point<Clock, Duration>> =
  true;

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t Size>
inline constexpr bool is_std_array<std::array<T, Size>> = true;

/// A std::array or built-in array.
template <class T>
inline constexpr bool is_array = std::is_bounded_array_v<T> || is_std_array<T>;

template <class T>
inline constexpr bool is_vector_of_bool = false;
template <class A>
inline constexpr bool is_vector_of_bool<std::vector<bool, A>> = true;

/// Anything that can be walked, counted, emptied and filled at the end:
/// the containers of std, of Boost and of tsl.
template <class T>
concept container = requires(T& t, const T& c, typename T::value_type v) {
  { c.size() } -> std::convertible_to<std::size_t>;
  c.begin();
  c.end();
  t.clear();
  t.insert(t.end(), std::move(v));
};

/// A container that iterates in an order other than that of its contents.
template <class T>
concept hash_container = container<T> && requires {
  typename T::hasher;
};

template <class T>
concept map = container<T> && requires {
  typename T::mapped_type;
};

// -- the user's own serialize -------------------------------------------------

struct member_named_serialize {
  int serialize;
};

template <class T>
struct with_member_named_serialize : T, member_named_serialize {};

// Looking a name up comes before access, and two base classes make it
// ambiguous: so a private `serialize` is found, too.
template <class T>
concept has_serialize_by_name =
  std::is_class_v<T> && !std::is_final_v<T> && !requires {
  &with_member_named_serialize<T>::serialize;
};

template <class T, class Archive>
concept has_public_serialize = requires(T& t, Archive& archive) {
  t.serialize(archive, 0U);
};

template <class T, class Archive>
concept has_member_serialize = has_public_serialize<T, Archive>
  // tsl's maps have a `serialize` of another shape.
  ||(has_serialize_by_name<T> && !hash_container<T>);

/// A free function beside the user's type.
template <class T, class Archive>
concept has_free_serialize = requires(T& t, Archive& archive) {
  serialize(archive, t, 0U);
};

namespace beside_boost {

// As general as Boost's own fallback, hence ambiguous with it unless there is
// a `serialize` in namespace boost::serialization for just this type.
template <class Archive, class T>
void serialize(Archive& archive, T& t, const unsigned version);

template <class T, class Archive>
concept has_boost_serialize = requires(
  T& t, Archive& archive, const boost::serialization::version_type version) {
  serialize(archive, t, version);
};

} // namespace beside_boost

using beside_boost::has_boost_serialize;

/// The user wrote a `serialize`. It takes precedence over the rule for
/// containers; one in namespace boost::serialization does not, so that what is
/// written cannot depend on which Boost headers happen to be included.
template <class T, class Archive>
concept has_own_serialize = std::is_class_v<T> &&(
  has_member_serialize<T, Archive> || has_free_serialize<T, Archive>);

template <class T, class Archive>
concept has_serialize = has_own_serialize<T, Archive> ||(
  (std::is_class_v<T> || std::is_union_v<T>)&&has_boost_serialize<T, Archive>);

/// The user gave the type a version, for its `serialize` to ask for.
template <class T>
concept versioned =
  std::is_class_v<T> &&(boost::serialization::version<T>::value != 0)
  && has_own_serialize<T, input_archive>;

/// Whether the bytes of a `T` are its value. What optionals, variants, pairs
/// and tuples hold may need another rule, so they are taken apart.
template <class T>
inline constexpr bool is_copied_raw =
  std::is_trivially_copyable_v<
    T> && !std::is_const_v<T> && !is_reference_like<T> && !is_optional<T> && !is_variant<T> && !is_product<T> && !encode_by_fields<T> && !versioned<T> && !boost::serialization::is_wrapper<T>::type::value;
template <class T, std::size_t Size>
inline constexpr bool is_copied_raw<T[Size]> = is_copied_raw<T>;
template <class T, std::size_t Size>
inline constexpr bool is_copied_raw<std::array<T, Size>> = is_copied_raw<T>;

} // namespace encoding

/// A value that is encoded by copying its bytes: trivially copyable, and
/// neither a pointer nor a view, which would mean nothing elsewhere. A pointer
/// that hides inside a struct is found only if the struct has a `serialize`.
///
/// A struct counts whether or not it has a `serialize`, which is then not
/// called; see `encode_by_fields`. Bytes of padding are copied, too: equal
/// values may differ in encoded form (keys are encoded without padding).
template <class T>
concept raw_copyable = encoding::is_copied_raw<T>;

/// A `raw_copyable` value in which every bit counts, so that equal values have
/// equal bytes: no padding, no floating point.
template <class T>
concept unique_raw_copyable =
  raw_copyable<T> && std::has_unique_object_representations_v<T>;

namespace encoding {

template <class T>
inline constexpr bool always_false = false;

/// The fewest bytes that a `T` takes; 0 if only its `serialize` knows.
template <class T>
inline constexpr std::size_t smallest_size =
  raw_copyable<T>                                                   ? sizeof(T)
  : container<T> || is_string<T> || is_optional<T> || is_variant<T> ? 1
                                                                    : 0;
template <class A, class B>
inline constexpr std::size_t smallest_size<std::pair<A, B>> =
  smallest_size<std::remove_const_t<A>> + smallest_size<B>;
template <class... Ts>
inline constexpr std::size_t
  smallest_size<std::tuple<Ts...>> = (std::size_t{0} + ... + smallest_size<Ts>);

/// The elements can be copied to and from memory in one go.
template <class T>
concept contiguous_raw =
  std::ranges::contiguous_range<T> && raw_copyable<typename T::value_type>;

} // namespace encoding

} // namespace braid
