#include "tools/stop_signals.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <string_view>
#include <unistd.h>

namespace braid {

namespace {

int take(const sigset_t& signals, std::chrono::microseconds limit) {
  auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    auto left = std::max(deadline - std::chrono::steady_clock::now(),
                         std::chrono::steady_clock::duration::zero());
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    timespec wait{seconds.count(),
                  std::chrono::nanoseconds{left - seconds}.count()};
    auto taken = sigtimedwait(&signals, nullptr, &wait);
    if (taken > 0)
      return taken;
    if (errno != EINTR)
      return 0;
  }
}

} // namespace

stop_signals::stop_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
}

stop_signals::~stop_signals() {
  if (watchdog_.joinable()) {
    called_off_ = true;
    pthread_kill(watchdog_.native_handle(), SIGINT);
    watchdog_.join();
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int stop_signals::wait() const {
  for (;;)
    if (auto taken = wait_for(std::chrono::hours{24}))
      return taken;
}

int stop_signals::wait_for(std::chrono::microseconds limit) const {
  return take(signals_, limit);
}

void stop_signals::end_within(std::chrono::microseconds limit, int status) {
  watchdog_ = std::thread{[this, limit, status] {
    take(signals_, limit);
    if (called_off_)
      return;
    constexpr std::string_view text = "did not end in time: leaving at once\n";
    [[maybe_unused]] auto written =
      write(STDERR_FILENO, text.data(), text.size());
    _exit(status);
  }};
}

} // namespace braid
