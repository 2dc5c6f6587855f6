// The archive that turns values into bytes.
#pragma once

#include "operators/byte_buffer.hpp"
#include "operators/encodable.hpp"
#include "operators/saved_classes.hpp"

#include <algorithm>
#include <boost/mpl/bool.hpp>
#include <boost/serialization/array_wrapper.hpp>
#include <boost/serialization/collection_size_type.hpp>
#include <boost/serialization/item_version_type.hpp>
#include <boost/serialization/library_version_type.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <variant>

namespace braid {

namespace encoding {

/// Throws std::logic_error: elements of no size cannot be counted safely.
[[noreturn]] void fail_on_elements_without_bytes(std::size_t count);

} // namespace encoding

/// How an output archive writes.
enum class encoded_form {
  /// For state and batches: padding is copied along.
  fast,
  /// For keys: equal values become equal bytes. Padding is left out, -0.0 is
  /// 0.0, all NaNs are one, and hash containers are rejected.
  canonical,
};

/// Writes values to the end of a buffer.
///
/// A user's struct needs nothing but
/// `template <class Archive> void serialize(Archive& archive, unsigned
/// version)` as a member or beside it, in the manner of Boost.Serialization;
/// none of Boost's class macros has an effect here. Trivially copyable structs
/// do not need even that (see `raw_copyable`). Everything in std that holds
/// values, and the containers of Boost and tsl, work out of the box.
///
/// `version`, as handed to `serialize`, is that of its class, which
/// `BOOST_CLASS_VERSION` raises above 0. Who stores bytes for other builds
/// gathers the classes in them, and stores these beside them.
///
/// Hash containers are written in the order in which they iterate, which
/// depends on their past. So the bytes of equal ones may differ, and no key may
/// hold one.
template <encoded_form Form>
class basic_output_archive {
public:
  using is_saving = boost::mpl::bool_<true>;
  using is_loading = boost::mpl::bool_<false>;

  /// Appends to `buffer`, which must outlive the archive. If `classes` is not
  /// null, adds the classes of what it writes.
  explicit basic_output_archive(byte_buffer& buffer,
                                saved_classes* classes = nullptr)
    : buffer_(buffer), classes_(classes) {}

  template <class T>
  basic_output_archive& operator<<(const T& value) {
    save(value);
    return *this;
  }

  template <class T>
  basic_output_archive& operator&(const T& value) {
    save(value);
    return *this;
  }

  // -- for the parts of Boost.Serialization that users may call ---------------

  void save_binary(const void* source, std::size_t count) {
    buffer_.append(source, count);
  }

  boost::serialization::library_version_type get_library_version() const {
    return boost::serialization::library_version_type(18);
  }

private:
  static constexpr bool canonical = Form == encoded_form::canonical;

  template <class T>
  static constexpr bool copies_raw =
    canonical ? unique_raw_copyable<T> : raw_copyable<T>;

  template <class T>
  void save(const T& value) {
    using namespace encoding;
    if constexpr (is_reference_like<T>)
      static_assert(
        always_false<T>,
        "pointers and views cannot be encoded: hold the value itself, "
        "in a std::string, std::vector or std::optional");
    else if constexpr (canonical && std::is_floating_point_v<T>)
      save_canonical(value);
    else if constexpr (copies_raw<T>)
      save_raw(value);
    else if constexpr (is_string<T>)
      save_run(value.data(), value.size());
    else if constexpr (is_optional<T>)
      save_optional(value);
    else if constexpr (is_variant<T>)
      save_variant(value);
    else if constexpr (is_product<T>)
      std::apply([this](const auto&... xs) { (save(xs), ...); }, value);
    else if constexpr (is_duration<T>)
      save(value.count());
    else if constexpr (is_time_point<T>)
      save(value.time_since_epoch());
    else if constexpr (is_array<T>)
      std::ranges::for_each(value, [this](const auto& x) { save(x); });
    else if constexpr (is_vector_of_bool<T>)
      save_bits(value);
    else if constexpr (!has_own_serialize<T,
                                          basic_output_archive> && container<T>)
      save_container(value);
    else if constexpr (has_serialize<T, basic_output_archive>)
      save_fields(value);
    else if constexpr (canonical && raw_copyable<T> && std::is_empty_v<T>)
      ; // all values are equal
    else if constexpr (canonical && raw_copyable<T>)
      static_assert(always_false<T>,
                    "this type has padding or floating-point members, so a key "
                    "needs to know its members: give it `template <class "
                    "Archive> void serialize(Archive& archive, unsigned)`");
    else
      static_assert(always_false<T>,
                    "this type cannot be encoded: give it `template <class "
                    "Archive> void serialize(Archive& archive, unsigned "
                    "version) { archive & first_member & second_member; }`");
  }

  // -- what Boost's own containers write beside their elements ----------------

  void save(const boost::serialization::collection_size_type& count) {
    save_count(count);
  }

  void save(const boost::serialization::item_version_type&) {}

  template <class T>
  void save(const boost::serialization::array_wrapper<T>& array) {
    if constexpr (copies_raw<std::remove_const_t<T>>) {
      add_raw<std::remove_const_t<T>>();
      buffer_.append(array.address(), array.count() * sizeof(T));
    } else
      for (std::size_t i = 0; i < array.count(); ++i)
        save(array.address()[i]);
  }

  // -- one rule each ----------------------------------------------------------

  template <class T>
  void save_raw(const T& value) {
    // Never called, but compiled: this finds pointers among the members.
    if constexpr (encoding::has_serialize<T, basic_output_archive>)
      [[maybe_unused]]
      auto check = [](basic_output_archive& archive, const T& x) {
        archive.save_fields(x);
      };
    add_raw<T>();
    std::memcpy(buffer_.extend(sizeof(T)), std::addressof(value), sizeof(T));
  }

  template <class T>
  void add_raw() {
    if constexpr (!std::is_scalar_v<T>)
      if (classes_)
        classes_->add_raw<T>();
  }

  template <class T>
  void save_canonical(T value) {
    static_assert(!std::is_same_v<T, long double>,
                  "long double cannot be (part of) a key: use double");
    if (value == T{0})
      value = T{0};
    else if (value != value)
      value = std::numeric_limits<T>::quiet_NaN();
    save_raw(value);
  }

  template <class T>
  void save_fields(const T& value) {
    static_assert(!canonical || class_version<T> == 0,
                  "a key decides by its bytes to which slice it belongs, so "
                  "it cannot have versions");
    if (classes_)
      classes_->add_fields<T>();
    // The one `serialize` serves both directions, so it takes no const.
    boost::serialization::serialize_adl(*this, const_cast<T&>(value),
                                        class_version<T>);
  }

  /// Seven bits a byte, the lowest first: most counts take one byte.
  void save_count(std::uint64_t count) {
    for (; count >= 0x80; count >>= 7)
      *buffer_.extend(1) = static_cast<std::byte>(count | 0x80);
    *buffer_.extend(1) = static_cast<std::byte>(count);
  }

  /// The count of elements that have an alignment takes eight bytes, so that a
  /// run at the start of a buffer can be copied from there without detour.
  template <class T>
  void save_run(const T* first, std::uint64_t count) {
    add_raw<T>();
    if constexpr (alignof(T) > 1)
      save_raw(count);
    else
      save_count(count);
    buffer_.append(first, count * sizeof(T));
  }

  template <class T>
  void save_optional(const T& value) {
    save(value.has_value());
    if (value)
      save(*value);
  }

  template <class T>
  void save_variant(const T& value) {
    static_assert(std::variant_size_v<T> <= 255,
                  "a variant of more than 255 types cannot be encoded");
    std::visit(
      [&](const auto& x) {
        save(static_cast<std::uint8_t>(value.index()));
        save(x);
      },
      value);
  }

  template <class T>
  void save_bits(const T& bits) {
    save_count(bits.size());
    for (std::size_t i = 0; i < bits.size(); i += 8) {
      unsigned byte = 0;
      for (auto j = i; j < std::min(i + 8, bits.size()); ++j)
        byte |= static_cast<unsigned>(bits[j]) << (j - i);
      *buffer_.extend(1) = static_cast<std::byte>(byte);
    }
  }

  template <class T>
  void save_container(const T& values) {
    using value_type = typename T::value_type;
    static_assert(!canonical || !encoding::hash_container<T>,
                  "a key cannot hold a hash container, whose order depends on "
                  "its past: use std::map or std::set");
    if constexpr (encoding::contiguous_raw<T> && copies_raw<value_type>) {
      save_run(std::ranges::data(values), values.size());
    } else {
      save_count(values.size());
      auto before = buffer_.size();
      for (const auto& value : values)
        save(value);
      if constexpr (encoding::smallest_size<value_type> == 0)
        if (buffer_.size() - before < values.size())
          encoding::fail_on_elements_without_bytes(values.size());
    }
  }

  byte_buffer& buffer_;
  saved_classes* classes_;
};

using output_archive = basic_output_archive<encoded_form::fast>;

} // namespace braid
