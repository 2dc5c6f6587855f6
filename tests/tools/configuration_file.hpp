// Loading configurations in tests, and what is said about bad ones.
#pragma once

#include "tests/tools/scratch_folder.hpp"
#include "tools/configuration.hpp"

#include <string>
#include <vector>

namespace braid {

/// What is said about a configuration, or "accepted".
inline std::string refusal(const std::filesystem::path& file,
                           const std::vector<std::string>& overrides) {
  try {
    load_configuration(file, overrides);
  } catch (const configuration_error& refused) {
    return refused.what();
  }
  return "accepted";
}

/// Loads files that stand in a folder of their own, as "node.toml".
struct configuration_file {
  scratch_folder folder;

  node_configuration
  load(const std::string& text,
       const std::vector<std::string>& overrides = {}) const {
    return load_configuration(folder.write("node.toml", text), overrides);
  }

  /// What is said about a file with this text, the folder's name left out.
  std::string refused(const std::string& text,
                      const std::vector<std::string>& overrides = {}) const {
    return without_folder(refusal(folder.write("node.toml", text), overrides));
  }

  std::string without_folder(std::string message) const {
    auto name = folder.path().string() + '/';
    for (auto at = message.find(name); at != std::string::npos;
         at = message.find(name))
      message.erase(at, name.size());
    return message;
  }
};

} // namespace braid
