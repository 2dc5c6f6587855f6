#include "scaling/scaling_decision.hpp"

#include <cmath>

namespace braid {

namespace {

std::uint64_t rounded(double x) {
  return static_cast<std::uint64_t>(std::llround(x));
}

} // namespace

std::string to_string(decision_state x) {
  switch (x) {
    case decision_state::under_way:
      return "under way";
    case decision_state::carried_out:
      return "carried out";
    case decision_state::failed:
      return "failed";
    case decision_state::dry_run:
      return "dry run";
  }
  return "unknown";
}

operator_summary summary_of(const operator_figures& figures, double seconds) {
  operator_summary result;
  result.parallelism = figures.parallelism();
  result.busy_permille = rounded(figures.most_busy() * 1000);
  if (seconds > 0)
    result.tuples_in_per_second =
      rounded(static_cast<double>(figures.tuples_in()) / seconds);
  result.backlog = figures.backlog();
  return result;
}

} // namespace braid
