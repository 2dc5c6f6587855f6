#include "scaling/load.hpp"

#include <utility>

namespace braid {

std::string to_string(partition_state x) {
  switch (x) {
    case partition_state::waiting:
      return "waiting";
    case partition_state::blocked:
      return "blocked";
    case partition_state::held:
      return "held";
    case partition_state::busy:
      return "busy";
    case partition_state::done:
      return "done";
    case partition_state::failed:
      return "failed";
    case partition_state::stopped:
      return "stopped";
    case partition_state::shadow:
      return "shadow";
    case partition_state::handed_over:
      return "handed over";
  }
  return "unknown";
}

namespace {

/// What is counted, and what has not ended since `since`; 0: nothing has begun.
std::uint64_t until(std::int64_t now, std::uint64_t counted,
                    std::int64_t since) {
  auto unfinished = since == 0 || since > now ? 0 : now - since;
  return counted + static_cast<std::uint64_t>(unfinished);
}

} // namespace

std::uint64_t partition_load::busy_until(std::int64_t now) const {
  return until(now, busy_ns, busy_since_ns);
}

std::uint64_t partition_load::blocked_until(std::int64_t now) const {
  return until(now, blocked_ns, blocked_since_ns);
}

void partition_load::set_hot_key(const hot_key& key) {
  std::lock_guard guard{hot_key_mutex_};
  hot_key_ = key;
}

std::optional<hot_key> partition_load::take_hot_key() const {
  std::lock_guard guard{hot_key_mutex_};
  return std::exchange(hot_key_, std::nullopt);
}

void partition_load::note_blocked(bool blocked, std::int64_t now) {
  std::int64_t since = blocked_since_ns;
  if (blocked == (since != 0))
    return;
  if (!blocked)
    blocked_ns += static_cast<std::uint64_t>(now - since);
  blocked_since_ns = blocked ? now : 0;
}

} // namespace braid
