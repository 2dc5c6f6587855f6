// A process that this one started: watched without blocking, and reaped.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace braid {

/// How a process came to its end.
struct process_end {
  int status = 0; ///< what it returned; of a killed one, 0
  int signal = 0; ///< that killed it; 0: none did

  bool is_success() const {
    return status == 0 && signal == 0;
  }

  friend bool operator==(const process_end&, const process_end&) = default;
};

/// "ended with status 3", "was killed by signal 9".
std::string to_string(const process_end& x);

/// A running child, and what it starts in its turn unless that makes process
/// groups of its own. It inherits nothing but the environment and where output
/// goes: no files or sockets, and no blocked signals.
///
/// Nothing here blocks but the destructor, which kills what still runs and
/// waits for the kernel to say so. The child is known by its id alone until it
/// is reaped, and no signal is sent afterwards, when the id may be somebody
/// else's. Time passes through `poll`.
class child_process {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Starts `command`, whose first word is looked for in the PATH. What it
  /// prints is appended to the file `output`; if that is empty, it goes where
  /// the output of this process does. `mark` ("NAME=value"; empty: none) joins
  /// its environment: by that it can be found when this process is gone.
  ///
  /// @throws std::system_error if it cannot be started; what() names it.
  child_process(const std::vector<std::string>& command,
                const std::filesystem::path& output,
                const std::string& mark = {});

  ~child_process();

  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  /// Asks it to end; kills it if it has not after `patience`. The first call
  /// counts.
  void stop(time_point now, std::chrono::microseconds patience);

  /// How it ended, once it has.
  std::optional<process_end> poll(time_point now);

  pid_t id() const {
    return id_;
  }

  /// The last line that it printed to its own file, without control characters
  /// and at most 200 characters of it; empty: none.
  std::string last_line() const;

private:
  void send(int signal) const;

  pid_t id_ = 0;
  std::filesystem::path output_;
  std::uintmax_t printed_before_ = 0; ///< bytes of `output_` that were there
  std::optional<time_point> kill_at_;
  std::optional<process_end> end_;
};

} // namespace braid
