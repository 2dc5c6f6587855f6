// The archive that turns bytes back into values, and believes none of them.
#pragma once

#include "operators/decode_error.hpp"
#include "operators/encodable.hpp"
#include "operators/saved_classes.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/mpl/bool.hpp>
#include <boost/serialization/array_wrapper.hpp>
#include <boost/serialization/collection_size_type.hpp>
#include <boost/serialization/item_version_type.hpp>
#include <boost/serialization/library_version_type.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <ranges>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace braid {

/// Reads what an `output_archive` wrote. Whatever does not fit throws
/// `decode_error`; memory is allocated only in proportion to the bytes present.
/// What was being read is valid then, but its value is unspecified.
class input_archive {
public:
  using is_saving = boost::mpl::bool_<false>;
  using is_loading = boost::mpl::bool_<true>;

  /// Reads from `bytes`, which must outlive the archive, and which this build
  /// wrote; or if `classes` is not null, a build that wrote these.
  explicit input_archive(std::span<const std::byte> bytes,
                         saved_classes* classes = nullptr)
    : bytes_(bytes), classes_(classes) {}

  template <class T>
  input_archive& operator>>(T&& value) {
    using value_type = std::remove_cvref_t<T>;
    static_assert(
      std::is_lvalue_reference_v<
        T> || boost::serialization::is_wrapper<value_type>::type::value,
      "decoding needs a variable to decode into");
    if constexpr (boost::serialization::is_wrapper<value_type>::type::value)
      load(const_cast<value_type&>(value)); // it only refers to the variable
    else
      load(value);
    return *this;
  }

  template <class T>
  input_archive& operator&(T&& value) {
    return *this >> std::forward<T>(value);
  }

  /// Reads a value of a type that need not have a default constructor.
  template <class T>
  T load_value();

  /// How many bytes have been read.
  std::size_t offset() const {
    return offset_;
  }

  /// How many bytes are left.
  std::size_t remaining() const {
    return bytes_.size() - offset_;
  }

  /// Throws `decode_error` unless everything has been read.
  void expect_end() const {
    if (remaining() != 0)
      fail_at_end();
  }

  // -- for the parts of Boost.Serialization that users may call ---------------

  void load_binary(void* target, std::size_t count) {
    if (count != 0)
      std::memcpy(target, take(count), count);
  }

  boost::serialization::library_version_type get_library_version() const {
    return boost::serialization::library_version_type(18);
  }

  void reset_object_address(const void*, const void*) {}

private:
  template <class T>
  void load(T& value) {
    using namespace encoding;
    static_assert(!std::is_const_v<T>, "a constant cannot be decoded into");
    if constexpr (is_reference_like<T>)
      static_assert(
        always_false<T>,
        "pointers and views cannot be decoded: hold the value itself, "
        "in a std::string, std::vector or std::optional");
    else if constexpr (std::is_same_v<T, bool>)
      value = take_number_below(2, "a bool") != 0;
    else if constexpr (raw_copyable<T>)
      load_raw(value);
    else if constexpr (is_string<T>)
      load_string(value);
    else if constexpr (is_optional<T>)
      load_optional(value);
    else if constexpr (is_variant<T>)
      load_variant(value);
    else if constexpr (is_product<T>)
      std::apply([this](auto&... xs) { (load(xs), ...); }, value);
    else if constexpr (is_array<T>)
      std::ranges::for_each(value, [this](auto& x) { load(x); });
    else if constexpr (is_vector_of_bool<T>)
      load_bits(value);
    else if constexpr (!has_own_serialize<T, input_archive> && container<T>)
      load_container(value);
    else if constexpr (has_serialize<T, input_archive>)
      load_fields(value);
    else
      static_assert(always_false<T>,
                    "this type cannot be decoded: give it `template <class "
                    "Archive> void serialize(Archive& archive, unsigned "
                    "version) { archive & first_member & second_member; }`");
  }

  // -- what Boost's own containers write beside their elements ----------------

  void load(boost::serialization::collection_size_type& count) {
    count = boost::serialization::collection_size_type(take_count(1));
  }

  void load(boost::serialization::item_version_type& version) {
    version = boost::serialization::item_version_type(0);
  }

  template <class T>
  void load(boost::serialization::array_wrapper<T>& array) {
    if constexpr (raw_copyable<T>) {
      expect_raw<T>();
      load_binary(array.address(), array.count() * sizeof(T));
    } else
      for (std::size_t i = 0; i < array.count(); ++i)
        load(array.address()[i]);
  }

  // -- one rule each ----------------------------------------------------------

  template <class T>
  void load_raw(T& value) {
    // Never called, but compiled: this finds pointers among the members.
    if constexpr (encoding::has_serialize<T, input_archive>) [[maybe_unused]]
      auto check = [](input_archive& archive, T& x) { archive.load_fields(x); };
    expect_raw<T>();
    std::memcpy(static_cast<void*>(std::addressof(value)), take(sizeof(T)),
                sizeof(T));
  }

  template <class T>
  void expect_raw() {
    if constexpr (!std::is_scalar_v<T>)
      if (classes_)
        classes_->expect_raw<T>();
  }

  template <class T>
  void load_fields(T& value) {
    auto version = classes_ ? classes_->version_of<T>() : class_version<T>;
    boost::serialization::serialize_adl(*this, value, version);
  }

  template <class T>
  void load_string(T& value) {
    using value_type = typename T::value_type;
    auto count = take_count_of_run<value_type>();
    value.resize(count);
    load_binary(value.data(), count * sizeof(value_type));
  }

  template <class T>
  void load_optional(T& value) {
    if (take_number_below(2, "an optional value") == 0)
      value.reset();
    else
      value.emplace(load_value<typename T::value_type>());
  }

  template <class T>
  void load_variant(T& value) {
    auto index =
      take_number_below(std::variant_size_v<T>, "the type of a variant");
    [&]<std::size_t... Is>(std::index_sequence<Is...>) {
      ((index == Is ? void(value.template emplace<Is>(
          load_value<std::variant_alternative_t<Is, T>>()))
                    : void()),
       ...);
    }
    (std::make_index_sequence<std::variant_size_v<T>>());
  }

  template <class T>
  void load_bits(T& bits) {
    auto count = take_count_of_bits();
    const auto* bytes = take((count + 7) / 8);
    bits.resize(count);
    for (std::size_t i = 0; i < count; ++i)
      bits[i] = (std::to_integer<unsigned>(bytes[i / 8]) >> (i % 8) & 1) != 0;
  }

  template <class T>
  void load_container(T& values) {
    using value_type = typename T::value_type;
    values.clear();
    if constexpr (encoding::contiguous_raw<T>) {
      expect_raw<value_type>();
      load_run(values, take_count_of_run<value_type>());
    } else {
      constexpr auto smallest = encoding::smallest_size<value_type>;
      auto count = take_count(std::max<std::size_t>(smallest, 1));
      if constexpr (requires { values.reserve(count); })
        values.reserve(plausible(count, sizeof(value_type)));
      for (std::uint64_t i = 0; i < count; ++i)
        load_element(values);
    }
  }

  template <class T>
  void load_element(T& values) {
    using value_type = typename T::value_type;
    if constexpr (encoding::map<T>) {
      auto key = load_value<typename T::key_type>();
      auto mapped = load_value<typename T::mapped_type>();
      if constexpr (encoding::hash_container<T>)
        values.emplace(std::move(key), std::move(mapped));
      else
        values.emplace_hint(values.end(), std::move(key), std::move(mapped));
    } else if constexpr (std::is_default_constructible_v<
                           value_type> && requires {
                           load(values.emplace_back());
                         }) {
      load(values.emplace_back());
    } else {
      values.insert(values.end(), load_value<value_type>());
    }
  }

  /// Appends `count` elements, which are present, without initialising them
  /// first: straight from the bytes if those are aligned as the elements must
  /// be, else through a small aligned copy.
  template <class T>
  void load_run(T& values, std::uint64_t count) {
    using value_type = typename T::value_type;
    constexpr auto chunk = std::max<std::size_t>(4096 / sizeof(value_type), 1);
    alignas(value_type) std::byte memory[chunk * sizeof(value_type)];
    if constexpr (requires { values.reserve(count); })
      values.reserve(count);
    while (count > 0) {
      const auto* source = bytes_.data() + offset_;
      auto size = count;
      if (reinterpret_cast<std::uintptr_t>(source) % alignof(value_type) != 0) {
        size = std::min<std::uint64_t>(count, chunk);
        std::memcpy(memory, source, size * sizeof(value_type));
        source = memory;
      }
      const auto* first = reinterpret_cast<const value_type*>(source);
      values.insert(values.end(), first, first + size);
      offset_ += size * sizeof(value_type);
      count -= size;
    }
  }

  // -- the bytes --------------------------------------------------------------

  const std::byte* take(std::size_t count) {
    if (remaining() < count)
      fail_for_bytes(count);
    const auto* first = bytes_.data() + offset_;
    offset_ += count;
    return first;
  }

  /// Reads a count of elements of at least `smallest` bytes each.
  std::uint64_t take_count(std::size_t smallest) {
    auto start = offset_;
    auto count = take_varying();
    if (count > remaining() / smallest)
      fail_for_count(start, count, smallest);
    return count;
  }

  /// Reads a count of elements that were copied in one go.
  template <class T>
  std::uint64_t take_count_of_run() {
    if constexpr (alignof(T) > 1) {
      std::uint64_t count = 0;
      auto start = offset_;
      load_raw(count);
      if (count > remaining() / sizeof(T))
        fail_for_count(start, count, sizeof(T));
      return count;
    } else {
      return take_count(sizeof(T));
    }
  }

  std::uint64_t take_count_of_bits();

  std::uint64_t take_varying() {
    if (remaining() > 0 && std::to_integer<unsigned>(bytes_[offset_]) < 0x80)
      return std::to_integer<std::uint64_t>(bytes_[offset_++]);
    return take_long_varying();
  }

  std::uint64_t take_long_varying();

  unsigned take_number_below(unsigned limit, const char* what) {
    auto number = std::to_integer<unsigned>(*take(1));
    if (number >= limit)
      fail_for_number(limit, what, number);
    return number;
  }

  /// `count`, or less if so many elements of `size` bytes in memory are out of
  /// proportion to the bytes left, so that wrong counts cost no memory.
  std::size_t plausible(std::uint64_t count, std::size_t size) const {
    return std::min<std::uint64_t>(count, remaining() * 8 / size + 1);
  }

  [[noreturn]] void fail_for_bytes(std::size_t count) const;
  [[noreturn]] void fail_for_count(std::size_t start, std::uint64_t count,
                                   std::size_t smallest) const;
  [[noreturn]] void fail_for_number(unsigned limit, const char* what,
                                    unsigned found) const;
  [[noreturn]] void fail_at_end() const;

  std::span<const std::byte> bytes_;
  std::size_t offset_ = 0;
  saved_classes* classes_;
};

template <class T>
T input_archive::load_value() {
  if constexpr (std::is_default_constructible_v<T>) {
    T value{};
    load(value);
    return value;
  } else if constexpr (raw_copyable<T>) {
    expect_raw<T>();
    std::array<std::byte, sizeof(T)> bytes;
    load_binary(bytes.data(), bytes.size());
    return std::bit_cast<T>(bytes);
  } else if constexpr (encoding::is_product<T>) {
    // Braces, unlike parentheses, read the members in order.
    return [this]<class... Ts>(std::type_identity<std::tuple<Ts...>>) {
      return T{load_value<std::remove_const_t<Ts>>()...};
    }(std::type_identity<decltype(std::tuple_cat(std::declval<T>()))>());
  } else {
    static_assert(encoding::always_false<T>,
                  "to be decoded, this type needs a default constructor");
  }
}

} // namespace braid
