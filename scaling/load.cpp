#include "scaling/load.hpp"

namespace braid {

std::string to_string(partition_state x) {
  switch (x) {
    case partition_state::waiting:
      return "waiting";
    case partition_state::blocked:
      return "blocked";
    case partition_state::held:
      return "held";
    case partition_state::busy:
      return "busy";
    case partition_state::done:
      return "done";
    case partition_state::failed:
      return "failed";
    case partition_state::stopped:
      return "stopped";
    case partition_state::shadow:
      return "shadow";
    case partition_state::handed_over:
      return "handed over";
  }
  return "unknown";
}

std::uint64_t partition_load::busy_until(std::int64_t now) const {
  std::int64_t since = busy_since_ns;
  auto unfinished = since == 0 || since > now ? 0 : now - since;
  return busy_ns + static_cast<std::uint64_t>(unfinished);
}

} // namespace braid
