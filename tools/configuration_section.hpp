// How sections of the configuration are put together from the settings that
// they are about.
#pragma once

#include "tools/configuration_keys.hpp"

#include <functional>
#include <string>
#include <utility>

namespace braid {

/// Refuses what is not of the right shape, showing `example` instead.
template <class T>
void check_shape(const toml::node& value, const value_kind<T>& kind,
                 const std::string& example) {
  if (!has_shape(value, kind.shape))
    throw refused_value("is " + describe(value) + ", not " + kind.noun
                        + "; write it like " + example + " (" + kind.allowed
                        + ')');
}

/// A key that is read by `set(into, value)` and printed from `get(from)`.
template <class T, class Get, class Set>
configuration_key make_key(const std::string& section, const std::string& name,
                           const value_kind<T>& kind, Get get, Set set) {
  configuration_key result;
  result.section = section;
  result.name = name;
  result.shape = kind.shape;
  result.allowed = kind.allowed;
  result.print = [=](const node_configuration& from) {
    return kind.print(get(from));
  };
  auto example = name + " = " + result.print(node_configuration{});
  result.read = [=](node_configuration& into, const toml::node& value,
                    const std::filesystem::path& folder) {
    check_shape(value, kind, example);
    try {
      set(into, kind.read(value, folder));
    } catch (const refused_value&) {
      throw;
    } catch (const std::invalid_argument& refused) {
      throw refused_value(refused.what());
    }
  };
  return result;
}

/// Builds the section that `Settings` is the content of.
template <class Settings>
class section_of {
public:
  /// Where the settings are in a configuration.
  using place = std::function<Settings&(node_configuration&)>;

  section_of(std::string name, place settings, std::string why)
    : settings_(std::move(settings)) {
    section_.name = std::move(name);
    section_.why = std::move(why);
  }

  section_of(std::string name, Settings node_configuration::*settings,
             std::string why)
    : section_of(
      std::move(name),
      [=](node_configuration& of) -> Settings& { return of.*settings; },
      std::move(why)) {}

  template <class T>
  section_of& key(const std::string& name, T Settings::*field,
                  const value_kind<T>& kind, std::string why) {
    auto settings = settings_;
    auto get = [=](node_configuration from) { return settings(from).*field; };
    auto set = [=](node_configuration& into, T value) {
      settings(into).*field = std::move(value);
    };
    section_.keys.push_back(make_key(section_.name, name, kind, get, set));
    section_.keys.back().why = std::move(why);
    return *this;
  }

  configuration_section built() {
    return std::move(section_);
  }

private:
  place settings_;
  configuration_section section_;
};

} // namespace braid
