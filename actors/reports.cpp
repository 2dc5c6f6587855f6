#include "actors/reports.hpp"

namespace braid {

std::string to_string(run_state x) {
  switch (x) {
    case run_state::starting:
      return "starting";
    case run_state::running:
      return "running";
    case run_state::complete:
      return "complete";
    case run_state::cancelled:
      return "cancelled";
    case run_state::failed:
      return "failed";
  }
  return "unknown";
}

bool is_over(run_state x) {
  return x == run_state::complete || x == run_state::cancelled
         || x == run_state::failed;
}

} // namespace braid
