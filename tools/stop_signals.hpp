// How a process is asked to stop: SIGINT and SIGTERM as values instead of
// interruptions.
#pragma once

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

namespace braid {

/// Blocks SIGINT and SIGTERM in this thread and in those that it starts from
/// now on, so that they are taken here alone; make it before any other thread.
/// SIGPIPE is ignored: writing to a closed connection is an error like others.
class stop_signals {
public:
  stop_signals();

  /// Lets the signals through again in this thread; the end that `end_within`
  /// threatened with is called off.
  ~stop_signals();

  stop_signals(const stop_signals&) = delete;
  stop_signals& operator=(const stop_signals&) = delete;

  /// Waits for one of the signals; returns its number.
  int wait() const;

  /// The same for at most `limit`; 0 if there was none.
  int wait_for(std::chrono::microseconds limit) const;

  /// From now on, ends the process with exit status `status` if it is still
  /// there after `limit`, or at once at the next signal. To be called once.
  void end_within(std::chrono::microseconds limit, int status);

private:
  sigset_t signals_{};
  sigset_t before_{};
  std::atomic<bool> called_off_ = false;
  std::thread watchdog_;
};

} // namespace braid
