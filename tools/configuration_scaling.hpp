// The sections about scaling: one for all topologies, and one for each that
// differs.
#pragma once

#include "tools/configuration_keys.hpp"

#include <string>

namespace braid {

/// `[scaling]`
configuration_section scaling_section();

/// `[scaling.NAME]`, for the topology of that name. Its keys begin with what
/// `[scaling]` says by the time that they are read.
configuration_section scaling_section_of(const std::string& topology);

/// `[pool]`
configuration_section pool_section();

/// The topology that `[section]` is about; empty if it is no such section.
std::string topology_of_section(const std::string& section);

} // namespace braid
