#include "scaling/load.hpp"

namespace braid {

std::string to_string(partition_state x) {
  switch (x) {
    case partition_state::waiting:
      return "waiting";
    case partition_state::blocked:
      return "blocked";
    case partition_state::busy:
      return "busy";
    case partition_state::done:
      return "done";
    case partition_state::failed:
      return "failed";
    case partition_state::stopped:
      return "stopped";
  }
  return "unknown";
}

} // namespace braid
