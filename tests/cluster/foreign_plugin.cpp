// A plug-in that says that it was built for something else.
#include "operators/plugin.hpp"

extern "C" [[gnu::visibility("default")]] const braid::plugin_contents*
braid_plugin() {
  static const braid::plugin_contents contents{
    "braid interface 0, compiler 2.95", nullptr, 0};
  return &contents;
}
