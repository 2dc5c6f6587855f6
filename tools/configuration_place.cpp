#include "tools/configuration_place.hpp"

#include <toml++/toml.h>

#include <algorithm>

namespace braid {

namespace {

bool sets(const std::string& text, const std::string& full_name) {
  auto name = text.substr(0, text.find('='));
  std::erase_if(name, [](char c) { return c == ' ' || c == '\t'; });
  return name == full_name;
}

/// 0 if the file does not say.
std::uint32_t line_of(const std::string& full_name,
                      const std::filesystem::path& file) {
  try {
    auto table = toml::parse_file(file.string());
    return table.at_path(full_name).node()
             ? table.at_path(full_name).node()->source().begin.line
             : 0;
  } catch (const toml::parse_error&) {
    return 0; // changed since it was loaded
  }
}

} // namespace

std::string place_of(const std::string& full_name,
                     const std::filesystem::path& file,
                     const std::vector<std::string>& overrides) {
  auto last = std::find_if(overrides.rbegin(), overrides.rend(),
                           [&](auto& text) { return sets(text, full_name); });
  if (last != overrides.rend())
    return "--set " + *last + ": ";
  if (file.empty())
    return full_name + ": ";
  auto line = line_of(full_name, file);
  return file.string() + (line == 0 ? "" : ':' + std::to_string(line)) + ": "
         + full_name + ": ";
}

} // namespace braid
