// Which epoch is the next after which all partitions take a checkpoint.
#pragma once

#include "operators/epoch.hpp"

#include <algorithm>
#include <optional>

namespace braid {

/// Names epochs a little ahead of all sources, one at a time. A source refuses
/// an epoch that it has closed already; the next one is named further ahead.
/// Pure: time passes in ticks, one an interval.
class checkpoint_naming {
public:
  /// Whether it is time to name an epoch: none is on its way, or one for so
  /// long that it must have got lost.
  bool on_tick() {
    if (named_ == 0)
      return true;
    if (++waited_ < patience)
      return false;
    named_ = 0;
    return true;
  }

  /// The epoch to name when the furthest source was at `newest`.
  epoch_number name(epoch_number newest) {
    waited_ = 0;
    named_ = newest + margin_;
    return named_;
  }

  void on_stable(epoch_number epoch) {
    if (named_ == 0 || epoch < named_)
      return;
    named_ = 0;
    margin_ = std::max(margin_ - margin_ / 4, least);
  }

  void on_refused(epoch_number epoch) {
    if (epoch != named_)
      return;
    named_ = 0;
    margin_ = std::min(2 * margin_, most);
  }

  /// What is on its way will not be complete: something was lost.
  void on_loss() {
    named_ = 0;
  }

private:
  static constexpr epoch_number least = 4;
  static constexpr epoch_number most = 1 << 12;
  static constexpr unsigned patience = 30;

  epoch_number margin_ = least;
  epoch_number named_ = 0; ///< 0: none is on its way
  unsigned waited_ = 0;
};

} // namespace braid
