// A configuration while it is being read: its values, where each was set, and
// the rules that can be checked only at the end.
#pragma once

#include "tools/configuration_keys.hpp"

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace braid {

class configuration_draft {
public:
  /// Reads `value` for `key`, which was set at a place that errors name by
  /// `prefix`. What is read later replaces what was read before.
  ///
  /// @throws refused_value
  void read(const configuration_key& key, const toml::node& value,
            const std::filesystem::path& folder, std::string prefix);

  /// The configuration, after all rules that concern several keys were checked.
  ///
  /// @throws configuration_error at that of the keys which was set last.
  node_configuration finished();

private:
  struct place {
    std::string prefix;
    std::size_t order = 0; ///< which key it was to be set, counted from 1
  };

  void check_ports_differ() const;
  void check_closed_by_default() const;
  void check_durations() const;
  void check_pool() const;
  void check_scaling(const std::string& section,
                     const scaling_settings& settings) const;

  /// Refuses the configuration at that one of `keys` which was set last.
  [[noreturn]] void refuse(const std::vector<std::string>& keys,
                           const std::string& problem) const;

  /// A key for one topology: read when it is known what holds for all.
  struct exception {
    const configuration_key* key = nullptr;
    std::shared_ptr<toml::node> value;
    std::filesystem::path folder;
  };

  node_configuration values_;
  std::vector<exception> exceptions_;
  std::map<std::string, place> places_;
  std::size_t keys_set_ = 0;
};

} // namespace braid
