#include "actors/downstream_changes.hpp"

#include <algorithm>

namespace braid {

namespace {

std::vector<partition_index> indexes_of(const hand_over& what) {
  std::vector<partition_index> result;
  for (auto& each : what.successors)
    result.push_back(each.index);
  return result;
}

} // namespace

bool has_taken_place(const hand_over& what, const assignment& owners) {
  auto& first = what.successors.front();
  return owners[what.of].table[first.slices.front()] == first.index;
}

bool downstream_changes::adopt(const assignment& owners,
                               const std::vector<hand_over>& under_way,
                               const output& to, bool amid_epoch) {
  auto is_over = [&](const hand_over& known) {
    return std::none_of(under_way.begin(), under_way.end(),
                        [&](auto& x) { return x.is_same(known); });
  };
  std::erase_if(changes_, [&](change& known) {
    if (!is_over(known.what))
      return false;
    known.waits = known.waits || has_taken_place(known.what, owners);
    if (known.waits && amid_epoch)
      return false;
    end(known.what, !known.waits, owners, to);
    return true;
  });
  for (auto& what : under_way)
    if (std::none_of(changes_.begin(), changes_.end(),
                     [&](auto& known) { return known.what.is_same(what); }))
      begin(what, owners, to);
  return std::none_of(changes_.begin(), changes_.end(),
                      [](auto& known) { return known.waits; });
}

void downstream_changes::begin(const hand_over& what, const assignment& owners,
                               const output& to) {
  auto concerns = false;
  for (auto& edge : edges_) {
    if (edge.to != what.of)
      continue;
    concerns = true;
    to.out.add_successors(edge.id, what, owners[edge.to].slices(),
                          edge.how == routing::broadcast);
    to.flow.add_successors(edge.id, what.origins, indexes_of(what));
  }
  if (concerns)
    changes_.push_back({what});
}

void downstream_changes::route(const hand_over& known, const assignment& owners,
                               const output& to) const {
  auto& owned = owners[known.of];
  for (auto& edge : edges_)
    if (edge.to == known.of)
      to.out.retarget(edge.id, known);
  for (auto* writer : to.writers)
    if (std::any_of(edges_.begin(), edges_.end(), [&](auto& edge) {
          return edge.id == writer->edge() && edge.to == known.of;
        }))
      writer->retarget(owned.table, owned.partitions());
}

void downstream_changes::end(const hand_over& known, bool aborted,
                             const assignment& owners, const output& to) const {
  if (!aborted)
    route(known, owners, to);
  for (auto& edge : edges_) {
    if (edge.to != known.of)
      continue;
    to.out.end_hand_over(edge.id, known, aborted);
    to.flow.end_change(edge.id, indexes_of(known), aborted);
  }
}

} // namespace braid
