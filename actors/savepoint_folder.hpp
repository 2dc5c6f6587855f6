// The folder with the savepoints of a cluster.
#pragma once

#include "actors/savepoint_messages.hpp"

#include "checkpoint/savepoint_file.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace braid {

/// What a savepoint of `run` is called that is taken at `when`, in microseconds
/// since 1970: "word_count-1-20240501-120000".
std::string savepoint_name(const std::string& run, std::int64_t when);

/// Throws `std::runtime_error` if a user cannot call a savepoint so.
void check_savepoint_name(const std::string& name);

/// Of the savepoint that a user calls so: a name in the folder, or a path.
std::filesystem::path savepoint_path(const std::filesystem::path& folder,
                                     const std::string& name);

/// What there is to say about a savepoint.
savepoint_report describe(const savepoint_input& file);

/// All savepoints of the folder, the newest last; those that cannot be read
/// with the reason. Throws `std::runtime_error` if the folder cannot be.
std::vector<savepoint_report>
list_savepoints(const std::filesystem::path& folder);

/// Removes the periodic savepoints of a run but for the newest `keep`.
void prune_savepoints(const std::filesystem::path& folder,
                      const std::string& run, std::uint64_t keep);

} // namespace braid
