// When a partition asks for a checkpoint before its time (DESIGN 4).
#pragma once

#include "checkpoint/replay_account.hpp"

#include "operators/epoch.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

namespace braid {

/// One partition's view. It asks when the replay buffers of its node are half
/// full, and when what it would have to do again after a loss comes near the
/// replay budget; then not again before some epoch has become stable. Pure, and
/// asked once an epoch.
class early_checkpoint {
public:
  struct settings {
    /// Work since the last checkpoint stays below it; 0: no matter how much.
    std::chrono::nanoseconds budget{0};
    /// Of the node's replay buffers; null: they may grow.
    std::shared_ptr<const replay_account> account;
  };

  explicit early_checkpoint(settings how) : how_(std::move(how)) {}

  /// Whether to ask for one now that `epoch` is processed. `busy_ns`:
  /// nanoseconds spent processing so far.
  bool ask(epoch_number epoch, std::uint64_t busy_ns) {
    if (asked_ || epoch <= stable_ || !is_wanted(busy_ns))
      return false;
    asked_ = true;
    return true;
  }

  /// A checkpoint is taken: from here on all would be done again.
  void on_checkpoint(std::uint64_t busy_ns) {
    busy_before_ = busy_ns;
  }

  void on_stable(epoch_number epoch) {
    stable_ = epoch;
    asked_ = false;
  }

private:
  // A checkpoint takes a while to become stable; half of the budget is for the
  // work in that time.
  bool is_wanted(std::uint64_t busy_ns) const {
    if (how_.account && how_.account->wants_checkpoint())
      return true;
    auto budget = static_cast<std::uint64_t>(how_.budget.count());
    return budget != 0 && busy_ns - busy_before_ >= budget / 2;
  }

  settings how_;
  std::uint64_t busy_before_ = 0; ///< the last checkpoint
  epoch_number stable_ = 0;
  bool asked_ = false; ///< since the last stable epoch
};

} // namespace braid
