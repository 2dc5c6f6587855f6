#include "tests/cluster/process.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace braid::testing {

namespace {

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts)
    result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string>
with_environment(const std::vector<std::string>& added) {
  auto result = added;
  for (char** each = environ; *each; ++each) {
    std::string text = *each;
    auto name = text.substr(0, text.find('=') + 1);
    auto replaced = false;
    for (auto& other : added)
      replaced = replaced || other.starts_with(name);
    // What the tests' own environment says about clusters is not meant here.
    if (!replaced && name != "BRAID_NODE=")
      result.push_back(std::move(text));
  }
  return result;
}

[[noreturn]] void fail(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

} // namespace

process::process(std::vector<std::string> command,
                 const std::vector<std::string>& environment)
  : name_(command.at(0)) {
  auto variables = with_environment(environment);
  // After fork only what is safe in a process of many threads.
  auto arguments = pointers_to(command);
  auto environment_pointers = pointers_to(variables);
  int writing[2];
  for (int i = 0; i < 2; ++i) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
      fail("pipe2");
    pipes_[i] = ends[0];
    writing[i] = ends[1];
  }
  pid_ = fork();
  if (pid_ < 0)
    fail("fork");
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    auto nothing = open("/dev/null", O_RDONLY);
    if (dup2(nothing, 0) == 0 && dup2(writing[0], 1) == 1
        && dup2(writing[1], 2) == 2)
      execve(arguments[0], arguments.data(), environment_pointers.data());
    _exit(127);
  }
  close(writing[0]);
  close(writing[1]);
  reader_ = std::thread{[this] { attend(); }};
}

process::~process() {
  send(SIGKILL);
  reader_.join();
  close(pipes_[0]);
  close(pipes_[1]);
}

void process::send(int signal) {
  // Once it is reaped, the id may be somebody else's.
  std::lock_guard guard{mutex_};
  if (!over_)
    kill(pid_, signal);
}

/// Reads what it prints until it has ended, and reaps it.
void process::attend() {
  while (read_some()) {
  }
  // Not reaped yet, so that `send` cannot hit another process.
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0
         && errno == EINTR) {
  }
  std::lock_guard guard{mutex_};
  int status = 0;
  waitpid(pid_, &status, 0);
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  over_ = true;
  changed_.notify_all();
}

/// False at the end of both pipes.
bool process::read_some() {
  pollfd polled[2] = {{pipes_[0], POLLIN, 0}, {pipes_[1], POLLIN, 0}};
  if (poll(polled, 2, -1) < 0)
    return errno == EINTR;
  auto open = false;
  for (int i = 0; i < 2; ++i) {
    if (polled[i].revents == 0) {
      open = true;
      continue;
    }
    char bytes[4096];
    auto count = read(pipes_[i], bytes, sizeof bytes);
    open = open || count > 0;
    if (count > 0) {
      std::lock_guard guard{mutex_};
      printed_[i].append(bytes, static_cast<std::size_t>(count));
      changed_.notify_all();
    }
  }
  return open;
}

/// For messages about a process that disappointed. The caller holds the mutex.
std::string process::story() const {
  return name_
         + (over_ ? " has ended with " + std::to_string(status_)
                  : std::string{" still runs"})
         + "; it printed:\n" + printed_[0] + printed_[1];
}

std::string process::line(const std::string& prefix) {
  std::unique_lock guard{mutex_};
  std::string found;
  auto there = [&] {
    auto text = '\n' + printed_[0];
    auto begin = text.find('\n' + prefix);
    if (begin == text.npos)
      return false;
    auto end = text.find('\n', begin + 1);
    found = text.substr(begin + 1, end - begin - 1);
    return end != text.npos;
  };
  changed_.wait_for(guard, patience, [&] { return there() || over_; });
  if (!there())
    throw std::runtime_error{"no line \"" + prefix + "...\": " + story()};
  return found;
}

void process::complaint(const std::string& text) {
  std::unique_lock guard{mutex_};
  auto there = [&] { return printed_[1].find(text) != std::string::npos; };
  changed_.wait_for(guard, patience, [&] { return there() || over_; });
  if (!there())
    throw std::runtime_error{"no \"" + text + "\" in: " + story()};
}

int process::wait(std::chrono::milliseconds limit) {
  std::unique_lock guard{mutex_};
  if (!changed_.wait_for(guard, limit, [&] { return over_; }))
    throw std::runtime_error{"it does not end: " + story()};
  return status_;
}

std::string process::output() const {
  std::lock_guard guard{mutex_};
  return printed_[0];
}

std::string process::errors() const {
  std::lock_guard guard{mutex_};
  return printed_[1];
}

ended run_to_end(std::vector<std::string> command,
                 const std::vector<std::string>& environment) {
  process running{std::move(command), environment};
  auto status = running.wait();
  return {status, running.output(), running.errors()};
}

std::string program(const std::string& name) {
  return std::string{BRAID_BIN_DIR} + '/' + name;
}

} // namespace braid::testing
