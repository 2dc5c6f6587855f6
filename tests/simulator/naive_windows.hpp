// Windows and joins, told once more without the engine.
#pragma once

#include "tests/simulator/naive_node.hpp"

namespace braid::simulator {

/// Null if the description is of no window or join.
std::unique_ptr<naive_node> make_naive_window(const node_description& node,
                                              const std::string& topology);

} // namespace braid::simulator
