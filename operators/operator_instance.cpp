#include "operators/operator_instance.hpp"

#include <cassert>

namespace braid {

const edge_target& instance_setup::target(edge_id edge) const {
  for (auto& candidate : targets)
    if (candidate.edge == edge)
      return candidate;
  assert(!"an operator's chain ends in an edge that is not its own");
  std::abort();
}

} // namespace braid
