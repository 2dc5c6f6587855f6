// Processes that tests start: what they print, how they end, and that they do.
#pragma once

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace braid::testing {

/// For whatever should happen soon. Generous: it only ends tests that fail.
inline constexpr std::chrono::seconds patience{60};

/// One child process. Its destructor kills it if it still runs; the kernel does
/// if the test dies first. All waiting has a time limit, beyond which
/// `std::runtime_error` tells what the process has printed.
class process {
public:
  /// `command`: an absolute path and arguments. `environment`: variables to
  /// add, "NAME=VALUE".
  explicit process(std::vector<std::string> command,
                   const std::vector<std::string>& environment = {});
  ~process();

  process(const process&) = delete;
  process& operator=(const process&) = delete;

  void send(int signal);

  /// Waits for a line of standard output that begins with `prefix`.
  std::string line(const std::string& prefix);

  /// Waits until standard error contains `text`.
  void complaint(const std::string& text);

  /// Waits for the end. Returns the exit status, or the negative signal.
  int wait(std::chrono::milliseconds limit = patience);

  /// All that it has printed so far.
  std::string output() const;
  std::string errors() const;

private:
  void attend();
  bool read_some();
  std::string story() const;

  std::string name_;
  pid_t pid_ = -1;
  int pipes_[2] = {-1, -1}; ///< its standard output and standard error
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string printed_[2];
  bool over_ = false;
  int status_ = 0;
  std::thread reader_; ///< last: it uses the others
};

/// A process that has ended.
struct ended {
  int status = 0;
  std::string output;
  std::string errors;
};

/// Runs a command to its end.
ended run_to_end(std::vector<std::string> command,
                 const std::vector<std::string>& environment = {});

/// Where the program `name` of this build is.
std::string program(const std::string& name);

} // namespace braid::testing
