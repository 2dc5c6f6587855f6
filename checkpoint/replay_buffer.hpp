// What a partition sent, kept until nobody can need it again.
#pragma once

#include "checkpoint/replay_account.hpp"

#include "operators/batch.hpp"
#include "operators/epoch.hpp"

#include <algorithm>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace braid {

/// Where a reader of a replay buffer stands: before batch `batch` of `epoch`,
/// or before the epoch's close if it has no more. A plain value that stays good
/// whatever happens to the buffer.
struct replay_cursor {
  epoch_number epoch = 1;
  std::size_t batch = 0;

  bool operator==(const replay_cursor&) const = default;
};

/// The end of the epochs `first` .. `last`, as it is read. All tuples are in
/// `first`; where a reader begins behind it, `tuples` is 0.
template <class Close>
struct replayed_close {
  epoch_number first = 0;
  epoch_number last = 0;
  std::uint64_t tuples = 0;
  const Close& close;
};

/// What one partition sends on one channel: the batches of the open epoch, and
/// of the closed ones since the last trim with their closes. A channel is a
/// cursor into it, for live and replayed epochs alike, so several readers (the
/// receiver, its shadow, its successor) can stand at different places.
///
/// `Close` is whatever of a close is not said by its epochs and tuples; where
/// it is large and the same on many channels, a shared pointer.
template <class Close>
class replay_buffer {
public:
  /// The first epoch to be sent is the one after `closed`. The buffer's bytes
  /// count in `account`, if there is one, until they are trimmed or the buffer
  /// is gone.
  explicit replay_buffer(epoch_number closed = 0,
                         std::shared_ptr<replay_account> account = nullptr)
    : trimmed_(closed), closed_(closed), account_(std::move(account)) {}

  replay_buffer(const replay_buffer&) = delete;
  replay_buffer& operator=(const replay_buffer&) = delete;

  ~replay_buffer() {
    release(bytes_);
  }

  /// More of the open epoch. Empty batches are not kept.
  void append(batch_ptr tuples) {
    assert(tuples);
    if (tuples->size() == 0)
      return;
    hold(tuples->bytes());
    open_.bytes += tuples->bytes();
    open_.tuples += tuples->size();
    open_.batches.push_back(std::move(tuples));
  }

  /// Ends the open epoch and, up to `last`, empty ones behind it.
  void close(epoch_number last, Close close) {
    assert(last > closed_);
    hold(close_bytes);
    open_.bytes += close_bytes;
    epochs_.push_back(
      {std::exchange(open_, {}), closed_ + 1, last, std::move(close)});
    closed_ = last;
  }

  /// Drops all epochs up to `epoch`, which must be closed. Cursors that stand
  /// in them go on behind them. Trimming less than before does nothing.
  void trim(epoch_number epoch) {
    assert(epoch <= closed_);
    if (epoch <= trimmed_)
      return;
    trimmed_ = epoch;
    while (!epochs_.empty() && epochs_.front().last <= epoch) {
      release(epochs_.front().content.bytes);
      bytes_ -= epochs_.front().content.bytes;
      epochs_.pop_front();
    }
    if (!epochs_.empty() && epochs_.front().first <= epoch)
      empty_front(epoch + 1);
  }

  /// A cursor before everything after `epoch`, of which nothing need exist
  /// yet. What is trimmed already is left out: check `trimmed()` where that
  /// would be a loss.
  replay_cursor from(epoch_number epoch) const {
    return {epoch + 1, 0};
  }

  /// Reads what comes next at the cursor, batches before closes, and moves it
  /// on: calls `on_batch(epoch, const batch_ptr&)` or `on_close(const
  /// replayed_close<Close>&)`, which must not change the buffer. Returns false
  /// if nothing is there yet.
  template <std::invocable<epoch_number, const batch_ptr&> OnBatch,
            std::invocable<const replayed_close<Close>&> OnClose>
  bool next(replay_cursor& at, OnBatch&& on_batch, OnClose&& on_close) const {
    if (at.epoch <= trimmed_)
      at = {trimmed_ + 1, 0};
    if (at.epoch > closed_)
      return next_batch(open_, closed_ + 1, at, on_batch);
    if (auto close = close_at(at)) {
      at = {close->last + 1, 0};
      on_close(std::as_const(*close));
      return true;
    }
    auto& closed = find(at.epoch);
    return next_batch(closed.content, closed.first, at, on_batch);
  }

  /// The close that `next` would read; nothing if that is a batch, or nothing
  /// is there yet.
  std::optional<replayed_close<Close>> close_at(replay_cursor at) const {
    if (at.epoch <= trimmed_)
      at = {trimmed_ + 1, 0};
    if (at.epoch > closed_)
      return std::nullopt;
    auto& closed = find(at.epoch);
    auto whole = at.epoch == closed.first;
    if (whole && at.batch < closed.content.batches.size())
      return std::nullopt;
    return replayed_close<Close>{
      at.epoch, closed.last, whole ? closed.content.tuples : 0, closed.close};
  }

  /// The newest closed epoch.
  epoch_number closed() const {
    return closed_;
  }

  /// All epochs up to this one are gone.
  epoch_number trimmed() const {
    return trimmed_;
  }

  /// About how much memory the buffer holds. Batches that it shares with
  /// others, as those of a broadcast, count in each.
  std::uint64_t bytes() const {
    return bytes_;
  }

  /// How many bytes the epochs up to `epoch` hold: what a trim would free.
  std::uint64_t bytes_up_to(epoch_number epoch) const {
    std::uint64_t result = 0;
    for (auto& closed : epochs_) {
      if (closed.last > epoch) {
        if (closed.first <= epoch)
          result += closed.content.bytes - close_bytes;
        break;
      }
      result += closed.content.bytes;
    }
    return result;
  }

private:
  struct epoch_content {
    std::vector<batch_ptr> batches;
    std::uint64_t tuples = 0;
    std::uint64_t bytes = 0;
  };

  struct closed_epochs {
    epoch_content content; ///< of `first`
    epoch_number first;
    epoch_number last;
    Close close;
  };

  static constexpr std::uint64_t close_bytes = sizeof(closed_epochs);

  void hold(std::uint64_t bytes) {
    bytes_ += bytes;
    if (account_)
      account_->add(bytes);
  }

  void release(std::uint64_t bytes) {
    if (account_)
      account_->remove(bytes);
  }

  /// The oldest epochs now begin with `first`, an empty one.
  void empty_front(epoch_number first) {
    auto& front = epochs_.front();
    auto freed = front.content.bytes - close_bytes;
    front.content = {};
    front.content.bytes = close_bytes;
    front.first = first;
    release(freed);
    bytes_ -= freed;
  }

  const closed_epochs& find(epoch_number epoch) const {
    auto before = [](const closed_epochs& x, epoch_number y) {
      return x.last < y;
    };
    auto found =
      std::lower_bound(epochs_.begin(), epochs_.end(), epoch, before);
    assert(found != epochs_.end() && found->first <= epoch);
    return *found;
  }

  template <class OnBatch>
  bool next_batch(const epoch_content& content, epoch_number epoch,
                  replay_cursor& at, OnBatch& on_batch) const {
    if (at.epoch != epoch || at.batch >= content.batches.size())
      return false;
    on_batch(epoch, content.batches[at.batch++]);
    return true;
  }

  epoch_content open_;
  std::deque<closed_epochs> epochs_;
  epoch_number trimmed_;
  epoch_number closed_;
  std::uint64_t bytes_ = 0;
  std::shared_ptr<replay_account> account_;
};

} // namespace braid
