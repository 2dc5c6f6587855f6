#include "operators/settings.hpp"

#include "operators/topology_error.hpp"

#include <charconv>

namespace braid {

bool settings::has(const std::string& name) const {
  used_[name] = true;
  return values_.contains(name);
}

std::string settings::text(const std::string& name) const {
  if (!has(name))
    throw topology_error{"setting '" + name
                         + "' is missing; give it with --set " + name
                         + "=VALUE"};
  return values_.at(name);
}

std::string settings::text(const std::string& name,
                           const std::string& otherwise) const {
  return has(name) ? values_.at(name) : otherwise;
}

std::vector<std::string> settings::paths(const std::string& name) const {
  std::vector<std::string> result;
  auto rest = text(name);
  while (!rest.empty()) {
    auto comma = rest.find(',');
    if (auto part = rest.substr(0, comma); !part.empty())
      result.push_back(part);
    rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
  }
  if (result.empty())
    throw topology_error{"setting '" + name
                         + "' is empty; give at least one path"};
  return result;
}

std::string settings::path(const std::string& name) const {
  auto result = text(name);
  if (result.empty())
    throw topology_error{"setting '" + name + "' is empty; give a path"};
  return result;
}

std::int64_t settings::number(const std::string& name) const {
  auto value = text(name);
  std::int64_t result = 0;
  auto [end, error] =
    std::from_chars(value.data(), value.data() + value.size(), result);
  if (error != std::errc{} || end != value.data() + value.size())
    throw topology_error{"setting '" + name + "' is '" + value
                         + "'; give a whole number"};
  return result;
}

std::int64_t settings::number(const std::string& name,
                              std::int64_t otherwise) const {
  return has(name) ? number(name) : otherwise;
}

bool settings::flag(const std::string& name, bool otherwise) const {
  if (!has(name))
    return otherwise;
  auto& value = values_.at(name);
  if (value != "true" && value != "false")
    throw topology_error{"setting '" + name + "' is '" + value
                         + "'; give true or false"};
  return value == "true";
}

std::vector<std::string> settings::unused() const {
  std::vector<std::string> result;
  for (auto& [name, value] : values_)
    if (!used_.contains(name))
      result.push_back(name);
  return result;
}

} // namespace braid
