// From a configuration to what a node is made of.
#pragma once

#include "tools/configuration.hpp"

#include "actors/node_settings.hpp"
#include "actors/topology_registry.hpp"

namespace braid {

node_settings node_settings_of(const node_configuration& configuration);

/// Loads the plug-ins. Throws `plugin_error`.
topology_registry load_plugins(const node_configuration& configuration);

} // namespace braid
