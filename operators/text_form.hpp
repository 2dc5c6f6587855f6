// How tuples become text in sinks: columns, fields, lines and rows.
#pragma once

#include <array>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace braid {

template <class Key, class Value>
struct keyed_value;

template <class Key, class Value>
struct windowed_value;

struct time_window;

/// The columns that a tuple is written as. Specialise it for a struct:
///
///     template <>
///     struct braid::columns<trade> {
///       static constexpr std::array names{"symbol", "price"};
///
///       static auto of(const trade& x) {
///         return std::tie(x.symbol, x.price);
///       }
///     };
///
/// A column may be of a type that has columns itself; it is written as these.
template <class T>
struct columns {};

template <class Key, class Value>
struct columns<keyed_value<Key, Value>> {
  static constexpr std::array names{"key", "value"};

  static auto of(const keyed_value<Key, Value>& x) {
    return std::tie(x.key, x.value);
  }
};

template <class Key, class Value>
struct columns<windowed_value<Key, Value>> {
  static constexpr std::array names{"key", "window", "value"};

  static auto of(const windowed_value<Key, Value>& x) {
    return std::tie(x.key, x.window, x.value);
  }
};

template <std::same_as<time_window> Window>
struct columns<Window> {
  static constexpr std::array names{"begin", "end"};

  static auto of(const Window& x) {
    return std::tie(x.begin, x.end);
  }
};

template <class First, class Second>
struct columns<std::pair<First, Second>> {
  static constexpr std::array names{"first", "second"};

  static auto of(const std::pair<First, Second>& x) {
    return std::tie(x.first, x.second);
  }
};

template <class... Ts>
struct columns<std::tuple<Ts...>> {
  static auto of(const std::tuple<Ts...>& x) {
    return std::apply([](auto&... xs) { return std::tie(xs...); }, x);
  }
};

template <class T>
concept has_columns = requires(const T& tuple) {
  columns<T>::of(tuple);
};

/// Calls `take(field)` with each field of `tuple`, from left to right; a type
/// without columns is a field.
template <class T, class Take>
void for_each_field(const T& tuple, Take&& take) {
  if constexpr (has_columns<T>)
    std::apply([&](const auto&... xs) { (for_each_field(xs, take), ...); },
               columns<T>::of(tuple));
  else
    take(tuple);
}

/// Appends the text of a field: strings as they are, numbers so that reading
/// them gives the same number again, an empty optional as nothing, durations
/// and enums as the number in them.
template <class T>
void append_field(std::string& out, const T& field) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    out += std::string_view{field};
  } else if constexpr (std::is_same_v<T, bool>) {
    out += field ? "true" : "false";
  } else if constexpr (std::is_same_v<T, char>) {
    out += field;
  } else if constexpr (std::is_enum_v<T>) {
    append_field(out, static_cast<std::underlying_type_t<T>>(field));
  } else if constexpr (std::is_arithmetic_v<T>) {
    // Enough for the shortest exact form of every number.
    std::array<char, 64> text;
    auto end = std::to_chars(text.data(), text.data() + text.size(), field);
    out.append(text.data(), end.ptr);
  } else if constexpr (requires { field.has_value(), *field; }) {
    if (field)
      append_field(out, *field);
  } else if constexpr (requires(const T& x) { append_field(out, x.count()); }) {
    append_field(out, field.count());
  } else {
    static_assert(std::is_same_v<T, void>,
                  "this type cannot be written: specialise braid::columns for "
                  "it, or give the sink a function that formats it");
  }
}

/// The names of a tuple's columns, those inside column `name` as "name.inner".
template <class T>
void append_column_names(std::vector<std::string>& names,
                         const std::string& name = {}) {
  if constexpr (has_columns<T>) {
    using fields = decltype(columns<T>::of(std::declval<const T&>()));
    auto inside = [&]<std::size_t... Is>(std::index_sequence<Is...>) {
      auto name_of = [&](std::size_t index) {
        std::string result = std::to_string(index + 1);
        if constexpr (requires { columns<T>::names; })
          result = columns<T>::names[index];
        return name.empty() ? result : name + "." + result;
      };
      (append_column_names<
         std::remove_cvref_t<std::tuple_element_t<Is, fields>>>(names,
                                                                name_of(Is)),
       ...);
    };
    inside(std::make_index_sequence<std::tuple_size_v<fields>>());
  } else {
    names.push_back(name.empty() ? "value" : name);
  }
}

/// Appends the fields of `tuple` with spaces between.
template <class T>
void append_words(std::string& out, const T& tuple) {
  auto first = true;
  for_each_field(tuple, [&](const auto& field) {
    if (!std::exchange(first, false))
      out += ' ';
    append_field(out, field);
  });
}

/// Quotes what `out` holds from `begin` on if it could be taken for something
/// else in a CSV file (RFC 4180).
void quote_csv_field(std::string& out, std::size_t begin, char separator);

/// Appends the fields of `tuple` as a row of a CSV file, without its newline.
template <class T>
void append_csv_row(std::string& out, const T& tuple, char separator) {
  auto row = out.size();
  auto fields = 0;
  for_each_field(tuple, [&](const auto& field) {
    if (fields++ > 0)
      out += separator;
    auto begin = out.size();
    append_field(out, field);
    quote_csv_field(out, begin, separator);
  });
  // A row of one empty field would be a blank line.
  if (out.size() == row)
    out += "\"\"";
}

/// A function that makes a line of a `T`: it returns the line, or appends it to
/// the string that it is given; in both cases without a newline.
template <class Format, class T>
concept line_format =
  std::invocable<const Format&, const T&, std::string&> || std::convertible_to<
    std::invoke_result_t<const Format&, const T&>, std::string_view>;

template <class T, line_format<T> Format>
void append_line(std::string& out, const T& tuple, const Format& format) {
  if constexpr (std::invocable<const Format&, const T&, std::string&>) {
    format(tuple, out);
  } else {
    const auto& line = format(tuple);
    out += std::string_view{line};
  }
  out += '\n';
}

/// The format of sinks that are given none: the fields with spaces between.
struct as_words {
  template <class T>
  void operator()(const T& tuple, std::string& out) const {
    append_words(out, tuple);
  }
};

} // namespace braid
