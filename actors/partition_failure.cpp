#include "actors/partition_failure.hpp"

namespace braid {

skipped_tuples skipped_by(operator_id id,
                          const std::vector<skipped_tuple>& all) {
  skipped_tuples result;
  for (auto& each : all)
    if (each.by == id)
      result.emplace(each.at, each.error);
  return result;
}

} // namespace braid
