#include "scaling/child_process.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <spawn.h>
#include <string_view>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace braid {

namespace {

constexpr std::size_t longest_line = 200;

void check(int error, const std::string& name) {
  if (error != 0)
    throw std::system_error{error, std::generic_category(),
                            "cannot start '" + name + "'"};
}

/// What posix_spawn is to do before the program runs.
class spawn_setup {
public:
  spawn_setup() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }

  ~spawn_setup() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }

  spawn_setup(const spawn_setup&) = delete;
  spawn_setup& operator=(const spawn_setup&) = delete;

  void route(const std::filesystem::path& output, const std::string& name) {
    check(posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null",
                                           O_RDONLY, 0),
          name);
    if (!output.empty()) {
      check(posix_spawn_file_actions_addopen(
              &actions_, STDOUT_FILENO, output.c_str(),
              O_WRONLY | O_CREAT | O_APPEND, 0644),
            name);
      check(posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO,
                                             STDERR_FILENO),
            name);
    }
    // Not all libraries mark their sockets; a child that outlives us must not
    // keep our ports.
    check(
      posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1),
      name);
  }

  /// A group of its own, and signals as a shell would hand them over: nodes
  /// block and ignore some.
  void isolate(const std::string& name) {
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    check(posix_spawnattr_setsigmask(&attributes_, &none), name);
    check(posix_spawnattr_setsigdefault(&attributes_, &all), name);
    check(posix_spawnattr_setpgroup(&attributes_, 0), name);
    check(posix_spawnattr_setflags(&attributes_,
                                   static_cast<short>(POSIX_SPAWN_SETSIGMASK
                                                      | POSIX_SPAWN_SETSIGDEF
                                                      | POSIX_SPAWN_SETPGROUP)),
          name);
  }

  pid_t run(std::vector<std::string> command, std::string mark) const {
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (auto& one : command)
      arguments.push_back(one.data());
    arguments.push_back(nullptr);
    std::vector<char*> variables;
    // Ours may be of that name, if we have been marked likewise.
    auto name = mark.substr(0, mark.find('=') + 1);
    for (auto** one = environ; *one; ++one)
      if (name.empty() || !std::string_view{*one}.starts_with(name))
        variables.push_back(*one);
    if (!mark.empty())
      variables.push_back(mark.data());
    variables.push_back(nullptr);
    pid_t result = 0;
    check(posix_spawnp(&result, arguments[0], &actions_, &attributes_,
                       arguments.data(), variables.data()),
          command[0]);
    return result;
  }

private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

process_end to_end(int status) {
  if (WIFSIGNALED(status))
    return {0, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

} // namespace

std::string to_string(const process_end& x) {
  if (x.signal != 0)
    return "was killed by signal " + std::to_string(x.signal);
  return "ended with status " + std::to_string(x.status);
}

child_process::child_process(const std::vector<std::string>& command,
                             const std::filesystem::path& output,
                             const std::string& mark)
  : output_(output) {
  assert(!command.empty());
  std::error_code not_there;
  auto size = std::filesystem::file_size(output_, not_there);
  printed_before_ = not_there ? 0 : size;
  spawn_setup setup;
  setup.route(output_, command[0]);
  setup.isolate(command[0]);
  id_ = setup.run(command, mark);
}

child_process::~child_process() {
  if (end_)
    return;
  send(SIGKILL);
  int status = 0;
  while (waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
}

void child_process::stop(time_point now, std::chrono::microseconds patience) {
  if (end_ || kill_at_)
    return;
  kill_at_ = now + patience;
  send(SIGTERM);
}

std::optional<process_end> child_process::poll(time_point now) {
  if (end_)
    return end_;
  int status = 0;
  auto reaped = waitpid(id_, &status, WNOHANG);
  if (reaped == id_)
    end_ = to_end(status);
  else if (kill_at_ && now >= *kill_at_)
    send(SIGKILL);
  return end_;
}

std::string child_process::last_line() const {
  constexpr std::uintmax_t tail = 4096;
  std::ifstream in{output_, std::ios::binary};
  in.seekg(0, std::ios::end);
  auto size = in.tellg();
  if (!in || size < 0)
    return {};
  auto all = static_cast<std::uintmax_t>(size);
  auto begin = std::max(printed_before_, all > tail ? all - tail : 0);
  in.seekg(static_cast<std::streamoff>(begin));
  std::string result;
  for (std::string line; std::getline(in, line);)
    if (!line.empty())
      result = line;
  for (auto& c : result)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = ' ';
  return result.substr(0, longest_line);
}

void child_process::send(int signal) const {
  kill(-id_, signal);
}

} // namespace braid
