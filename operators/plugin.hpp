// How a node finds topologies: in plug-ins, which are shared libraries, and in
// the program that embeds the node.
#pragma once

#include "operators/topology.hpp"

#include <cstdint>
#include <string>
#include <vector>

#define BRAID_STRINGIFY_DETAIL(x) #x
#define BRAID_STRINGIFY(x) BRAID_STRINGIFY_DETAIL(x)

/// Raised whenever a plug-in would have to be built again.
#define BRAID_INTERFACE_VERSION 1

#if defined(__SANITIZE_ADDRESS__)
#define BRAID_SANITIZED " address"
#elif defined(__SANITIZE_THREAD__)
#define BRAID_SANITIZED " thread"
#else
#define BRAID_SANITIZED ""
#endif

/// What must be the same in a node and its plug-ins: they share C++ objects.
#define BRAID_BUILD                                                            \
  "braid interface " BRAID_STRINGIFY(                                          \
    BRAID_INTERFACE_VERSION) ", compiler " __VERSION__ BRAID_SANITIZED

namespace braid {

/// A topology that can be submitted: what BRAID_TOPOLOGY defines.
struct topology_entry {
  const char* name;
  void (*compose)(topology&, const settings&);
};

/// What a plug-in hands to a node. `build` comes first and is all that is read
/// until it is known to match.
struct plugin_contents {
  const char* build;
  const topology_entry* const* entries;
  std::uint64_t count;
};

/// The topologies of this shared library or program; each has its own list, so
/// the function must not be shared between them.
[[gnu::visibility("hidden")]] inline std::vector<const topology_entry*>&
topologies_here() {
  static std::vector<const topology_entry*> list;
  return list;
}

struct topology_registration {
  explicit topology_registration(std::vector<const topology_entry*>& list,
                                 const topology_entry& entry) {
    list.push_back(&entry);
  }
};

} // namespace braid

/// Defines a topology: a function body with `topology` and `settings` at hand.
///
///     BRAID_TOPOLOGY(word_count) {
///       topology.source("lines", ...)...
///     }
#define BRAID_TOPOLOGY(NAME)                                                   \
  static void braid_compose_##NAME(braid::topology& topology,                  \
                                   const braid::settings& settings);           \
  static const braid::topology_entry braid_entry_##NAME{                       \
    #NAME, &braid_compose_##NAME};                                             \
  static const braid::topology_registration braid_registration_##NAME{         \
    braid::topologies_here(), braid_entry_##NAME};                             \
  static void braid_compose_##NAME(                                            \
    [[maybe_unused]] braid::topology& topology,                                \
    [[maybe_unused]] const braid::settings& settings)

/// The entry point of a plug-in; `braid_add_topology` puts it in.
#define BRAID_PLUGIN_ENTRY()                                                   \
  extern "C" [[gnu::visibility("default")]] const braid::plugin_contents*      \
  braid_plugin() {                                                             \
    static const braid::plugin_contents contents{                              \
      BRAID_BUILD, braid::topologies_here().data(),                            \
      braid::topologies_here().size()};                                        \
    return &contents;                                                          \
  }
