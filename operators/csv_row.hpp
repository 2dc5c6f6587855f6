// A row of a CSV file and its fields.
#pragma once

#include "operators/input_file.hpp"

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

namespace braid {

/// A CSV file holds something that it should not. The message begins with
/// "file:line:column: ".
class csv_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// What was wrong with the text of a field; nothing if all was well.
using field_problem = const char*;

template <class T>
inline constexpr bool is_optional_field = false;
template <class T>
inline constexpr bool is_optional_field<std::optional<T>> = true;

/// Reads the text of a field as a `T`: a number, with spaces around it or
/// without, a bool (true, false, 1, 0), a char, a string, or a view, valid as
/// long as the row; an empty field is an empty std::optional.
template <class T>
field_problem parse_field(std::string_view text, T& value) {
  if constexpr (is_optional_field<T>) {
    if (text.empty()) {
      value.reset();
      return nullptr;
    }
    return parse_field(text, value.emplace());
  } else if constexpr (std::is_same_v<T, bool>) {
    value = text == "true" || text == "1";
    return value || text == "false" || text == "0" ? nullptr
                                                   : "is not true or false";
  } else if constexpr (std::is_same_v<T, char>) {
    value = text.empty() ? '\0' : text.front();
    return text.size() == 1 ? nullptr : "is not one character";
  } else if constexpr (std::is_arithmetic_v<T>) {
    auto first = text.find_first_not_of(' ');
    auto last = text.find_last_not_of(' ');
    if (first == text.npos)
      return "is not a number";
    auto* end = text.data() + last + 1;
    auto [stop, error] = std::from_chars(text.data() + first, end, value);
    if (error == std::errc::result_out_of_range)
      return "does not fit the number's type";
    if (error != std::errc{} || stop != end)
      return std::is_integral_v<T> ? "is not a whole number"
                                   : "is not a number";
    return nullptr;
  } else {
    static_assert(std::is_assignable_v<T&, std::string_view>,
                  "a field can be read as a number, bool, char, std::string, "
                  "std::string_view, or std::optional of these");
    value = text;
    return nullptr;
  }
}

/// One row, valid as long as the call that it was handed to. Columns are
/// counted from 0.
class csv_row {
public:
  /// How many fields there are.
  std::size_t size() const {
    return fields_.size();
  }

  /// The text of a field, without its quotes. Throws `csv_error` if the row has
  /// no such field.
  std::string_view operator[](std::size_t column) const {
    if (column >= fields_.size())
      fail_missing(column);
    auto& found = fields_[column];
    auto* from = found.unescaped ? unescaped_.data() : text_.data();
    return {from + found.begin, found.size};
  }

  /// By the name that the header gives the column, the first of that name.
  std::string_view operator[](std::string_view name) const {
    return (*this)[column_of(name)];
  }

  /// A field as a `T`; see `parse_field`. Throws `csv_error`.
  template <class T>
  T get(std::size_t column) const {
    T result{};
    if (auto problem = parse_field((*this)[column], result))
      fail(column, problem);
    return result;
  }

  template <class T>
  T get(std::string_view name) const {
    return get<T>(column_of(name));
  }

  /// Throws a `csv_error` that names the place and text of a field. `problem`
  /// goes on behind it: "is not a colour".
  [[noreturn]] void fail(std::size_t column, const std::string& problem) const;

private:
  friend class csv_file;
  friend class csv_row_parser;

  struct field {
    std::size_t begin; ///< in `text_`, or in `unescaped_`
    std::size_t size;
    std::size_t raw_begin; ///< in `text_`, with its quotes
    bool unescaped;
  };

  std::size_t column_of(std::string_view name) const;
  [[noreturn]] void fail_missing(std::size_t column) const;
  [[noreturn]] void fail_at(std::size_t text_offset,
                            const std::string& message) const;

  const input_file* file_ = nullptr;
  /// Empty without a header.
  const std::vector<std::string>* names_ = nullptr;
  std::uint64_t offset_ = 0; ///< of `text_` in the file
  std::string_view text_;
  std::vector<field> fields_;
  std::string unescaped_; ///< fields that held doubled quotes
};

/// Finds the fields of the row that a text begins with.
class csv_row_parser {
public:
  enum class result {
    row,
    incomplete, ///< the row goes on behind the text
    none,       ///< nothing but blank lines
  };

  /// Fills `row`, whose text is set. `at_end`: nothing follows the text.
  csv_row_parser(csv_row& row, char separator, bool at_end);

  result parse();

  /// Where, in the text, the next row begins.
  std::size_t next() const {
    return at_;
  }

private:
  enum class step { field, row, incomplete };

  void skip_blank_lines();
  step take_plain();
  step take_quoted();
  step end_of_quoted(std::size_t begin, std::size_t end, bool doubled);
  void add(std::size_t begin, std::size_t end, std::size_t raw_begin);
  void add_unescaped(std::size_t begin, std::size_t end);

  csv_row* row_;
  std::string_view text_;
  char separator_;
  bool at_end_;
  std::size_t at_ = 0;
};

} // namespace braid
