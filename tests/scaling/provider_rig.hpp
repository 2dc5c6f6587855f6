// What tests of node providers share: a clock of their own, and waiting for
// real processes without sleeping.
#pragma once

#include "scaling/node_provider.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <stdlib.h>
#include <sys/wait.h>
#include <utility>
#include <vector>

namespace braid::testing {

/// Waits until some child has ended, and leaves it to be reaped. The time limit
/// is that of the test.
inline void wait_for_child() {
  siginfo_t info{};
  waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
}

/// Whether any child, running or ended, has not been reaped.
inline bool has_children() {
  siginfo_t info{};
  return waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG) == 0;
}

/// A folder that is removed again.
class scratch_folder {
public:
  scratch_folder() {
    std::string name =
      (std::filesystem::temp_directory_path() / "braid-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }

  ~scratch_folder() {
    std::filesystem::remove_all(path_);
  }

  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;

  const std::filesystem::path& path() const {
    return path_;
  }

private:
  std::filesystem::path path_;
};

/// A command that the shell runs.
inline std::vector<std::string> shell(const std::string& script) {
  return {"sh", "-c", script, "{name}", "{address}"};
}

/// Polls at once and after each end of a child, until there is news.
inline std::vector<node_event> next_events(node_provider& provider,
                                           node_provider::time_point now) {
  for (;;) {
    auto events = provider.poll(now);
    if (!events.empty() || !has_children())
      return events;
    wait_for_child();
  }
}

/// Polls until no child is left, and returns what was told meanwhile.
inline std::vector<node_event>
events_to_the_end(node_provider& provider, node_provider::time_point now) {
  auto result = provider.poll(now);
  while (has_children()) {
    wait_for_child();
    for (auto& event : provider.poll(now))
      result.push_back(std::move(event));
  }
  return result;
}

} // namespace braid::testing
