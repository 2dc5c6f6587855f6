#include "actors/protocol.hpp"

namespace braid {

std::vector<slice_range> ranges_of(const std::vector<slice_id>& ids) {
  std::vector<slice_range> result;
  for (auto id : ids) {
    if (!result.empty() && result.back().last == id)
      ++result.back().last;
    else
      result.push_back({id, id + 1});
  }
  return result;
}

} // namespace braid
