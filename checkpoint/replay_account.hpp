// How much memory the replay buffers of a node may hold, and what happens as
// it fills: first an early checkpoint, which will free it, then no more data.
#pragma once

#include <atomic>
#include <cassert>
#include <cstdint>
#include <functional>
#include <utility>

namespace braid {

/// Counts the bytes that many replay buffers hold together, against one limit.
/// The limit stops data, never epochs: a close is always taken, because the
/// epoch that it ends may be the one whose checkpoint frees the buffers. For
/// the same reason nothing here refuses a batch: sources ask before they make
/// data, and what is under way already is taken in.
///
/// Buffers on several threads may share an account; the answers are then as
/// old as the question.
class replay_account {
public:
  /// `limit` and `reserve` in bytes; data stops when all but the reserve is
  /// held. That is for what is under way by then: epochs in flight and, where
  /// epochs cannot be empty, those up to the checkpoint that frees the
  /// buffers. Throws `std::invalid_argument` unless it is smaller than the
  /// limit.
  explicit replay_account(std::uint64_t limit, std::uint64_t reserve = 0);

  replay_account(const replay_account&) = delete;
  replay_account& operator=(const replay_account&) = delete;

  /// Called whenever data may be added again, on the thread that made room. To
  /// be set before buffers use the account.
  void on_room(std::function<void()> call) {
    on_room_ = std::move(call);
  }

  /// Sources may make data.
  bool may_add_data() const {
    return held() < for_data();
  }

  /// Half of what data may use is taken: a checkpoint should not wait for its
  /// time. Stays true until buffers are trimmed, so name one at a time.
  bool wants_checkpoint() const {
    return held() >= for_data() / 2;
  }

  std::uint64_t held() const {
    return held_.load(std::memory_order_relaxed);
  }

  std::uint64_t limit() const {
    return limit_;
  }

  /// For buffers: they hold `bytes` more, or fewer.
  void add(std::uint64_t bytes) {
    held_.fetch_add(bytes, std::memory_order_relaxed);
  }

  void remove(std::uint64_t bytes) {
    auto before = held_.fetch_sub(bytes, std::memory_order_relaxed);
    assert(before >= bytes);
    if (before >= for_data() && before - bytes < for_data() && on_room_)
      on_room_();
  }

private:
  std::uint64_t for_data() const {
    return limit_ - reserve_;
  }

  std::uint64_t limit_;
  std::uint64_t reserve_;
  std::atomic<std::uint64_t> held_ = 0;
  std::function<void()> on_room_;
};

} // namespace braid
