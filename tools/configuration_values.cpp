#include "tools/configuration_values.hpp"

#include "tools/spelling.hpp"
#include "tools/units.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <unistd.h>

namespace braid {

namespace {

std::string in_quotes(const std::string& text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += c;
  }
  return result + '"';
}

/// Control characters are never meant, and hide in whatever shows them.
const std::string& plain_text(const toml::node& value) {
  const auto& text = value.as_string()->get();
  for (unsigned char c : text)
    if (c < 0x20 || c == 0x7f)
      throw refused_value("contains a control character; remove it");
  return text;
}

/// A kind whose values are strings in TOML. `parse` takes the text and the
/// folder, `write` gives the text.
template <class T, class Parse, class Write>
value_kind<T> text_kind(std::string noun, std::string allowed, Parse parse,
                        Write write) {
  return {
    value_shape::text, std::move(noun), std::move(allowed),
    [parse](const toml::node& value, const std::filesystem::path& folder) -> T {
      return parse(plain_text(value), folder);
    },
    [write](const T& value) { return in_quotes(write(value)); }};
}

std::string range(const std::string& least, const std::string& most) {
  return least + " to " + most;
}

/// `value`, which was written as `text`, if it lies between the limits.
template <class T>
T checked(T value, T least, T most, const std::string& text,
          const std::string& allowed) {
  if (value < least || value > most)
    throw refused_value(text + " is out of range; use " + allowed);
  return value;
}

template <class T>
T element(const toml::node& value, std::size_t position,
          const std::function<T(const std::string&)>& parse) {
  auto name = "element " + std::to_string(position) + ' ';
  auto line = static_cast<std::uint32_t>(value.source().begin.line);
  if (!value.is_string())
    throw refused_value(name + "is " + describe(value)
                          + ", not a string; put it in quotes",
                        line);
  try {
    return parse(plain_text(value));
  } catch (const std::invalid_argument& refused) {
    throw refused_value(name + refused.what(), line);
  }
}

/// The elements of a list of strings, none of which may occur twice.
template <class T>
std::vector<T> elements(const toml::node& list,
                        const std::function<T(const std::string&)>& parse) {
  std::vector<T> result;
  for (const auto& value : *list.as_array()) {
    auto next = element<T>(value, result.size() + 1, parse);
    if (std::find(result.begin(), result.end(), next) != result.end())
      throw refused_value(
        "element " + std::to_string(result.size() + 1) + ' '
          + in_quotes(value.as_string()->get())
          + " is in the list already; name each once",
        static_cast<std::uint32_t>(value.source().begin.line));
    result.push_back(std::move(next));
  }
  return result;
}

template <class T, class Write>
std::string print_list(const std::vector<T>& list, Write write) {
  std::string result;
  for (const auto& value : list)
    result += (result.empty() ? "" : ", ") + in_quotes(write(value));
  return '[' + result + ']';
}

endpoint remote_address(const std::string& text) {
  auto result = parse_endpoint(text);
  if (result.port == 0)
    throw refused_value(
      in_quotes(text) + " has port 0; name the port that the node listens on");
  return result;
}

std::filesystem::path absolute_path(const std::string& text,
                                    const std::filesystem::path& folder) {
  return std::filesystem::absolute(folder / text).lexically_normal();
}

std::filesystem::path readable_file(const std::string& text,
                                    const std::filesystem::path& folder) {
  auto path = absolute_path(text, folder);
  std::error_code ignored;
  std::string problem;
  if (::access(path.c_str(), R_OK) != 0)
    problem = std::generic_category().message(errno);
  else if (!std::filesystem::is_regular_file(path, ignored))
    problem = "not a file";
  if (!problem.empty())
    throw refused_value("cannot be read: " + path.string() + ": " + problem
                        + "; build that library or correct its path");
  return path;
}

struct level_name {
  std::string name;
  log_level level;
};

const std::vector<level_name>& level_names() {
  static const std::vector<level_name> names{
    {"trace", log_level::trace}, {"debug", log_level::debug},
    {"info", log_level::info},   {"warning", log_level::warning},
    {"error", log_level::error}, {"off", log_level::off}};
  return names;
}

constexpr auto all_levels = "trace, debug, info, warning, error or off";

log_level parse_level(const std::string& text) {
  std::vector<std::string> names;
  for (const auto& [name, value] : level_names()) {
    if (name == text)
      return value;
    names.push_back(name);
  }
  auto remedy = nearest(text, names);
  throw refused_value(in_quotes(text) + " is no level; "
                      + (remedy ? "did you mean " + in_quotes(*remedy) + '?'
                                : std::string{"use "} + all_levels));
}

std::string print_level(log_level level) {
  for (const auto& [name, value] : level_names())
    if (value == level)
      return name;
  return "off";
}

} // namespace

bool has_shape(const toml::node& value, value_shape shape) {
  switch (shape) {
    case value_shape::boolean:
      return value.is_boolean();
    case value_shape::whole_number:
      return value.is_integer();
    case value_shape::text:
      return value.is_string();
    case value_shape::list:
      return value.is_array();
  }
  return false;
}

std::string describe(const toml::node& value) {
  switch (value.type()) {
    case toml::node_type::table:
      return "a section";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a plain number";
    case toml::node_type::floating_point:
      return "a floating-point number";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

value_kind<bool> boolean() {
  return {value_shape::boolean, "true or false", "true or false",
          [](const toml::node& value, const std::filesystem::path&) {
            return value.as_boolean()->get();
          },
          [](bool value) { return value ? "true" : "false"; }};
}

value_kind<std::uint64_t> whole_number(std::uint64_t least,
                                       std::uint64_t most) {
  auto allowed = range(std::to_string(least), std::to_string(most));
  return {
    value_shape::whole_number, "a whole number", allowed,
    [=](const toml::node& value, const std::filesystem::path&) {
      auto number = value.as_integer()->get();
      auto limit = [](std::uint64_t x) { return static_cast<std::int64_t>(x); };
      return static_cast<std::uint64_t>(checked<std::int64_t>(
        number, limit(least), limit(most), std::to_string(number), allowed));
    },
    [](std::uint64_t value) { return std::to_string(value); }};
}

value_kind<std::chrono::microseconds> duration(std::chrono::microseconds least,
                                               std::chrono::microseconds most) {
  auto allowed = range(print_duration(least), print_duration(most));
  return text_kind<std::chrono::microseconds>(
    "a duration with a unit", allowed,
    [=](const std::string& text, const std::filesystem::path&) {
      return checked(parse_duration(text), least, most, in_quotes(text),
                     allowed);
    },
    print_duration);
}

value_kind<std::uint64_t> size(std::uint64_t least, std::uint64_t most) {
  auto allowed = range(print_size(least), print_size(most));
  return text_kind<std::uint64_t>(
    "a size with a unit", allowed,
    [=](const std::string& text, const std::filesystem::path&) {
      return checked(parse_size(text), least, most, in_quotes(text), allowed);
    },
    print_size);
}

value_kind<std::string> plain_name() {
  constexpr auto permitted = "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  std::string allowed = "letters, digits, - _ and .";
  return text_kind<std::string>(
    "a name", allowed,
    [=](const std::string& text, const std::filesystem::path&) {
      if (text.empty())
        throw refused_value("is empty; use " + allowed);
      if (text.find_first_not_of(permitted) != std::string::npos)
        throw refused_value(in_quotes(text) + " is no name; use only "
                            + allowed);
      return text;
    },
    [](const std::string& value) { return value; });
}

value_kind<endpoint> listen_address() {
  return text_kind<endpoint>(
    "an address", "host:port; port 0: any free one",
    [](const std::string& text, const std::filesystem::path&) {
      return parse_endpoint(text);
    },
    [](const endpoint& value) { return to_string(value); });
}

value_kind<std::vector<endpoint>> remote_addresses() {
  return {value_shape::list, "a list of addresses", "a list of host:port",
          [](const toml::node& value, const std::filesystem::path&) {
            return elements<endpoint>(value, remote_address);
          },
          [](const std::vector<endpoint>& list) {
            return print_list(list,
                              [](const endpoint& x) { return to_string(x); });
          }};
}

value_kind<std::vector<std::filesystem::path>> readable_files() {
  using paths = std::vector<std::filesystem::path>;
  return {value_shape::list, "a list of paths", "a list of paths",
          [](const toml::node& value, const std::filesystem::path& folder) {
            return elements<std::filesystem::path>(
              value, [&folder](const std::string& text) {
                return readable_file(text, folder);
              });
          },
          [](const paths& list) {
            return print_list(
              list, [](const std::filesystem::path& x) { return x.string(); });
          }};
}

value_kind<std::filesystem::path> optional_file() {
  return text_kind<std::filesystem::path>(
    "a path", "a path or empty",
    [](const std::string& text, const std::filesystem::path& folder) {
      return text.empty() ? std::filesystem::path{}
                          : absolute_path(text, folder);
    },
    [](const std::filesystem::path& value) { return value.string(); });
}

value_kind<log_level> level() {
  return text_kind<log_level>(
    "a level", all_levels,
    [](const std::string& text, const std::filesystem::path&) {
      return parse_level(text);
    },
    print_level);
}

value_kind<std::optional<log_level>> optional_level() {
  using optional = std::optional<log_level>;
  return text_kind<optional>(
    "a level", "a level or empty",
    [](const std::string& text, const std::filesystem::path&) {
      return text.empty() ? optional{} : parse_level(text);
    },
    [](const optional& value) { return value ? print_level(*value) : ""; });
}

value_kind<log_format> format() {
  return text_kind<log_format>(
    "a format", "text or json",
    [](const std::string& text, const std::filesystem::path&) {
      if (text != "text" && text != "json")
        throw refused_value(in_quotes(text)
                            + " is no format; use text or json");
      return text == "json" ? log_format::json : log_format::text;
    },
    [](log_format value) {
      return value == log_format::json ? "json" : "text";
    });
}

value_kind<policy_kind> policy() {
  return text_kind<policy_kind>(
    "a policy", "manual, threshold or rate",
    [](const std::string& text, const std::filesystem::path&) {
      auto kind = to_policy_kind(text);
      if (!kind)
        throw refused_value(in_quotes(text)
                            + " is no policy; use manual, threshold or rate");
      return *kind;
    },
    [](policy_kind value) { return to_string(value); });
}

value_kind<provider_kind> node_provider_kind() {
  return text_kind<provider_kind>(
    "a provider", "static, process or command",
    [](const std::string& text, const std::filesystem::path&) {
      auto kind = to_provider_kind(text);
      if (!kind)
        throw refused_value(in_quotes(text)
                            + " is no provider; use static, process or "
                              "command");
      return *kind;
    },
    [](provider_kind value) { return to_string(value); });
}

value_kind<std::vector<std::string>> words() {
  return {value_shape::list, "a list of words", "a list of words",
          [](const toml::node& value, const std::filesystem::path&) {
            std::vector<std::string> result;
            for (const auto& element : *value.as_array()) {
              if (!element.is_string())
                throw refused_value("has " + describe(element)
                                    + " in it; write each word in quotes");
              result.push_back(element.as_string()->get());
            }
            return result;
          },
          [](const std::vector<std::string>& list) {
            return print_list(list, [](const std::string& x) { return x; });
          }};
}

} // namespace braid
