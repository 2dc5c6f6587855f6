// What `braid-node` does, apart from reading its command line.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace braid {

/// As for `load_configuration`.
struct node_options {
  std::filesystem::path config;
  std::vector<std::string> overrides;
};

/// Exit statuses of `braid-node` and of programs that embed a node.
enum exit_status : int {
  succeeded = 0,
  failed_running = 1,
  misused = 2, ///< a mistake in the configuration or on the command line
};

/// Runs a node until SIGINT or SIGTERM, says on standard output when it is
/// ready, and ends within `timeouts.stop` of the signal. Returns the exit
/// status; whatever is wrong is one line on standard error. To be called before
/// the process has other threads.
int run_node(const node_options& options);

/// Tells on standard output that the configuration is valid and its plug-ins
/// can be loaded, or on standard error what is wrong. Returns the exit status.
int check_node(const node_options& options);

} // namespace braid
