// Finding sections and keys by name, and what unknown names may have meant.
#pragma once

#include "tools/configuration_keys.hpp"

#include <string>

namespace braid {

/// The section called `name`, or null.
const configuration_section* find_section(const std::string& name);

/// The key called `name` in `section`, or null.
const configuration_key* find_key(const configuration_section& section,
                                  const std::string& name);

/// "problem; remedy" for a name in `section` that is no key.
std::string unknown_key(const configuration_section& section,
                        const std::string& name);

/// "problem; remedy" for a section that there is not.
std::string unknown_section(const std::string& name);

/// "problem; remedy" for a key outside of all sections.
std::string outside_sections(const std::string& name);

} // namespace braid
