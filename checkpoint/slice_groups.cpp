#include "checkpoint/slice_groups.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <stdexcept>
#include <tuple>

namespace braid {

std::vector<std::uint32_t> spread_evenly(std::span<const std::uint64_t> loads,
                                         std::vector<group_load> groups) {
  assert(!groups.empty());
  std::vector<std::size_t> order(loads.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return loads[a] > loads[b]; });
  std::vector<std::uint32_t> result(loads.size());
  for (auto each : order) {
    auto least =
      std::min_element(groups.begin(), groups.end(), [](auto& a, auto& b) {
        return std::tie(a.load, a.members) < std::tie(b.load, b.members);
      });
    least->load += loads[each];
    ++least->members;
    result[each] = static_cast<std::uint32_t>(least - groups.begin());
  }
  return result;
}

std::vector<std::vector<slice_id>> partition_slices(const slice_loads& loads,
                                                    std::uint32_t groups) {
  if (groups == 0)
    throw std::invalid_argument{"slices are to be divided into no groups; ask "
                                "for at least one"};
  std::vector<std::uint64_t> values;
  values.reserve(loads.size());
  for (auto& [slice, load] : loads)
    values.push_back(load);
  auto count = std::min<std::size_t>(groups, loads.size());
  std::vector<std::vector<slice_id>> result(count);
  if (count == 0)
    return result;
  auto chosen = spread_evenly(values, std::vector<group_load>(count));
  auto group = chosen.begin();
  for (auto& [slice, load] : loads)
    result[*group++].push_back(slice);
  return result;
}

} // namespace braid
