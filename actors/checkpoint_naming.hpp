// Which epoch is the next after which all partitions take a checkpoint.
#pragma once

#include "operators/epoch.hpp"

#include <algorithm>

namespace braid {

/// Names epochs ahead of all sources, one at a time, as far as these come in a
/// quarter of a tick. A source refuses an epoch that it has closed already; the
/// next one is named further ahead. Pure: time passes in ticks, one an
/// interval between checkpoints.
class checkpoint_naming {
public:
  /// `newest`: how far sources are, or will begin.
  explicit checkpoint_naming(epoch_number newest = 0) : newest_(newest) {}

  /// Another epoch is named in place of the one on its way.
  void replace(epoch_number named) {
    named_ = named;
    waited_ = 0;
  }

  /// Whether it is time to name an epoch: none is on its way, or one for so
  /// long that it must have got lost.
  bool on_tick() {
    ++ticks_;
    if (named_ != 0 && ++waited_ >= patience)
      named_ = 0;
    return named_ == 0;
  }

  /// The epoch on its way; 0: none.
  epoch_number named() const {
    return named_;
  }

  /// The epoch to name when the furthest source was at `newest`.
  epoch_number name(epoch_number newest) {
    auto advanced = newest > newest_ ? newest - newest_ : 0;
    auto a_tick = advanced / std::max<epoch_number>(1, ticks_);
    newest_ = newest;
    ticks_ = 0;
    waited_ = 0;
    named_ = newest + factor_ * (least + a_tick / 4);
    return named_;
  }

  void on_stable(epoch_number epoch) {
    if (named_ == 0 || epoch < named_)
      return;
    named_ = 0;
    factor_ = 1;
  }

  void on_refused(epoch_number epoch) {
    if (epoch != named_)
      return;
    named_ = 0;
    factor_ = std::min(2 * factor_, most_factor);
  }

  /// What is on its way will not be complete: something was lost.
  void on_loss() {
    named_ = 0;
  }

private:
  static constexpr epoch_number least = 4;
  static constexpr epoch_number most_factor = 16;
  static constexpr unsigned patience = 30;

  epoch_number factor_ = 1;
  epoch_number named_ = 0; ///< 0: none is on its way
  epoch_number newest_;
  unsigned ticks_ = 0; ///< since one was named
  unsigned waited_ = 0;
};

} // namespace braid
