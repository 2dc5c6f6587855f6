// Which epoch is the next after which all partitions take a checkpoint, and
// when it is named.
#pragma once

#include "operators/epoch.hpp"

#include <algorithm>
#include <chrono>

namespace braid {

/// Names epochs ahead of all sources, one at a time: one every interval, and
/// earlier if somebody wishes, but not before the last one has paid for itself:
/// as long again has passed as it took to become stable, and as long as is fair
/// for what it wrote. A source refuses an epoch that it has closed already; the
/// next one is named further ahead. Pure: is told the time.
class checkpoint_naming {
public:
  using clock = std::chrono::steady_clock;
  using duration = clock::duration;
  using time = clock::time_point;

  /// `newest`: how far sources are, or will begin.
  checkpoint_naming(duration interval, time now, epoch_number newest = 0)
    : interval_(interval), newest_(newest), counted_(now), begun_(now),
      rest_until_(now) {}

  /// Another epoch is named in place of the one on its way.
  void replace(epoch_number named, time now) {
    named_ = named;
    begun_ = now;
  }

  /// Whether it is time to name an epoch: none is on its way, or one for so
  /// long that it must have got lost.
  bool is_due(time now) {
    if (now < due_at())
      return false;
    named_ = 0;
    return true;
  }

  /// When that will be.
  time due_at() const {
    if (named_ != 0)
      return begun_ + std::min(patience * interval_, longest_patience);
    auto regular = begun_ + interval_;
    return is_owed() ? std::min(rest_until_, regular) : regular;
  }

  /// Whether one is wished for that is neither there nor on its way.
  bool is_owed() const {
    return named_ == 0 && wished_ > stable_;
  }

  /// The epoch on its way; 0: none.
  epoch_number named() const {
    return named_;
  }

  /// The epoch to name when the furthest partition was at `newest`.
  epoch_number name(epoch_number newest, time now) {
    auto advanced = newest > newest_ ? newest - newest_ : 0;
    auto passed = std::max<duration>(now - counted_, duration{1});
    auto lead = std::min(interval_ / 4, longest_lead);
    auto meanwhile = static_cast<double>(advanced)
                     * static_cast<double>(lead.count())
                     / static_cast<double>(passed.count());
    newest_ = newest;
    counted_ = begun_ = now;
    bytes_ = 0;
    named_ = newest + factor_ * (least + static_cast<epoch_number>(meanwhile));
    return named_;
  }

  /// Somebody wishes that an epoch from `epoch` on be stable soon.
  void on_wish(epoch_number epoch) {
    wished_ = std::max(wished_, epoch);
  }

  /// A partition's checkpoint of that epoch, of so many bytes, is backed up.
  void on_backed_up(epoch_number epoch, std::uint64_t bytes) {
    if (epoch == named_)
      bytes_ = std::max(bytes_, bytes);
  }

  void on_stable(epoch_number epoch, time now) {
    stable_ = std::max(stable_, epoch);
    if (named_ == 0 || epoch < named_)
      return;
    std::chrono::microseconds fair{bytes_ / early_bytes_per_us};
    rest_until_ =
      now + std::max(now - begun_, std::min<duration>(fair, longest_rest));
    named_ = 0;
    factor_ = 1;
  }

  void on_refused(epoch_number epoch) {
    if (epoch != named_)
      return;
    named_ = 0;
    factor_ = std::min(2 * factor_, most_factor);
  }

  /// Nobody will keep the checkpoint of that epoch, nor perhaps the next.
  void on_not_kept(epoch_number epoch, time now) {
    if (epoch != named_)
      return;
    named_ = 0;
    rest_until_ = now + std::max<duration>(now - begun_, least_pause);
  }

  /// What is on its way will not be complete: something was lost.
  void on_loss() {
    named_ = 0;
  }

private:
  static constexpr epoch_number least = 4;
  static constexpr epoch_number most_factor = 16;
  static constexpr unsigned patience = 30;
  static constexpr duration longest_patience = std::chrono::seconds{30};
  // What it takes to tell sources, with time to spare.
  static constexpr duration longest_lead = std::chrono::milliseconds{25};
  static constexpr duration least_pause = std::chrono::milliseconds{100};
  // Partitions write no more than 25 MB a second for checkpoints that come
  // early, a small part of what they could. But buffers fill meanwhile.
  static constexpr std::uint64_t early_bytes_per_us = 25;
  static constexpr duration longest_rest = std::chrono::seconds{1};

  duration interval_;
  epoch_number factor_ = 1;
  epoch_number named_ = 0; ///< 0: none is on its way
  epoch_number wished_ = 0;
  epoch_number stable_ = 0;
  epoch_number newest_ = 0;
  std::uint64_t bytes_ = 0; ///< of the largest part of the one on its way
  time counted_;            ///< when `newest_` was the newest
  time begun_;              ///< the last one
  time rest_until_;         ///< before that none is named early
};

} // namespace braid
