// Nodes that the user's own commands start and stop.
#pragma once

#include "scaling/child_process.hpp"
#include "scaling/node_provider.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>

namespace braid {

/// Runs one command to start a node and another to stop it, which is how a
/// cloud or a cluster scheduler is attached.
///
/// A command has done its work when it ends with status 0. One that fails, or
/// is not over in time, is run again after a pause that doubles each time, up
/// to `attempts` times in all; so it may find that a node of this name is there
/// already, and is to see to it that there is one in the end. A node that is to
/// stop while it is being started has its start command stopped first.
class command_provider final : public node_provider {
public:
  struct options {
    /// Programs and arguments, with {name} and {address}. They are not run by
    /// a shell; name one ("sh", "-c", ...) to have it.
    std::vector<std::string> start;
    std::vector<std::string> stop; ///< empty: nothing is to be done
    /// What both print goes to a file in it, named after the node, and its last
    /// line is told with a failure; empty: where this process's output goes.
    std::filesystem::path output;
    std::uint64_t attempts = 3; ///< at least 1
    std::chrono::microseconds time_limit = std::chrono::minutes{5};
    std::chrono::microseconds first_pause = std::chrono::seconds{1};
  };

  /// @throws scaling_error if there are no such commands.
  explicit command_provider(options values);

  void start(const node_order& order, time_point now) override;
  bool adopt(const node_order& order) override;
  void stop(const std::string& name, time_point now) override;
  std::vector<node_event> poll(time_point now) override;

private:
  /// What is being done about a node. None under way: it was started.
  struct node_state {
    node_order order;
    bool is_to_stop = false;      ///< else to start
    bool stop_comes_next = false; ///< once the start command has ended
    std::unique_ptr<child_process> command;
    std::uint64_t attempts = 0; ///< of starting or stopping
    time_point run_at{};        ///< next attempt
    time_point deadline{};      ///< of the one that runs
    bool is_late = false;
    bool is_done = false; ///< started, and not to stop
  };

  /// The following return whether the node is to be forgotten.
  bool go_on(node_state& node, time_point now);
  bool run(node_state& node, time_point now);
  bool on_end(node_state& node, const process_end& end, time_point now);
  bool on_success(node_state& node);
  bool on_failure(node_state& node, const std::string& why, time_point now);
  void begin_stop(node_state& node, time_point now);
  void tell(const node_state& node, node_event::kind what, std::string text);

  options options_;
  std::map<std::string, node_state> nodes_;
  std::vector<node_event> events_;
};

} // namespace braid
