// Stands for what a user would compile into a plug-in.
#include "operators/slice.hpp"

braid::slice_table two_partitions() {
  return {0, 1};
}
