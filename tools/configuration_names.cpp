#include "tools/configuration_names.hpp"

#include "tools/configuration_scaling.hpp"
#include "tools/spelling.hpp"

#include <map>
#include <vector>

namespace braid {

namespace {

std::vector<std::string> section_names() {
  std::vector<std::string> names;
  for (const auto& section : configuration_sections())
    names.push_back(section.name);
  return names;
}

std::vector<std::string> key_names(const configuration_section& section) {
  std::vector<std::string> names;
  for (const auto& key : section.keys)
    names.push_back(key.name);
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string result;
  for (const auto& name : names)
    result += (result.empty() ? "" : ", ") + name;
  return result;
}

/// The first key called `name` in any section.
const configuration_key* key_anywhere(const std::string& name) {
  for (const auto& section : configuration_sections())
    if (const auto* key = find_key(section, name))
      return key;
  return nullptr;
}

} // namespace

const configuration_section* find_section(const std::string& name) {
  for (const auto& section : configuration_sections())
    if (section.name == name)
      return &section;
  // Topologies have any names; what is known of one is kept.
  static std::map<std::string, configuration_section> of_topologies;
  auto topology = topology_of_section(name);
  if (topology.empty())
    return nullptr;
  auto [found, anew] = of_topologies.try_emplace(name);
  if (anew)
    found->second = scaling_section_of(topology);
  return &found->second;
}

const configuration_key* find_key(const configuration_section& section,
                                  const std::string& name) {
  for (const auto& key : section.keys)
    if (key.name == name)
      return &key;
  return nullptr;
}

std::string unknown_key(const configuration_section& section,
                        const std::string& name) {
  std::string problem = "unknown key; ";
  if (auto meant = nearest(name, key_names(section)))
    return problem + "did you mean " + section.name + '.' + *meant + '?';
  if (const auto* key = key_anywhere(name))
    return problem + "did you mean " + key->full_name() + '?';
  return problem + "the keys of " + section.name + " are "
         + joined(key_names(section));
}

std::string unknown_section(const std::string& name) {
  std::string problem = "unknown section; ";
  if (auto meant = nearest(name, section_names()))
    return problem + "did you mean [" + *meant + "]?";
  return problem + "the sections are " + joined(section_names());
}

std::string outside_sections(const std::string& name) {
  std::string problem = "stands in no section; ";
  if (const auto* key = key_anywhere(name))
    return problem + "did you mean " + key->full_name() + '?';
  return problem + "the sections are " + joined(section_names());
}

} // namespace braid
