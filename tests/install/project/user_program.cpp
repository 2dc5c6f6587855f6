// Loads the plug-in named on the command line and prints the topologies it
// holds, as a node would.
#include "operators/plugin.hpp"

#include <cstdio>
#include <dlfcn.h>

int main(int argc, char** argv) {
  if (argc != 2)
    return 2;
  void* plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  void* entry = plugin ? dlsym(plugin, "braid_plugin") : nullptr;
  if (entry == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  auto contents =
    reinterpret_cast<const braid::plugin_contents* (*)()>(entry)();
  for (std::uint64_t i = 0; i < contents->count; ++i)
    std::puts(contents->entries[i]->name);
}
