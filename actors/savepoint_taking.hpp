// When the epoch of a savepoint is named, and when its copies are gathered.
#pragma once

#include "actors/checkpoint_naming.hpp"

namespace braid {

/// The way of one savepoint to its epoch. Learns first how fast sources are,
/// then names epochs just ahead of them until one is stable that ended after
/// the savepoint was ordered. Pure: is told the time.
class savepoint_taking {
public:
  using time = checkpoint_naming::time;

  explicit savepoint_taking(time now) : naming_(pace, now - pace) {}

  /// Returns whether to ask sources how far they are.
  bool is_due(time now) {
    return !gathering_ && naming_.is_due(now);
  }

  /// The furthest source is at `newest`. Returns the epoch to name, or 0 if it
  /// is too early for that.
  epoch_number on_newest(epoch_number newest, time now) {
    if (naming_.named() != 0 || gathering_)
      return 0;
    if (knows_pace_)
      return naming_.name(newest, now);
    knows_pace_ = true;
    after_ = newest;
    naming_ = {pace, now, newest};
    return 0;
  }

  void on_refused(epoch_number epoch) {
    naming_.on_refused(epoch);
  }

  /// Nodes were lost, or no longer hold what was to be gathered.
  void on_loss() {
    naming_.on_loss();
    gathering_ = false;
  }

  /// Returns whether copies of `epoch`, the stable one, are to be gathered now.
  bool on_stable(epoch_number epoch, time now) {
    if (!knows_pace_ || gathering_ || epoch <= after_)
      return false;
    naming_.on_stable(epoch, now);
    after_ = epoch;
    gathering_ = true;
    return true;
  }

  /// The epoch on its way; 0: none.
  epoch_number named() const {
    return naming_.named();
  }

private:
  static constexpr std::chrono::milliseconds pace{100};

  checkpoint_naming naming_;
  epoch_number after_ = 0; ///< later ones will do
  bool knows_pace_ = false;
  bool gathering_ = false;
};

} // namespace braid
