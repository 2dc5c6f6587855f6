#include "actors/topology_registry.hpp"

#include <cstring>
#include <dlfcn.h>

namespace braid {

namespace {

/// "a, b, c", or "none".
std::string listed(const std::vector<std::string>& names) {
  std::string result;
  for (auto& name : names)
    result += (result.empty() ? "" : ", ") + name;
  return result.empty() ? "none" : result;
}

} // namespace

void topology_registry::add(const std::vector<const topology_entry*>& entries,
                            const std::string& where) {
  for (auto* entry : entries) {
    auto [known, added] = entries_.insert({entry->name, {entry, where}});
    if (!added)
      throw plugin_error{"topology '" + std::string{entry->name} + "' is in "
                         + known->second.where + " and in " + where
                         + "; load one of them"};
  }
}

void topology_registry::load(const std::filesystem::path& library) {
  auto where = "plug-in '" + library.string() + "'";
  auto* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    throw plugin_error{where + " cannot be loaded: " + dlerror()};
  auto* symbol = dlsym(handle, "braid_plugin");
  if (!symbol)
    throw plugin_error{where
                       + " is not a Braid plug-in: it lacks braid_plugin; "
                         "build it with braid_add_topology"};
  auto* contents = reinterpret_cast<const plugin_contents* (*)()>(symbol)();
  if (std::strcmp(contents->build, BRAID_BUILD) != 0)
    throw plugin_error{where + " was built for '" + contents->build
                       + "', this node is '" + BRAID_BUILD
                       + "'; build the plug-in again"};
  add({contents->entries, contents->entries + contents->count}, where);
}

std::vector<std::string> topology_registry::names() const {
  std::vector<std::string> result;
  for (auto& [name, entry] : entries_)
    result.push_back(name);
  return result;
}

std::unique_ptr<topology> topology_registry::compose(
  const std::string& name,
  const std::map<std::string, std::string>& values) const {
  auto found = entries_.find(name);
  if (found == entries_.end())
    throw topology_error{"there is no topology '" + name
                         + "' on this node; it has: " + listed(names())};
  auto result = std::make_unique<topology>(name, settings{values});
  found->second.entry->compose(*result, result->values());
  result->validate();
  if (auto unused = result->values().unused(); !unused.empty())
    throw topology_error{"topology '" + name + "' has no setting '"
                         + unused.front() + "'; check its spelling"};
  return result;
}

} // namespace braid
