// Gathers the copies of one epoch from all nodes, and writes them to a file.
#pragma once

#include "actors/messages.hpp"
#include "actors/savepoint_gathering.hpp"

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/stateful_actor.hpp>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace braid {

/// What a gatherer begins with.
struct gathering_begin {
  run_id run = 0;
  epoch_number epoch = 0;
  savepoint_gathering plan;
  std::filesystem::path path;
  std::map<node_index, caf::actor> nodes; ///< node supervisors that live
  bool forget = false; ///< nodes are to drop the copies afterwards
  std::chrono::microseconds limit{}; ///< for one answer of a node
  std::chrono::steady_clock::time_point deadline;
  caf::actor home; ///< the topology supervisor
};

/// Told home while it is being written, and once it is over.
struct gathering_report {
  epoch_number epoch = 0;
  std::uint64_t bytes = 0;
  bool over = false;
  bool again = false; ///< copies were lost meanwhile: another epoch will do
  std::string error;  ///< empty: the file is there
};

struct savepoint_gatherer_state {
  static inline const char* name = "savepoint_gatherer";

  std::unique_ptr<gathering_begin> given;
  std::size_t unanswered = 0;
  std::unique_ptr<savepoint_output> file;
  std::map<node_index, std::vector<operator_slice>> left;
  std::unique_ptr<content_stream> stream; ///< of the first node that is left
  std::uint64_t told_bytes = 0;
};

/// Asks one node after the other, piece by piece; ends by itself.
caf::behavior
savepoint_gatherer(caf::stateful_actor<savepoint_gatherer_state>* self,
                   const std::shared_ptr<gathering_begin>& begin);

} // namespace braid

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(braid::gathering_report)
