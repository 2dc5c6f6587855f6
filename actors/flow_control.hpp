// Back pressure by epochs in flight (DESIGN 3): how far a partition may run
// ahead of the partitions downstream.
#pragma once

#include "actors/protocol.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace braid {

/// The output side of one partition. Pure.
///
/// A partition begins epoch n only when every partition downstream has finished
/// n - `in_flight`: then it may send all of n, so memory is bounded by
/// `in_flight` epochs a channel, and no epoch waits for a later one.
class flow_control {
public:
  explicit flow_control(epoch_number in_flight) : in_flight_(in_flight) {}

  /// No epoch may be begun before the first `restart` of every channel that is
  /// not open.
  void add_channel(edge_id edge, partition_index downstream, bool open = true) {
    finished_[{edge, downstream}] = 0;
    if (!open)
      not_open_.insert({edge, downstream});
  }

  /// One that is not open, but holds nobody up before its first `restart`.
  void add_silent_channel(edge_id edge, partition_index downstream) {
    finished_[{edge, downstream}] = 0;
    silent_.insert({edge, downstream});
  }

  /// Partitions downstream that will take the place of others: an epoch may
  /// begin as soon as either the one or the other have come far enough.
  void add_successors(edge_id edge, std::vector<partition_index> origins,
                      std::vector<partition_index> successors) {
    for (auto each : successors)
      finished_[{edge, each}] = 0;
    changes_.push_back({edge, std::move(origins), std::move(successors)});
  }

  /// They have taken it, or, if `aborted`, never will.
  void end_change(edge_id edge, const std::vector<partition_index>& successors,
                  bool aborted) {
    auto found =
      std::find_if(changes_.begin(), changes_.end(), [&](auto& each) {
        return each.edge == edge && each.successors == successors;
      });
    if (found == changes_.end())
      return;
    for (auto gone : aborted ? found->successors : found->origins) {
      finished_.erase({edge, gone});
      not_open_.erase({edge, gone});
      silent_.erase({edge, gone});
      reported_.erase({edge, gone});
      full_.erase({edge, gone});
    }
    changes_.erase(found);
  }

  /// Credits may come late or twice; what is finished never falls.
  void on_credit(const credit_notice& credit) {
    auto found = finished_.find({credit.edge, credit.from});
    if (found == finished_.end())
      return;
    found->second = std::max(found->second, credit.finished);
    hint_ = std::max(hint_, credit.hint);
    reported_[{credit.edge, credit.from}] = {credit.largest, credit.longest};
    note_full({credit.edge, credit.from}, credit.replay_full);
  }

  /// The partition downstream is another instance that has finished all up to
  /// `finished`, which may be less than the one before it had.
  void restart(edge_id edge, partition_index downstream,
               epoch_number finished) {
    finished_.at({edge, downstream}) = finished;
    not_open_.erase({edge, downstream});
    silent_.erase({edge, downstream});
    reported_.erase({edge, downstream});
    note_full({edge, downstream}, false);
  }

  epoch_number in_flight() const {
    return in_flight_;
  }

  /// The newest epoch that may be begun.
  epoch_number allowed() const {
    if (!not_open_.empty())
      return 0;
    auto slowest = ~epoch_number{0} - in_flight_;
    for (auto& [to, finished] : finished_)
      if (!silent_.contains(to) && !changes(to))
        slowest = std::min(slowest, finished);
    for (auto& each : changes_)
      slowest =
        std::min(slowest, std::max(slowest_of(each.edge, each.origins),
                                   slowest_of(each.edge, each.successors)));
    return slowest + in_flight_;
  }

  /// The newest epoch that a related source is known to have closed.
  epoch_number hint() const {
    return hint_;
  }

  /// Whether replay buffers are full anywhere downstream.
  bool replay_full() const {
    return !full_.empty();
  }

  /// Of what was last reported from downstream, the largest.
  epoch_size largest() const {
    epoch_size result;
    for (auto& [to, last] : reported_)
      if (last.largest.bytes >= result.bytes)
        result = last.largest;
    return result;
  }

  /// Likewise, the one that took longest.
  epoch_work longest() const {
    epoch_work result;
    for (auto& [to, last] : reported_)
      if (last.longest.microseconds >= result.microseconds)
        result = last.longest;
    return result;
  }

private:
  using channel = std::pair<edge_id, partition_index>;

  struct report {
    epoch_size largest;
    epoch_work longest;
  };

  struct change {
    edge_id edge = 0;
    std::vector<partition_index> origins;
    std::vector<partition_index> successors;
  };

  bool changes(const channel& of) const {
    auto is_one = [&](const std::vector<partition_index>& all) {
      return std::find(all.begin(), all.end(), of.second) != all.end();
    };
    return std::any_of(changes_.begin(), changes_.end(), [&](auto& each) {
      return each.edge == of.first
             && (is_one(each.origins) || is_one(each.successors));
    });
  }

  epoch_number slowest_of(edge_id edge,
                          const std::vector<partition_index>& all) const {
    auto result = ~epoch_number{0};
    for (auto each : all)
      result = std::min(result, finished_.at({edge, each}));
    return result;
  }

  void note_full(const channel& of, bool full) {
    if (full)
      full_.insert(of);
    else
      full_.erase(of);
  }

  epoch_number in_flight_;
  std::map<channel, epoch_number> finished_;
  std::set<channel> not_open_;
  std::set<channel> silent_;
  std::vector<change> changes_;
  std::set<channel> full_;
  std::map<channel, report> reported_;
  epoch_number hint_ = 0;
};

} // namespace braid
