// Loads the plug-in named on the command line, as a node would.
#include "operators/slice.hpp"

#include <cstdio>

#include <dlfcn.h>

int main(int argc, char** argv) {
  const braid::hosted_slices slices{{0, 1, 0}, 0};
  if (argc != 2 || slices.size() != 2)
    return 1;
  if (dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  return 0;
}
