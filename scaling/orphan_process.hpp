// A process that an earlier life of this one started, and that has outlived it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>

namespace braid {

/// Watched and stopped as a `child_process` is, but not reaped: it is nobody's
/// child any more, and how it ended is not told.
///
/// It is held by a descriptor of the kernel's, so no signal is sent to whoever
/// gets its id after it.
class orphan_process {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// The one that was started with `mark` in its environment, and leads a
  /// process group as those do; nothing if there is none, or it may not be
  /// looked at. Of several, any.
  static std::optional<pid_t> find(const std::string& mark);

  /// @throws std::system_error if it has ended already.
  explicit orphan_process(pid_t id);

  /// Kills what still runs and waits for its end.
  ~orphan_process();

  orphan_process(const orphan_process&) = delete;
  orphan_process& operator=(const orphan_process&) = delete;

  /// Asks it to end; kills it if it has not after `patience`. The first call
  /// counts.
  void stop(time_point now, std::chrono::microseconds patience);

  /// Whether it has ended.
  bool poll(time_point now);

  pid_t id() const {
    return id_;
  }

private:
  bool await_end(int milliseconds);
  void send(int signal) const;

  pid_t id_;
  int descriptor_;
  bool ended_ = false;
  std::optional<time_point> kill_at_;
};

} // namespace braid
