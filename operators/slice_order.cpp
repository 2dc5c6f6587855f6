#include "operators/slice_order.hpp"

#include <tuple>

namespace braid {

void sort_runs(std::vector<input_run>& runs) {
  auto place = [](const input_run& run) {
    return std::tuple{run.port, run.edge, run.slice};
  };
  auto before = [&](const input_run& a, const input_run& b) {
    return place(a) < place(b);
  };
  // A single upstream partition sends its slices in order already.
  if (!std::is_sorted(runs.begin(), runs.end(), before))
    std::stable_sort(runs.begin(), runs.end(), before);
}

} // namespace braid
