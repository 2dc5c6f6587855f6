// When the epoch of a savepoint is named, and when its copies are gathered.
#pragma once

#include "actors/checkpoint_naming.hpp"

namespace braid {

/// The way of one savepoint to its epoch. Learns first how fast sources are,
/// then names epochs just ahead of them until one is stable that ended after
/// the savepoint was ordered. Pure: time passes in ticks.
class savepoint_taking {
public:
  /// Returns whether to ask sources how far they are.
  bool on_tick() {
    return !gathering_ && naming_.on_tick();
  }

  /// The furthest source is at `newest`. Returns the epoch to name, or 0 if it
  /// is too early for that.
  epoch_number on_newest(epoch_number newest) {
    if (naming_.named() != 0 || gathering_)
      return 0;
    if (knows_pace_)
      return naming_.name(newest);
    knows_pace_ = true;
    after_ = newest;
    naming_ = checkpoint_naming{newest};
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
  bool on_stable(epoch_number epoch) {
    if (!knows_pace_ || gathering_ || epoch <= after_)
      return false;
    naming_.on_stable(epoch);
    after_ = epoch;
    gathering_ = true;
    return true;
  }

  /// The epoch on its way; 0: none.
  epoch_number named() const {
    return naming_.named();
  }

private:
  checkpoint_naming naming_;
  epoch_number after_ = 0; ///< later ones will do
  bool knows_pace_ = false;
  bool gathering_ = false;
};

} // namespace braid
