// Load reports made by hand, for tests of policies.
#pragma once

#include "scaling/load_report.hpp"

namespace braid::testing {

/// An operator whose partitions were busy for `busy` each and took in `tuples`
/// each.
inline operator_figures figures_of(std::string name, std::vector<double> busy,
                                   std::uint64_t tuples = 1000) {
  operator_figures result;
  result.name = std::move(name);
  result.slices = 256;
  for (auto each : busy)
    result.partitions.push_back({each, 0, tuples, tuples, 0});
  return result;
}

/// Reports of intervals of 5 seconds, one after the other.
class report_series {
public:
  load_report next(std::vector<operator_figures> operators,
                   std::vector<edge_figures> edges = {}) {
    load_report result;
    result.from = now_;
    now_ += std::chrono::seconds{5};
    result.until = now_;
    result.operators = std::move(operators);
    result.edges = std::move(edges);
    return result;
  }

  std::chrono::microseconds now() const {
    return now_;
  }

private:
  std::chrono::microseconds now_{0};
};

} // namespace braid::testing
