// The one table of all configuration keys. Reading, printing, checking and
// documenting all follow it.
#pragma once

#include "tools/configuration.hpp"
#include "tools/configuration_values.hpp"

#include <functional>
#include <string>
#include <vector>

namespace braid {

/// One key and all there is to know about it.
struct configuration_key {
  std::string section; ///< such as "logging.levels"
  std::string name;
  value_shape shape = value_shape::text;
  std::string allowed; ///< what values it takes, such as "1 to 1024"
  std::string why;     ///< one sentence: what it decides

  /// Checks `value` and stores it in `into`. Relative paths in it are relative
  /// to `folder`.
  ///
  /// @throws refused_value
  std::function<void(node_configuration& into, const toml::node& value,
                     const std::filesystem::path& folder)>
    read;

  /// The key's value in `from`, in TOML.
  std::function<std::string(const node_configuration& from)> print;

  /// "section.name"
  std::string full_name() const {
    return section + '.' + name;
  }
};

/// Keys that belong together, under `[name]` in the file.
struct configuration_section {
  std::string name;
  std::string why; ///< one sentence: what it is about
  std::vector<configuration_key> keys;
};

/// All sections and keys, in the order in which they are printed.
const std::vector<configuration_section>& configuration_sections();

} // namespace braid
