#include "operators/operator_instance.hpp"

#include "operators/state_fold.hpp"

#include <cassert>
#include <utility>

namespace braid {

const edge_target& instance_setup::target(edge_id edge) const {
  for (auto& candidate : targets)
    if (candidate.edge == edge)
      return candidate;
  assert(!"an operator's chain ends in an edge that is not its own");
  std::abort();
}

void operator_instance::save_changes(std::uint32_t local, byte_buffer& out) {
  auto earlier = unsaved_.extract(local);
  if (earlier.empty())
    return states_.save_changes(local, out);
  byte_buffer changes;
  states_.save_changes(local, changes);
  out.append(fold(earlier.mapped().bytes(), changes.bytes()));
}

void operator_instance::freeze(std::uint32_t local, record_extent extent) {
  if (!unsaved_.contains(local))
    return states_.freeze(local, extent);
  auto& bytes = frozen_[local];
  if (extent == record_extent::changes)
    return save_changes(local, bytes);
  save_slice(local, bytes);
  forget_changes(local);
}

void operator_instance::save_frozen(std::uint32_t local, byte_buffer& out) {
  auto written = frozen_.extract(local);
  if (written.empty())
    states_.save_frozen(local, out);
  else
    out.append(written.mapped().bytes());
}

void round_trip(operator_instance& instance, const instance_setup& setup,
                std::uint32_t local) {
  byte_buffer before;
  instance.save_slice(local, before);
  auto unsaved = instance.unsaved_.extract(local);
  auto changed = instance.states_.changed(local);
  byte_buffer changes;
  instance.states_.save_changes(local, changes);
  auto copy = instance.copies_.find(local);
  auto stored = copy == instance.copies_.end()
                  ? before
                  : fold(copy->second.bytes(), changes.bytes());
  instance.load_slice(local, stored.bytes());
  instance.copies_[local] = std::move(stored);
  if (!unsaved.empty())
    changes = fold(unsaved.mapped().bytes(), changes.bytes());
  if (changed || !unsaved.empty())
    instance.unsaved_[local] = std::move(changes);
  byte_buffer after;
  instance.save_slice(local, after);
  if (!(before == after))
    throw operator_error{"operator '" + setup.operator_name
                         + "': state changes when it is saved and loaded; its "
                           "serialize function must restore all of it, in an "
                           "order that depends on contents only"};
}

} // namespace braid
