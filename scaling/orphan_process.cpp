#include "scaling/orphan_process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace braid {

namespace {

/// The process whose folder below /proc is called `name`; 0: that is none.
pid_t process_of(const std::string& name) {
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  constexpr std::size_t most_digits = 9;
  if (name.empty() || name.size() > most_digits
      || !std::all_of(name.begin(), name.end(), is_digit))
    return 0;
  return static_cast<pid_t>(std::stol(name));
}

bool has_mark(const std::filesystem::path& process, const std::string& mark) {
  std::ifstream in{process / "environ", std::ios::binary};
  for (std::string variable; std::getline(in, variable, '\0');)
    if (variable == mark)
      return true;
  return false;
}

// The library's header of glibc 2.36 cannot be used from C++.
int open_process(pid_t id) {
  return static_cast<int>(syscall(SYS_pidfd_open, id, 0));
}

} // namespace

std::optional<pid_t> orphan_process::find(const std::string& mark) {
  std::error_code error;
  std::filesystem::directory_iterator each{"/proc", error};
  for (; !error && each != std::filesystem::directory_iterator{};
       each.increment(error)) {
    auto id = process_of(each->path().filename().string());
    if (id > 0 && getpgid(id) == id && has_mark(each->path(), mark))
      return id;
  }
  return std::nullopt;
}

orphan_process::orphan_process(pid_t id)
  : id_(id), descriptor_(open_process(id)) {
  if (descriptor_ < 0)
    throw std::system_error{errno, std::generic_category(),
                            "cannot watch process " + std::to_string(id)};
}

orphan_process::~orphan_process() {
  if (!await_end(0)) {
    send(SIGKILL);
    await_end(-1);
  }
  close(descriptor_);
}

void orphan_process::stop(time_point now, std::chrono::microseconds patience) {
  if (kill_at_ || await_end(0))
    return;
  kill_at_ = now + patience;
  send(SIGTERM);
}

bool orphan_process::poll(time_point now) {
  if (!await_end(0) && kill_at_ && now >= *kill_at_)
    send(SIGKILL);
  return ended_;
}

/// Returns whether it has ended; waits for that at most so long, or, if the
/// time is negative, for as long as it takes.
bool orphan_process::await_end(int milliseconds) {
  pollfd watched{descriptor_, POLLIN, 0};
  while (!ended_) {
    auto ready = ::poll(&watched, 1, milliseconds);
    ended_ = ready > 0;
    if (ready >= 0 || errno != EINTR)
      break;
  }
  return ended_;
}

/// While it runs, its group is its own.
void orphan_process::send(int signal) const {
  kill(-id_, signal);
}

} // namespace braid
