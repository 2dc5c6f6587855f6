#include "actors/savepoint_origins.hpp"

#include "actors/savepoint_folder.hpp"

#include <stdexcept>
#include <utility>

namespace braid {

namespace {

/// The file may have been replaced by another one of the same name.
std::shared_ptr<const savepoint_input> open_the_same(const deployment& plan) {
  auto result = open_whole_savepoint({}, plan.asked.from);
  auto epoch = result->manifest().epoch;
  if (epoch != plan.begins_after)
    throw std::runtime_error{"it is of epoch " + std::to_string(epoch)
                             + " now, and the run began after epoch "
                             + std::to_string(plan.begins_after)};
  return result;
}

} // namespace

std::shared_ptr<const savepoint_input>
open_whole_savepoint(const std::filesystem::path& folder,
                     const std::string& name) {
  auto path = savepoint_path(folder, name);
  if (!std::filesystem::exists(path))
    throw std::runtime_error{"there is no savepoint '" + path.string()
                             + "'; 'braidctl savepoint list' shows them"};
  auto result = std::make_shared<savepoint_input>(path);
  result->verify();
  return result;
}

void savepoint_origins::add(run_id run,
                            std::shared_ptr<savepoint_origin> origin) {
  known_[run] = {std::move(origin), ""};
}

std::string savepoint_origins::open_again(const deployment& plan,
                                          const topology& graph) {
  auto& entry = known_[plan.run];
  try {
    entry.origin = std::make_shared<savepoint_origin>(
      open_the_same(plan), graph, plan.owners,
      dropped_operators{plan.asked.drop, plan.asked.allow_missing});
  } catch (const std::exception& error) {
    entry.trouble = "savepoint '" + plan.asked.from + "', which " + plan.name
                    + " began from, cannot be used any more: " + error.what();
  }
  return entry.trouble;
}

std::vector<content_piece>
savepoint_origins::pieces(const content_request& asked) {
  auto found = known_.find(asked.run);
  if (found == known_.end())
    throw std::runtime_error{"no run of that number begins from a savepoint"};
  auto& entry = found->second;
  if (!entry.origin)
    throw std::runtime_error{entry.trouble};
  return entry.origin->pieces(asked);
}

} // namespace braid
