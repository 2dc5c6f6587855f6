#include "tools/configuration_override.hpp"

#include "tools/configuration_names.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>

namespace braid {

namespace {

std::string trimmed(std::string_view text) {
  constexpr auto space = " \t";
  auto begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos)
    return {};
  return std::string{
    text.substr(begin, text.find_last_not_of(space) - begin + 1)};
}

/// `text` as one TOML value of any type; null if it is none.
std::unique_ptr<toml::node> toml_value(const std::string& text) {
  try {
    auto table = toml::parse("value = " + text);
    if (table.size() != 1)
      return nullptr;
    return table.begin()->second.visit(
      [](const auto& value) -> std::unique_ptr<toml::node> {
        return std::make_unique<std::decay_t<decltype(value)>>(value);
      });
  } catch (const toml::parse_error&) {
    return nullptr;
  }
}

std::unique_ptr<toml::node> list_value(const std::string& text) {
  auto list = std::make_unique<toml::array>();
  for (std::size_t begin = 0; begin < text.size();) {
    auto comma = std::min(text.find(',', begin), text.size());
    list->push_back(trimmed(text.substr(begin, comma - begin)));
    begin = comma + 1;
  }
  return list;
}

/// A number too large for TOML is cut to the largest, which no range admits.
std::unique_ptr<toml::node> number_value(const std::string& text) {
  std::int64_t number = 0;
  const auto* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  if (rest != end || error == std::errc::invalid_argument)
    return nullptr;
  if (error == std::errc::result_out_of_range)
    number = text.starts_with('-') ? std::numeric_limits<std::int64_t>::min()
                                   : std::numeric_limits<std::int64_t>::max();
  return std::make_unique<toml::value<std::int64_t>>(number);
}

/// What `text` means as the value of a key of this shape. Quoted text and
/// bracketed lists are TOML, as in the file; else the shape decides.
std::unique_ptr<toml::node> override_value(const std::string& text,
                                           value_shape shape) {
  std::unique_ptr<toml::node> value;
  if (text.starts_with('"') || text.starts_with('\'') || text.starts_with('['))
    value = toml_value(text);
  if (!value && shape == value_shape::list)
    value = list_value(text);
  if (!value && shape == value_shape::whole_number)
    value = number_value(text);
  if (!value && shape == value_shape::boolean)
    value = toml_value(text);
  if (!value)
    value = std::make_unique<toml::value<std::string>>(text);
  return value;
}

/// The key that an override names; `prefix` begins the error if there is none.
const configuration_key& overridden_key(const std::string& full_name,
                                        const std::string& prefix) {
  auto dot = full_name.rfind('.');
  if (dot == std::string::npos)
    throw configuration_error(prefix + outside_sections(full_name));
  auto section_name = full_name.substr(0, dot);
  auto name = full_name.substr(dot + 1);
  const auto* section = find_section(section_name);
  if (!section)
    throw configuration_error(prefix + unknown_section(section_name));
  const auto* key = find_key(*section, name);
  if (!key)
    throw configuration_error(prefix + unknown_key(*section, name));
  return *key;
}

} // namespace

void apply_override(const std::string& text, configuration_draft& into) {
  auto prefix = "--set " + text + ": ";
  auto equals = text.find('=');
  if (equals == std::string::npos)
    throw configuration_error(prefix + "has no value; write section.key=value");
  auto full_name = trimmed(std::string_view{text}.substr(0, equals));
  const auto& key = overridden_key(full_name, prefix);
  auto value = override_value(
    trimmed(std::string_view{text}.substr(equals + 1)), key.shape);
  try {
    into.read(key, *value, std::filesystem::current_path(), prefix);
  } catch (const refused_value& refused) {
    throw configuration_error(prefix + refused.what());
  }
}

} // namespace braid
