#include "operators/state.hpp"

#include <stdexcept>

namespace braid {

void fail_without_key() {
  throw std::logic_error{"state and timers are those of the tuple's key, so "
                         "neither a constructor nor on_broadcast can use "
                         "them; keep what a broadcast sets in a "
                         "broadcast_state"};
}

} // namespace braid
