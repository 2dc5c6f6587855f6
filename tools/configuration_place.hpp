// Where a key of a configuration was set, for errors that show only when its
// value is used.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace braid {

/// What begins an error about `full_name` ("section.key"): the override that
/// set it last, "--set control.listen=HOST:PORT: "; else the file and the line,
/// "node.toml:7: control.listen: "; else, if it has its default, "node.toml:
/// control.listen: ". File and overrides as given to `load_configuration`,
/// which took them.
std::string place_of(const std::string& full_name,
                     const std::filesystem::path& file,
                     const std::vector<std::string>& overrides);

} // namespace braid
