// How much may have arrived and not have been taken in yet, where what arrives
// comes faster than it can be taken in: state that is restored.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace braid {

/// Counts bytes. Thread-safe; owned by a shared_ptr.
class arrival_window : public std::enable_shared_from_this<arrival_window> {
public:
  /// There is room while fewer than `limit` bytes are under way.
  explicit arrival_window(std::uint64_t limit) : limit_(limit) {}

  /// Bytes that have arrived are under way until the last copy of the ticket
  /// is let go, on whichever thread.
  using ticket = std::shared_ptr<const void>;
  ticket take(std::uint64_t bytes);

  /// Whether more may come. If not, `then` is called once, when it may again,
  /// on the thread that lets a ticket go: it must not block.
  bool has_room(std::function<void()> then);

private:
  void give_back(std::uint64_t bytes);

  const std::uint64_t limit_;
  std::mutex mutex_;
  std::uint64_t under_way_ = 0;
  std::vector<std::function<void()>> waiting_;
};

} // namespace braid
