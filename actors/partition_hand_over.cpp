// What hand-overs mean for a partition of an operator: as one downstream of
// them, as an origin, as a successor. What they mean upstream is
// `downstream_changes`.
#include "actors/partition.hpp"

#include <algorithm>

namespace braid {

namespace {

auto same_as(const hand_over& what) {
  return [&what](const hand_over& other) { return other.is_same(what); };
}

} // namespace

void operator_partition::on_placement(const assignment& owners,
                                      const std::vector<hand_over>& under_way) {
  downstream_.adopt(owners, under_way, {*out_, flow_, instance_->edges()});
  adopt_upstream(owners, under_way);
  adopt_own(owners, under_way);
}

// -- upstream -----------------------------------------------------------------

void operator_partition::adopt_upstream(
  const assignment& owners, const std::vector<hand_over>& under_way) {
  for (auto& known : upstream_changes_)
    if (std::none_of(under_way.begin(), under_way.end(), same_as(known)))
      end_upstream(known, owners);
  for (auto& what : under_way)
    if (std::none_of(upstream_changes_.begin(), upstream_changes_.end(),
                     same_as(what)))
      begin_upstream(what);
  upstream_changes_ = under_way;
}

void operator_partition::begin_upstream(const hand_over& what) {
  for (auto& edge : inputs_)
    if (edge.from == what.of)
      for (auto& successor : what.successors) {
        auto& made = upstreams_[{edge.id, successor.index}];
        made.generation = what.generation;
        made.silent = true;
      }
}

/// Whoever is gone has closed all that it ever will. Origins that go on are
/// heard again from where their channels begin anew: what they have sent since
/// successors were listened to instead is missing here.
void operator_partition::end_upstream(const hand_over& what,
                                      const assignment& owners) {
  auto drop = [&](edge_id edge, partition_index index) {
    alignment_.forget(edge, index);
    upstreams_.erase({edge, index});
  };
  auto aborted = !has_taken_place(what, owners);
  for (auto& edge : inputs_) {
    if (edge.from != what.of)
      continue;
    if (!aborted)
      listen_to_successors(edge.id, what);
    for (auto origin : what.origins)
      if (!aborted)
        drop(edge.id, origin);
    for (auto& successor : what.successors)
      if (aborted)
        drop(edge.id, successor.index);
  }
  note_load();
}

/// Once all origins have stopped, their successors are asked for all that is
/// not finished here. What they send of epochs that are closed is passed over.
void operator_partition::on_handed_over(const close_notice& notice) {
  upstreams_.at({notice.edge, notice.from}).handed_over = true;
  for (auto& what : upstream_changes_) {
    auto edge = std::find_if(inputs_.begin(), inputs_.end(),
                             [&](auto& x) { return x.id == notice.edge; });
    if (!what.is_origin({edge->from, notice.from}))
      continue;
    auto all =
      std::all_of(what.origins.begin(), what.origins.end(), [&](auto index) {
        return upstreams_.at({edge->id, index}).handed_over;
      });
    if (all)
      listen_to_successors(edge->id, what);
  }
}

void operator_partition::listen_to_successors(edge_id edge,
                                              const hand_over& what) {
  for (auto origin : what.origins) {
    upstreams_.at({edge, origin}).silent = true;
    alignment_.forget(edge, origin);
  }
  note_load();
  for (auto& successor : what.successors) {
    auto& from = upstreams_.at({edge, successor.index});
    if (std::exchange(from.silent, false) && may_ask_)
      send_credit({edge, successor.index}, from, alignment_.next() - 1);
  }
}

// -- origins and successors ---------------------------------------------------

epoch_number operator_partition::stop_for_successors() {
  if (!std::exchange(stopped_, true)) {
    out_->stop(place_.index, alignment_.next());
    load_->state = partition_state::handed_over;
  }
  return alignment_.next();
}

void operator_partition::adopt_own(const assignment& owners,
                                   const std::vector<hand_over>& under_way) {
  auto& table = owners[place_.id].table;
  auto hosts = table[hosted_.id(0)] == place_.index;
  auto is_origin = std::any_of(under_way.begin(), under_way.end(),
                               [&](auto& x) { return x.is_origin(place_); });
  shadow_ = shadow_ && !hosts;
  // The hand-over was aborted.
  if (stopped_ && hosts && !is_origin) {
    stopped_ = false;
    out_->go_on();
    load_->state = done_ ? partition_state::done : partition_state::waiting;
  }
}

/// A shadow has caught up once it is within the epochs that may be in flight of
/// what there is upstream.
void operator_partition::note_newest(epoch_number newest) {
  if (!shadow_ || told_caught_up_)
    return;
  newest_upstream_ = std::max(newest_upstream_, newest);
  auto finished = alignment_.next() - 1;
  auto near =
    newest_upstream_ != 0 && newest_upstream_ <= finished + flow_.in_flight();
  if (!near && !done_)
    return;
  told_caught_up_ = true;
  out_->direct().tell_caught_up();
}

} // namespace braid
