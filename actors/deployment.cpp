#include "actors/deployment.hpp"

#include <algorithm>
#include <filesystem>

namespace braid {

namespace {

std::shared_ptr<recorded_cuts> load_cuts(const std::filesystem::path& folder) {
  auto result = std::make_shared<recorded_cuts>();
  std::size_t files = 0;
  std::error_code error;
  for (auto& entry : std::filesystem::directory_iterator{folder, error})
    if (entry.path().extension() == ".cuts") {
      result->load(entry.path());
      ++files;
    }
  if (files == 0)
    throw std::runtime_error{"folder '" + folder.string()
                             + "' holds no recorded cuts (*.cuts); record "
                               "some with --record-cuts"};
  return result;
}

} // namespace

checkpoint_settings checkpoint_settings_of(const deployment& plan) {
  checkpoint_settings result;
  result.taken = plan.checkpoints && plan.may_take_checkpoints();
  result.later = plan.may_take_checkpoints();
  result.replay_budget =
    std::chrono::microseconds{plan.settings.replay_budget_us};
  // Only cuts by the clock cannot be found again from the input.
  result.hold_cuts =
    result.taken && !plan.asked.count_cuts && plan.asked.repeat_cuts.empty();
  return result;
}

partition_settings partition_settings_of(const deployment& plan,
                                         const std::string& here) {
  partition_settings result;
  auto& given = plan.settings;
  result.flow.in_flight = given.in_flight;
  result.flow.batch_bytes = given.batch_bytes;
  result.cuts.length = std::chrono::microseconds{given.epoch_length_us};
  result.cuts.idle_length = std::chrono::microseconds{given.idle_length_us};
  result.cuts.max_tuples = given.max_tuples;
  result.cuts.max_bytes = given.max_bytes;
  result.cuts.count = plan.asked.count_cuts;
  result.checkpoints = checkpoint_settings_of(plan);
  if (!plan.asked.repeat_cuts.empty())
    result.cuts.repeat = load_cuts(plan.asked.repeat_cuts);
  if (!plan.asked.record_cuts.empty()) {
    std::filesystem::path folder = plan.asked.record_cuts;
    std::filesystem::create_directories(folder);
    result.cuts.record =
      std::make_shared<cut_recorder>(folder / (here + ".cuts"));
  }
  return result;
}

bool deployment::has(const partition_place& place) const {
  return !slices_of(place).empty();
}

bool deployment::is_shadow(const partition_place& place) const {
  return std::any_of(hand_overs.begin(), hand_overs.end(),
                     [&](auto& what) { return what.is_successor(place); });
}

bool deployment::keeps(const partition_place& place) const {
  return has(place)
         || std::any_of(hand_overs.begin(), hand_overs.end(),
                        [&](auto& what) { return what.is_origin(place); });
}

std::vector<slice_id>
deployment::slices_of(const partition_place& place) const {
  auto hosted = hosted_slices{owners.at(place.id).table, place.index}.ids();
  if (!hosted.empty())
    return hosted;
  for (auto& what : hand_overs)
    for (auto& successor : what.successors)
      if (what.of == place.id && successor.index == place.index)
        return successor.slices;
  return {};
}

assignment owners_for(const deployment& plan, const partition_place& place) {
  auto result = plan.owners;
  for (auto& what : plan.hand_overs)
    if (what.is_successor(place))
      take_place(what, result);
  return result;
}

void take_place(const hand_over& what, assignment& owners) {
  for (auto& successor : what.successors)
    for (auto slice : successor.slices)
      owners[what.of].table[slice] = successor.index;
}

} // namespace braid
