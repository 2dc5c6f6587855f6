// Joins of tuples whose event times are close to each other.
#pragma once

#include "operators/join_operator.hpp"
#include "operators/state.hpp"
#include "operators/window.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace braid {

/// How far the right tuple's time may be from the left one's, in microseconds:
/// from `lower` to `upper`, both included.
class time_interval {
public:
  /// Throws `topology_error` if `lower` is above `upper`, or one is out of all
  /// reason.
  time_interval(std::chrono::microseconds lower,
                std::chrono::microseconds upper);

  event_time lower() const {
    return lower_;
  }

  event_time upper() const {
    return upper_;
  }

  /// Whether the slices are to be swept when the watermark goes from `before`
  /// to `after`. Often enough that what is kept in vain is no more than what is
  /// needed, or a second's worth.
  bool sweeps(event_time before, event_time after) const;

  /// `watermark`, or one that means the same and leaves room to add.
  static event_time in_reach(event_time watermark);

private:
  event_time lower_;
  event_time upper_;
};

/// Tuples of one side and key by event time, then arrival.
template <class T>
class timed_list {
public:
  void insert(event_time time, const T& value) {
    // Mostly the newest.
    auto at = std::upper_bound(times_.begin(), times_.end(), time);
    values_.insert(values_.begin() + (at - times_.begin()), value);
    times_.insert(at, time);
  }

  /// Calls `visit(time, value)` for the tuples from `first` to `last`.
  template <class Visit>
  void each(event_time first, event_time last, Visit&& visit) const {
    auto at = std::lower_bound(times_.begin(), times_.end(), first);
    for (; at != times_.end() && *at <= last; ++at)
      visit(*at, values_[static_cast<std::size_t>(at - times_.begin())]);
  }

  /// Whether there was something to drop.
  bool drop_before(event_time time) {
    auto at = std::lower_bound(times_.begin(), times_.end(), time);
    if (at == times_.begin())
      return false;
    values_.erase(values_.begin(), values_.begin() + (at - times_.begin()));
    times_.erase(times_.begin(), at);
    return true;
  }

  bool empty() const {
    return times_.empty();
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& times_& values_;
  }

private:
  std::vector<event_time> times_;
  std::vector<T> values_;
};

/// What is kept of a key.
template <class L, class R>
struct timed_lists {
  timed_list<L> left;
  timed_list<R> right;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& left& right;
  }
};

/// One partition of an inner join by key and distance in time. A tuple is
/// joined when it arrives, with the other side's so far, by their time, then
/// arrival. Tuples older than the watermark are too late.
template <class Types>
class interval_join final : public join_operator<Types> {
  using base = join_operator<Types>;
  using typename base::key_type;
  using typename base::left_type;
  using typename base::right_type;
  using lists = timed_lists<left_type, right_type>;
  using table = state_table<key_type, lists>;

public:
  interval_join(const instance_setup& setup, Types types,
                const time_interval& interval,
                const join_outputs<Types>& outputs)
    : base(setup, std::move(types), outputs), interval_(interval),
      lists_("tuples") {
    this->host(lists_, setup);
  }

private:
  template <class T>
  using tuples = typename base::template tuples<T>;

  bool due(std::uint32_t local, const epoch_info& epoch) const override {
    return !lists_.of(local).empty()
           && interval_.sweeps(epoch.watermark_before, epoch.watermark_after);
  }

  void join_slice(std::uint32_t local, const epoch_info& epoch,
                  tuples<left_type> left, tuples<right_type> right) override {
    in_calls(epoch, 0, left, [&](tuples<left_type> some) {
      for (auto& tuple : some)
        if (tuple.time < epoch.watermark_before) [[unlikely]]
          this->late_left().emit(*tuple.value, tuple.time);
        else
          take_left(local, tuple);
    });
    in_calls(epoch, 1, right, [&](tuples<right_type> some) {
      for (auto& tuple : some)
        if (tuple.time < epoch.watermark_before) [[unlikely]]
          this->late_right().emit(*tuple.value, tuple.time);
        else
          take_right(local, tuple);
    });
    if (interval_.sweeps(epoch.watermark_before, epoch.watermark_after))
      sweep(local, epoch.watermark_after);
  }

  void take_left(std::uint32_t local, const tuple_view<left_type>& tuple) {
    auto& kept =
      lists_of(local, this->types().left_key(*tuple.value), tuple.by);
    auto time = in_windows(tuple.time);
    kept.right.each(time + interval_.lower(), time + interval_.upper(),
                    [&](event_time other, const right_type& value) {
                      this->emit(*tuple.value, value, std::max(time, other));
                    });
    kept.left.insert(time, *tuple.value);
  }

  void take_right(std::uint32_t local, const tuple_view<right_type>& tuple) {
    auto& kept =
      lists_of(local, this->types().right_key(*tuple.value), tuple.by);
    auto time = in_windows(tuple.time);
    kept.left.each(time - interval_.upper(), time - interval_.lower(),
                   [&](event_time other, const left_type& value) {
                     this->emit(value, *tuple.value, std::max(time, other));
                   });
    kept.right.insert(time, *tuple.value);
  }

  lists& lists_of(std::uint32_t local, const key_type& key, route hash) {
    return lists_.of(local).edit(key, hash);
  }

  /// Drops what no tuple that is still in time can be joined with.
  void sweep(std::uint32_t local, event_time watermark) {
    using fate = typename table::table::fate;
    auto oldest = time_interval::in_reach(watermark);
    lists_.of(local).sweep([&](const key_type&, lists& kept) {
      auto left = kept.left.drop_before(oldest - interval_.upper());
      auto right = kept.right.drop_before(oldest + interval_.lower());
      if (kept.left.empty() && kept.right.empty())
        return fate::erase;
      return left || right ? fate::changed : fate::keep;
    });
  }

  time_interval interval_;
  table lists_;
};

} // namespace braid
