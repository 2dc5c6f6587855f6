#include "actors/savepoint_gathering.hpp"

#include "actors/held_backups.hpp"

namespace braid {

namespace {

bool is_common(const operator_slice& of) {
  return of.slice >= max_slices;
}

} // namespace

savepoint_gathering::savepoint_gathering(savepoint_manifest form,
                                         const assignment& owners)
  : manifest_(std::move(form)) {
  for (operator_id id = 0; id < owners.size(); ++id) {
    auto& saved = manifest_.operators.at(id);
    saved.slices.resize(owners[id].slices());
    for (slice_id slice = 0; slice < saved.slices.size(); ++slice)
      wanted_.push_back({id, slice});
    // Each partition of a source has a time of its own.
    auto is_source = saved.kind == to_string(operator_kind::source);
    saved.common.resize(is_source ? owners[id].partitions() : 1);
    // Else it is the same with all: any one will do.
    if (is_source)
      for (partition_index i = 0; i < saved.common.size(); ++i)
        wanted_.push_back(held_backups::partition_slice({id, i}));
    else
      wanted_.push_back(held_backups::partition_slice({id, 0}));
  }
}

void savepoint_gathering::on_held(node_index node,
                                  const std::vector<held_slice>& held) {
  for (auto& copy : held) {
    auto wanted = wanted_as(copy.of);
    if (holders_.try_emplace(wanted, node).second)
      held_as_[wanted] = copy.of;
  }
}

/// Of an operator, what belongs to no slice counts as its first partition's.
operator_slice savepoint_gathering::wanted_as(const operator_slice& of) const {
  auto is_source =
    manifest_.operators.at(of.of).kind == to_string(operator_kind::source);
  return is_common(of) && !is_source ? held_backups::partition_slice({of.of, 0})
                                     : of;
}

std::string savepoint_gathering::missing() const {
  constexpr std::size_t named = 3;
  std::string result;
  std::size_t count = 0;
  for (auto& each : wanted_)
    if (!holders_.contains(each) && count++ < named)
      result += (result.empty() ? "" : "; ") + name_of(each);
  if (count > named)
    result += " and " + std::to_string(count - named) + " more";
  return result;
}

std::map<node_index, std::vector<operator_slice>>
savepoint_gathering::plan() const {
  std::map<node_index, std::vector<operator_slice>> result;
  for (auto& each : wanted_)
    result[holders_.at(each)].push_back(held_as_.at(each));
  return result;
}

void savepoint_gathering::on_saved(const operator_slice& of,
                                   const saved_content& content) {
  auto& saved = manifest_.operators.at(of.of);
  if (is_common(of))
    saved.common.at(wanted_as(of).slice
                    - held_backups::partition_slice({of.of, 0}).slice) =
      content;
  else
    saved.slices.at(of.slice) = content;
}

std::string savepoint_gathering::name_of(const operator_slice& of) const {
  auto& name = manifest_.operators.at(of.of).name;
  return name
         + (is_common(of) ? ", what belongs to no slice"
                          : ", slice " + std::to_string(of.slice));
}

} // namespace braid
