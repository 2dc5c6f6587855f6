// How much memory the replay buffers of a node may hold, and what happens as
// it fills: first an early checkpoint, which will free it, then no more data.
#pragma once

#include <atomic>
#include <cassert>
#include <cstdint>

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
  /// `limit` and `reserve` in bytes; the reserve is the part of the limit that
  /// only count mode's way to a checkpoint may use. Throws
  /// `std::invalid_argument` unless it is smaller than the limit.
  explicit replay_account(std::uint64_t limit, std::uint64_t reserve = 0);

  replay_account(const replay_account&) = delete;
  replay_account& operator=(const replay_account&) = delete;

  /// Sources may make data. Once it is false they close empty epochs, up to
  /// the checkpoint that frees the buffers.
  bool may_add_data() const {
    return held() < limit_ - reserve_;
  }

  /// Sources in count mode cannot close an epoch without its tuples: for
  /// epochs up to a checkpoint that is named already they may make data while
  /// this is true.
  bool may_use_reserve() const {
    return held() < limit_;
  }

  /// Half of what data may use is taken: a checkpoint should not wait for its
  /// time. Stays true until buffers are trimmed, so name one at a time.
  bool wants_checkpoint() const {
    return held() >= (limit_ - reserve_) / 2;
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
    [[maybe_unused]] auto before =
      held_.fetch_sub(bytes, std::memory_order_relaxed);
    assert(before >= bytes);
  }

private:
  std::uint64_t limit_;
  std::uint64_t reserve_;
  std::atomic<std::uint64_t> held_ = 0;
};

} // namespace braid
