// Joins of tuples that lie in the same tumbling or sliding window.
#pragma once

#include "operators/join_operator.hpp"
#include "operators/window_contents.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace braid {

/// Tuples of one side, in the order of arrival.
template <class T>
struct arrivals {
  /// Number the tuples of a slice, so that those of several panes can be put in
  /// order.
  std::vector<std::uint64_t> numbers;
  std::vector<T> values;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& numbers& values;
  }
};

/// What a pane holds of a key.
template <class L, class R>
struct joined_arrivals {
  arrivals<L> left;
  arrivals<R> right;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& left& right;
  }
};

/// One partition of an inner join by key and aligned window. A slice's windows
/// fire at the end of an epoch by end, then key: each left tuple in the order
/// of arrival, with each right one in the order of arrival.
template <class Types>
class window_join final : public join_operator<Types> {
  using base = join_operator<Types>;
  using typename base::key_type;
  using typename base::left_type;
  using typename base::right_type;
  using both = joined_arrivals<left_type, right_type>;
  using contents = window_contents<key_type, both>;
  using fate = typename contents::fate;

public:
  window_join(const instance_setup& setup, Types types,
              const aligned_windows& windows,
              const join_outputs<Types>& outputs)
    : base(setup, std::move(types), outputs),
      contents_("windows", windows, window_lifetime{}, window_storage::by_pane),
      arrived_("arrived") {
    this->host(arrived_, setup);
    this->host(contents_, setup);
  }

private:
  template <class T>
  using tuples = typename base::template tuples<T>;

  void begin_epoch(const epoch_info& epoch) override {
    contents_.begin_epoch(epoch.watermark_before);
  }

  bool due(std::uint32_t local, const epoch_info& epoch) const override {
    return contents_.due(local, epoch.watermark_after);
  }

  void join_slice(std::uint32_t local, const epoch_info& epoch,
                  tuples<left_type> left, tuples<right_type> right) override {
    in_calls(epoch, 0, left, [&](tuples<left_type> some) {
      take(local, some, this->types().left_key, &both::left, this->late_left());
    });
    in_calls(epoch, 1, right, [&](tuples<right_type> some) {
      take(local, some, this->types().right_key, &both::right,
           this->late_right());
    });
    if (due(local, epoch))
      fire_due(local, epoch);
  }

  void fire_due(std::uint32_t local, const epoch_info& epoch) {
    auto fired = epoch.watermark_before;
    while (auto begin = contents_.next_window(local, fired)) {
      auto window = contents_.windows().at(*begin);
      fired = window_lifetime::fires_at(window.end);
      if (fired > epoch.watermark_after)
        break;
      fire(window, contents_.tables_of(local, *begin), epoch);
    }
    contents_.drop_gone(local, epoch.watermark_after);
  }

  template <class T, class KeyOf>
  void take(std::uint32_t local, tuples<T> input, const KeyOf& key_of,
            arrivals<T> both::*side, emitter<T>& late) {
    fate_.end = fate_.begin;
    for (auto& tuple : input) {
      if (!fate_.covers(tuple.time)) [[unlikely]]
        contents_.look_up(fate_, local, tuple.time);
      if (fate_.too_late()) [[unlikely]] {
        late.emit(*tuple.value, tuple.time);
        continue;
      }
      const key_type& key = key_of(*tuple.value);
      auto& pane = *fate_.tables.front();
      auto& arrived = pane.edit(key, tuple.by).*side;
      arrived.numbers.push_back(arrived_.edit(local)++);
      arrived.values.push_back(*tuple.value);
    }
  }

  void fire(const time_window& window,
            const std::vector<const typename contents::table*>& panes,
            const epoch_info& epoch) {
    key_table<key_type, std::vector<const both*>> all;
    for (auto* pane : panes)
      for (auto& [key, entry] : *pane)
        all[key].push_back(&entry.value);
    for (auto* entry : sorted(all))
      in_window_call(epoch, window.begin, window.end, entry->first,
                     [&] { fire_key(window, entry->second); });
  }

  void fire_key(const time_window& window,
                const std::vector<const both*>& panes) {
    auto left = in_order(panes, &both::left);
    auto right = in_order(panes, &both::right);
    for (auto& [l, left_value] : left)
      for (auto& [r, right_value] : right)
        this->emit(*left_value, *right_value, window.end - 1);
  }

  /// One side of all panes, with the numbers of arrival.
  template <class T>
  static std::vector<std::pair<std::uint64_t, const T*>>
  in_order(const std::vector<const both*>& panes, arrivals<T> both::*side) {
    std::vector<std::pair<std::uint64_t, const T*>> result;
    for (auto* pane : panes) {
      auto& arrived = pane->*side;
      for (std::size_t i = 0; i < arrived.values.size(); ++i)
        result.emplace_back(arrived.numbers[i], &arrived.values[i]);
    }
    if (panes.size() > 1)
      std::sort(result.begin(), result.end(),
                [](auto& a, auto& b) { return a.first < b.first; });
    return result;
  }

  contents contents_;
  /// How many tuples a slice has taken so far.
  slice_value<std::uint64_t> arrived_;
  fate fate_;
};

} // namespace braid
