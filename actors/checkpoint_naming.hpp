// Which epoch is the next after which all partitions take a checkpoint.
#pragma once

#include "operators/epoch.hpp"

#include <algorithm>

namespace braid {

/// Names epochs a little ahead of all sources, since a source refuses an epoch
/// that it has closed, and then the checkpoint never is complete. Pure.
class checkpoint_naming {
public:
  /// The epoch to name when the furthest source was at `newest`. If the one
  /// named before did not become stable meanwhile, a source may have been past
  /// it: the next is further ahead.
  epoch_number name(epoch_number newest) {
    if (named_ != 0 && stable_ < named_)
      margin_ = std::min(2 * margin_, most_);
    else
      margin_ = std::max(margin_ / 2, least_);
    named_ = std::max(newest, named_) + margin_;
    return named_;
  }

  void on_stable(epoch_number epoch) {
    stable_ = std::max(stable_, epoch);
  }

private:
  static constexpr epoch_number least_ = 4;
  static constexpr epoch_number most_ = 1 << 16;

  epoch_number margin_ = least_;
  epoch_number named_ = 0;
  epoch_number stable_ = 0;
};

} // namespace braid
