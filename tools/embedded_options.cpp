#include "tools/embedded_options.hpp"

#include "tools/spelling.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <stdexcept>

namespace braid {

namespace {

using values = std::vector<std::string>;

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument(what);
}

std::string only_value(const std::string& name, const values& given) {
  if (given.size() != 1)
    refuse("--" + name + " takes one value, not " + std::to_string(given.size())
           + "; see --help");
  return given.front();
}

void no_value(const std::string& name, const values& given) {
  if (!given.empty())
    refuse("--" + name + " takes no value, but got \"" + given.front()
           + "\"; see --help");
}

std::uint32_t number(const std::string& name, const std::string& text) {
  std::uint32_t result = 0;
  const auto* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, result);
  if (error != std::errc{} || rest != end || result == 0)
    refuse("--" + name + " is \"" + text + "\"; give a whole number from 1");
  return result;
}

std::pair<std::string, std::string> halves(const std::string& name,
                                           const std::string& text) {
  auto equals = text.find('=');
  if (equals == 0 || equals == std::string::npos)
    refuse("--" + name + " \"" + text + "\" lacks a name or a value; write --"
           + name + " KEY=VALUE");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

log_level parse_level(const std::string& text) {
  constexpr std::array<const char*, 6> names{"trace",   "debug", "info",
                                             "warning", "error", "off"};
  for (std::size_t i = 0; i < names.size(); ++i)
    if (text == names[i])
      return static_cast<log_level>(i);
  auto meant = nearest(text, {names.begin(), names.end()});
  refuse("--log-level is \"" + text + "\"; "
         + (meant ? "did you mean " + *meant + "?"
                  : "use trace, debug, info, warning, error or off"));
}

/// An option of the program itself.
struct own_option {
  std::string name;
  std::string takes; ///< for the help
  std::string about;
  std::function<void(const std::string& name, const values&, embedded_options&)>
    take;
};

void take_parallelism_of(const std::string& name, const values& given,
                         embedded_options& into) {
  for (auto& text : given) {
    auto [key, value] = halves(name, text);
    into.asked.parallelism_of[key] = number(name + ' ' + key, value);
  }
}

void take_http(const std::string& name, const values& given,
               embedded_options& into) {
  into.http = true;
  if (!given.empty())
    into.http_at = parse_endpoint(only_value(name, given));
}

void take_settings(const std::string& name, const values& given,
                   embedded_options& into) {
  for (auto& text : given) {
    auto [key, value] = halves(name, text);
    into.asked.settings[key] = value;
  }
}

const std::vector<own_option>& own_options() {
  static const std::vector<own_option> options{
    {"parallelism", "N", "partitions of every operator (default: one a core)",
     [](auto& name, auto& given, auto& into) {
       into.asked.parallelism = number(name, only_value(name, given));
     }},
    {"parallelism-of", "OPERATOR=N...", "partitions of one operator",
     take_parallelism_of},
    {"count-cuts", "N", "every epoch of a source slice has just N tuples",
     [](auto& name, auto& given, auto& into) {
       into.asked.count_cuts = number(name, only_value(name, given));
     }},
    {"record-cuts", "DIR", "writes down where sources cut their streams",
     [](auto& name, auto& given, auto& into) {
       into.asked.record_cuts = only_value(name, given);
     }},
    {"repeat-cuts", "DIR", "cuts where an earlier run did",
     [](auto& name, auto& given, auto& into) {
       into.asked.repeat_cuts = only_value(name, given);
     }},
    {"config", "FILE", "configuration of the node (default: ports of its own)",
     [](auto& name, auto& given, auto& into) {
       into.config = only_value(name, given);
     }},
    {"http", "[HOST:PORT]", "serves HTTP while it runs (default: http.listen)",
     take_http},
    {"log-level", "LEVEL", "what it logs to standard error (default: warning)",
     [](auto& name, auto& given, auto& into) {
       into.level = parse_level(only_value(name, given));
     }},
    {"verbose", "", "says how long it took",
     [](auto& name, auto& given, auto& into) {
       no_value(name, given);
       into.verbose = true;
     }},
    {"set", "KEY=VALUE...", "another way to write --KEY VALUE", take_settings},
    {"help", "", "prints this",
     [](auto&, auto&, auto& into) { into.help = true; }},
  };
  return options;
}

std::string joined(const values& given) {
  if (given.empty())
    return "true";
  std::string result;
  for (auto& text : given)
    result += (result.empty() ? "" : ",") + text;
  return result;
}

void take(const std::string& name, const values& given,
          embedded_options& into) {
  for (auto& option : own_options())
    if (option.name == name)
      return option.take(name, given, into);
  auto& setting = into.asked.settings[name];
  setting += (setting.empty() ? "" : ",") + joined(given);
}

} // namespace

embedded_options
parse_embedded_options(const std::vector<std::string>& arguments) {
  embedded_options result;
  for (std::size_t i = 0; i < arguments.size();) {
    auto name = arguments[i++];
    if (name == "-h")
      name = "--help";
    if (!name.starts_with("--") || name.size() == 2)
      refuse("\"" + name
             + "\" belongs to no option; write --NAME VALUE, see --help");
    name.erase(0, 2);
    values given;
    if (auto equals = name.find('='); equals != std::string::npos) {
      given.push_back(name.substr(equals + 1));
      name.resize(equals);
    }
    for (; i < arguments.size() && !arguments[i].starts_with("--"); ++i)
      given.push_back(arguments[i]);
    take(name, given, result);
  }
  return result;
}

std::string embedded_help(const std::string& program) {
  std::string result =
    "usage: " + program
    + " [--NAME VALUE...]...\n\n"
      "The settings of the topology follow as --NAME VALUE; several values are "
      "joined\nby commas. The other options are:\n\n";
  for (auto& option : own_options()) {
    auto left = "  --" + option.name + ' ' + option.takes;
    left.resize(std::max<std::size_t>(left.size() + 1, 34), ' ');
    result += left + option.about + '\n';
  }
  return result;
}

} // namespace braid
