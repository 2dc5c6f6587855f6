// The topologies that a node can run: from plug-ins, and from the program that
// embeds it.
#pragma once

#include "operators/plugin.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid {

/// A plug-in cannot be used. The message names the file and the reason.
class plugin_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Topologies by name. Filled before the node starts, read-only afterwards.
class topology_registry {
public:
  /// Adds a program's own topologies. Throws `plugin_error` if two have one
  /// name.
  void add(const std::vector<const topology_entry*>& entries,
           const std::string& where);

  /// Loads a shared library made by `braid_add_topology`. It is never
  /// unloaded. Throws `plugin_error` if it cannot be loaded, is no plug-in, or
  /// was built for another version of Braid.
  void load(const std::filesystem::path& library);

  bool has(const std::string& name) const {
    return entries_.contains(name);
  }

  std::vector<std::string> names() const;

  /// Composes a topology and validates it. Throws `topology_error`, also for
  /// unknown names and for settings that the topology does not ask for.
  std::unique_ptr<topology>
  compose(const std::string& name,
          const std::map<std::string, std::string>& values) const;

private:
  struct known_entry {
    const topology_entry* entry;
    std::string where;
  };

  std::map<std::string, known_entry> entries_;
};

} // namespace braid
