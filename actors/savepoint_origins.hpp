// The savepoints that runs of a supervising node have begun from.
#pragma once

#include "actors/deployment.hpp"
#include "actors/savepoint_origin.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace braid {

/// Opens the savepoint that a user calls so, a name in `folder` or a path, and
/// reads all of it. Throws `std::runtime_error` if it is not there, and
/// `file_error` if it is not whole.
std::shared_ptr<const savepoint_input>
open_whole_savepoint(const std::filesystem::path& folder,
                     const std::string& name);

/// Until another epoch is stable, whatever such a run loses is restored from
/// its savepoint, also after the supervising node was started again.
class savepoint_origins {
public:
  void add(run_id run, std::shared_ptr<savepoint_origin> origin);

  /// For a run that an earlier life of this node has begun. Returns what is
  /// wrong, or nothing; then `pieces` throws the same, if it is ever asked.
  std::string open_again(const deployment& plan, const topology& graph);

  void forget(run_id run) {
    known_.erase(run);
  }

  /// Throws `std::runtime_error` if the savepoint is not there any more, or
  /// the run has not begun from one, and `file_error`.
  std::vector<content_piece> pieces(const content_request& asked);

private:
  struct origin_entry {
    std::shared_ptr<savepoint_origin> origin; ///< null: see `trouble`
    std::string trouble;
  };

  std::map<run_id, origin_entry> known_;
};

} // namespace braid
