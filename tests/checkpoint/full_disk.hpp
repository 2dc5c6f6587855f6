// A disk that takes no more, for tests of what happens then.
#pragma once

#include <csignal>
#include <sys/resource.h>

namespace braid {

/// While it lives, this process cannot make a file larger than `bytes`:
/// writing stops where a full disk would stop it, after a part.
class full_disk {
public:
  explicit full_disk(rlim_t bytes) : ignored_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    auto lower = before_;
    lower.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &lower);
  }

  full_disk(const full_disk&) = delete;
  full_disk& operator=(const full_disk&) = delete;

  ~full_disk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, ignored_);
  }

private:
  void (*ignored_)(int);
  rlimit before_ = {};
};

} // namespace braid
