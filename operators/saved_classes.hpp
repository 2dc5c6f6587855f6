// Which classes a saved state holds, and in which form: so that a later build
// of a topology can read it, or says clearly why it cannot.
#pragma once

#include "operators/encodable.hpp"

#include <boost/serialization/version.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <vector>

namespace braid {

/// The version of `T`, which its `serialize` is handed: what
/// `BOOST_CLASS_VERSION(T, n)` says, else 0.
template <class T>
inline constexpr unsigned class_version = 0;
template <encoding::versioned T>
inline constexpr unsigned class_version<T> =
  boost::serialization::version<T>::value;

/// The form in which values of one class are encoded.
struct saved_class {
  std::uint64_t id = 0;       ///< a hash of its name
  std::uint32_t version = 0;  ///< `serialize` was handed this
  std::uint64_t raw_size = 0; ///< if not 0: these bytes were copied instead

  bool operator==(const saved_class&) const = default;
};

namespace encoding {

/// Of a name, as `typeid` gives it, in every build and on every machine.
std::uint64_t class_id(const char* name);

template <class T>
const saved_class& fields_of() {
  static const saved_class result{class_id(typeid(T).name()), class_version<T>,
                                  0};
  return result;
}

template <class T>
const saved_class& raw_bytes_of() {
  static const saved_class result{class_id(typeid(T).name()), 0, sizeof(T)};
  return result;
}

} // namespace encoding

/// The classes of which values are in a saved state. Few, so they are simply
/// looked through.
class saved_classes {
public:
  std::span<const saved_class> all() const {
    return classes_;
  }

  bool empty() const {
    return classes_.empty();
  }

  void clear() {
    *this = {};
  }

  /// Values of `form` were encoded. Throws `decode_error` if its class is there
  /// in another form.
  void add(const saved_class& form);

  /// `T`'s `serialize` wrote.
  template <class T>
  void add_fields() {
    add(encoding::fields_of<T>());
  }

  /// Values of `T` were copied. Of others than classes nothing is kept: they
  /// cannot change.
  template <class T>
  void add_raw() {
    using element = std::remove_all_extents_t<T>;
    if constexpr (std::is_class_v<element> || std::is_union_v<element>)
      add(encoding::raw_bytes_of<element>());
  }

  /// The version that `T`'s `serialize` wrote. Throws `decode_error` if this
  /// build cannot read that.
  template <class T>
  unsigned version_of() {
    return version_of(encoding::fields_of<T>(), typeid(T));
  }

  /// Throws `decode_error` unless values of `T` were copied as they are now.
  template <class T>
  void expect_raw() const {
    using element = std::remove_all_extents_t<T>;
    if constexpr (std::is_class_v<element> || std::is_union_v<element>)
      expect_raw(encoding::raw_bytes_of<element>(), typeid(element));
  }

  /// A version older than what this build writes was asked for.
  bool outdated() const {
    return outdated_;
  }

private:
  unsigned version_of(const saved_class& now, const std::type_info& type);
  void expect_raw(const saved_class& now, const std::type_info& type) const;
  const saved_class& find(const saved_class& now,
                          const std::type_info& type) const;

  std::vector<saved_class> classes_;
  bool outdated_ = false;
};

} // namespace braid
