#include "actors/backup_holders.hpp"

#include "operators/key_hash.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace braid {

namespace {

/// Appends the `count` candidates that a slice's hash likes best.
void append_best(const std::vector<node_index>& candidates, std::size_t count,
                 std::uint64_t slice_hash, std::vector<node_index>& to) {
  std::vector<std::pair<std::uint64_t, node_index>> weighted;
  weighted.reserve(candidates.size());
  for (auto node : candidates)
    weighted.emplace_back(hashing::mix(slice_hash ^ node), node);
  count = std::min(count, weighted.size());
  auto end = weighted.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(weighted.begin(), end, weighted.end(), std::greater<>{});
  for (auto at = weighted.begin(); at != end; ++at)
    to.push_back(at->second);
}

} // namespace

std::vector<node_index> upstream_nodes(const topology& graph,
                                       const assignment& owners, operator_id id,
                                       partition_index partition) {
  std::set<node_index> result;
  auto& own = owners[id].table;
  for (auto& edge : graph.inputs_of(id)) {
    auto& from = owners[edge.from];
    if (routing_of(edge, owners) != routing::forward) {
      for (auto index : from.hosts())
        result.insert(from.nodes[index]);
      continue;
    }
    for (slice_id slice = 0; slice < own.size(); ++slice)
      if (own[slice] == partition)
        result.insert(from.nodes[from.table[slice]]);
  }
  return {result.begin(), result.end()};
}

std::vector<slice_id> slices_of(const kept_slices& kept) {
  std::vector<slice_id> result;
  for (auto& [slice, nodes] : kept)
    result.push_back(slice);
  return result;
}

backup_holders::backup_holders(node_index own,
                               const std::vector<node_index>& upstream,
                               const std::vector<node_index>& alive,
                               std::uint32_t replicas, bool own_too)
  : replicas_(replicas) {
  if (own_too)
    own_ = own;
  std::set<node_index> first{upstream.begin(), upstream.end()};
  std::set<node_index> candidates{alive.begin(), alive.end()};
  candidates.erase(own);
  for (auto node : candidates)
    (first.contains(node) ? upstream_ : others_).push_back(node);
}

std::vector<node_index> backup_holders::of(const operator_slice& slice) const {
  auto hash = hashing::mix(std::uint64_t{slice.of} << 32 | slice.slice);
  std::vector<node_index> result;
  append_best(upstream_, replicas_, hash, result);
  append_best(others_, replicas_ - result.size(), hash, result);
  if (own_)
    result.push_back(*own_);
  return result;
}

kept_slices backup_holders::that_hold(
  const std::map<slice_id, std::set<std::string>>& held_by, operator_id id,
  const std::function<std::string(node_index)>& name_of) const {
  kept_slices result;
  for (auto& [slice, names] : held_by) {
    auto nodes = of({id, slice});
    auto holds = [&, &holding = names](node_index node) {
      return holding.contains(name_of(node));
    };
    if (std::all_of(nodes.begin(), nodes.end(), holds))
      result.emplace(slice, std::move(nodes));
  }
  return result;
}

std::optional<backup_holders> backup_holders::without(node_index node) const {
  auto result = *this;
  std::erase(result.upstream_, node);
  std::erase(result.others_, node);
  if (own_ == node)
    result.own_.reset();
  if (result.upstream_.size() + result.others_.size() < replicas_)
    return std::nullopt;
  return result;
}

bool backup_holders::may_keep(node_index node) const {
  return own_ == node
         || std::binary_search(upstream_.begin(), upstream_.end(), node)
         || std::binary_search(others_.begin(), others_.end(), node);
}

} // namespace braid
