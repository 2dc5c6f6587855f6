// Nodes as processes of this machine.
#pragma once

#include "scaling/child_process.hpp"
#include "scaling/node_provider.hpp"
#include "scaling/orphan_process.hpp"

#include <filesystem>
#include <map>
#include <memory>

namespace braid {

/// Starts each node as a child process and stops it by SIGTERM.
///
/// A node that ends by itself is reported, and not started again: whether it
/// is still wanted is for the node pool to say. The nodes outlive a crash of
/// this process, but not the provider. The next life of this process finds
/// them by a variable in their environment, BRAID_POOL_NODE=name@address.
class process_provider final : public node_provider {
public:
  struct options {
    /// The program and its arguments, with {name} and {address}: braid-node,
    /// with ports that the system picks, say.
    std::vector<std::string> command;
    /// Each node's output goes to a file in it, named after the node; empty:
    /// where this process's goes. The folder must be there.
    std::filesystem::path output;
    /// A node that is to stop and has not after this time is killed.
    std::chrono::microseconds stop_limit = std::chrono::seconds{10};
  };

  /// @throws scaling_error if there is no such command.
  explicit process_provider(options values);

  void start(const node_order& order, time_point now) override;
  bool adopt(const node_order& order) override;
  void stop(const std::string& name, time_point now) override;
  std::vector<node_event> poll(time_point now) override;

private:
  template <class Process>
  struct running_node {
    std::unique_ptr<Process> process;
    bool is_to_stop = false;
  };

  template <class Process>
  using running_nodes = std::map<std::string, running_node<Process>>;

  bool knows(const std::string& name) const;

  template <class Process>
  void stop(running_nodes<Process>& nodes, const std::string& name,
            time_point now);

  /// `end_of(process)` is how one has ended, or nothing.
  template <class Process, class EndOf>
  void take_ends(running_nodes<Process>& nodes, EndOf&& end_of);

  options options_;
  running_nodes<child_process> nodes_;
  running_nodes<orphan_process> adopted_;
  std::vector<node_event> events_;
};

} // namespace braid
