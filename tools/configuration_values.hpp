// The kinds of value a configuration key can have: how each is checked, read
// and written, and the words that say so.
#pragma once

#include "tools/configuration.hpp"

#include <toml++/toml.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid {

/// Thrown for a value that will not do; what() is "problem; remedy".
class refused_value : public std::invalid_argument {
public:
  explicit refused_value(const std::string& what, std::uint32_t at = 0)
    : std::invalid_argument(what), line(at) {
    // nop
  }

  std::uint32_t line; ///< where in the file; 0: where the value begins
};

/// What a value looks like in TOML.
enum class value_shape : std::uint8_t { boolean, whole_number, text, list };

/// Whether `value` looks like `shape`.
bool has_shape(const toml::node& value, value_shape shape);

/// What `value` looks like, with its article: "a string".
std::string describe(const toml::node& value);

/// How values of type `T` are read and written.
template <class T>
struct value_kind {
  value_shape shape = value_shape::text;
  std::string noun;    ///< with its article: "a duration with a unit"
  std::string allowed; ///< what values it takes, such as "1 to 1024"

  /// Reads a value of the right shape. Relative paths are relative to `folder`.
  ///
  /// @throws std::invalid_argument whose what() is "problem; remedy".
  std::function<T(const toml::node& value, const std::filesystem::path& folder)>
    read;

  /// Writes a value in TOML.
  std::function<std::string(const T& value)> print;
};

value_kind<bool> boolean();

value_kind<std::uint64_t> whole_number(std::uint64_t least, std::uint64_t most);

value_kind<std::chrono::microseconds> duration(std::chrono::microseconds least,
                                               std::chrono::microseconds most);

/// A number of bytes.
value_kind<std::uint64_t> size(std::uint64_t least, std::uint64_t most);

/// A non-empty name of letters, digits, '-', '_' and '.'.
value_kind<std::string> plain_name();

value_kind<endpoint> listen_address();

/// Addresses that can be connected to, none of them twice.
value_kind<std::vector<endpoint>> remote_addresses();

/// Files that must exist and be readable, none of them twice.
value_kind<std::vector<std::filesystem::path>> readable_files();

/// A file that need not exist, or empty.
value_kind<std::filesystem::path> optional_file();

value_kind<log_level> level();

/// A level, or nothing, which is written "".
value_kind<std::optional<log_level>> optional_level();

value_kind<log_format> format();

value_kind<policy_kind> policy();

value_kind<provider_kind> node_provider_kind();

/// A program and its arguments.
value_kind<std::vector<std::string>> words();

} // namespace braid
