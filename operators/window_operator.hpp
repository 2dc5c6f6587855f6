// Aggregates over tumbling and sliding windows.
#pragma once

#include "operators/aggregate.hpp"
#include "operators/key_text.hpp"
#include "operators/operator_instance.hpp"
#include "operators/window_contents.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace braid {

/// What consumes the results of a window operator, its late tuples and its dead
/// letters.
template <class Result, class T>
struct window_outputs {
  std::shared_ptr<output_spec<Result>> results =
    std::make_shared<output_spec<Result>>();
  std::shared_ptr<output_spec<T>> late = std::make_shared<output_spec<T>>();
  std::shared_ptr<output_spec<dead_letter>> dead_letters =
    std::make_shared<output_spec<dead_letter>>();
};

/// One partition of an aggregate over aligned windows. A slice's windows fire
/// at the end of an epoch by end, then key: first those again that a late
/// tuple changed, key by key, then the new ones.
template <class T, class KeyOf, class Aggregator>
class window_operator final : public operator_instance {
  using key_type =
    std::remove_cvref_t<std::invoke_result_t<const KeyOf&, const T&>>;
  using accumulator = typename Aggregator::accumulator;
  using contents = window_contents<key_type, accumulator>;
  using table = typename contents::table;

public:
  using result_type = windowed_value<key_type, result_of<Aggregator>>;

  /// Panes are shared if the aggregator can put them together.
  static window_storage storage_for(const aligned_windows& windows) {
    return has_merge<Aggregator> || windows.pane() == windows.size()
             ? window_storage::by_pane
             : window_storage::by_window;
  }

  window_operator(const instance_setup& setup, KeyOf key_of,
                  Aggregator aggregator,
                  std::pair<aligned_windows, window_lifetime> windows,
                  const window_outputs<result_type, T>& outputs)
    : setup_(setup), key_of_(std::move(key_of)),
      aggregator_(std::move(aggregator)), order_(setup_.slices),
      contents_("windows", windows.first, windows.second,
                storage_for(windows.first)),
      calls_(setup.operator_name, setup.skipped) {
    host(contents_, setup_);
    attach(*outputs.results, output_, setup_);
    attach(*outputs.late, late_, setup_);
    attach(*outputs.dead_letters, calls_.letters(), setup_);
  }

  void process(const epoch_info& epoch,
               std::span<const input_run> runs) override {
    order_.arrange(runs);
    contents_.begin_epoch(epoch.watermark_before);
    for (std::uint32_t local = 0; local < setup_.slices.size(); ++local)
      if (!order_.of(local).empty()
          || contents_.due(local, epoch.watermark_after))
        process_slice(local, epoch);
  }

  std::string key_text(const input_run& run,
                       std::uint32_t index) const override {
    return key_text_of<T>(run, index, key_of_);
  }

  std::uint64_t emitted() const override {
    return output_.emitted() + late_.emitted() + calls_.letters().emitted();
  }

private:
  void process_slice(std::uint32_t local, const epoch_info& epoch) {
    emitter_base* outputs[] = {&output_, &late_};
    auto work = [&](const epoch_info& info) {
      // What an exception left behind in an earlier slice is void.
      changed_.clear();
      in_calls(info, 0, order_.of(local),
               [&](auto tuples) { take(local, tuples); });
      fire_changed(local, info);
      if (contents_.due(local, info.watermark_after))
        fire_due(local, info);
    };
    in_slice(calls_, epoch, setup_.slices.id(local), outputs, work);
    if (setup_.round_trip_state)
      round_trip(*this, setup_, local);
  }

  void take(std::uint32_t local, std::span<const tuple_view<T>> tuples) {
    // An epoch's tuples mostly lie in one pane, which is then looked up once.
    fate_.end = fate_.begin;
    order_.for_each(tuples, [&](const tuple_view<T>& tuple) {
      if (!fate_.covers(tuple.time)) [[unlikely]]
        contents_.look_up(fate_, local, tuple.time);
      if (fate_.too_late()) [[unlikely]] {
        late_.emit(*tuple.value, tuple.time);
        return;
      }
      const key_type& key = key_of_(*tuple.value);
      for (auto* entries : fate_.tables)
        aggregator_.add(value_of(*entries, key, tuple.by), *tuple.value);
      for (auto begin = fate_.first_fired; begin <= fate_.last_fired;
           begin += contents_.windows().slide())
        changed_.emplace_back(begin, key);
    });
  }

  accumulator& value_of(table& entries, const key_type& key, route hash) {
    return entries.edit(key, hash, [&] { return start_of(aggregator_); });
  }

  /// Fires what had fired before this epoch's tuples changed it: the window of
  /// one key each, once.
  void fire_changed(std::uint32_t local, const epoch_info& info) {
    auto before = [](auto& a, auto& b) {
      return a.first < b.first
             || (a.first == b.first && key_less(a.second, b.second));
    };
    std::sort(changed_.begin(), changed_.end(), before);
    for (std::size_t i = 0; i < changed_.size(); ++i)
      if (i == 0 || before(changed_[i - 1], changed_[i]))
        fire_alone(local, changed_[i].first, changed_[i].second, info);
    changed_.clear();
  }

  /// Fires the window of one key, unless that is passed over.
  void fire_alone(std::uint32_t local, event_time begin, const key_type& key,
                  const epoch_info& info) {
    in_window_call(info, begin, contents_.windows().at(begin).end, key,
                   [&] { fire_key(local, begin, key); });
  }

  void fire_key(std::uint32_t local, event_time begin, const key_type& key) {
    std::optional<accumulator> value;
    for (auto* entries : contents_.tables_of(local, begin))
      if (auto* found = entries->find(key))
        combine(value, *found);
    emit(begin, key, *value);
  }

  void fire_due(std::uint32_t local, const epoch_info& epoch) {
    auto fired = epoch.watermark_before;
    while (auto begin = contents_.next_window(local, fired)) {
      fired = window_lifetime::fires_at(contents_.windows().at(*begin).end);
      if (fired > epoch.watermark_after)
        break;
      if (epoch.careful) [[unlikely]]
        fire_carefully(local, *begin, epoch);
      else
        fire(*begin, contents_.tables_of(local, *begin));
    }
    contents_.drop_gone(local, epoch.watermark_after);
  }

  void fire(event_time begin, const std::vector<const table*>& tables) {
    if (tables.size() == 1) {
      for (auto* entry : tables.front()->in_order())
        emit(begin, entry->first, entry->second.value);
      return;
    }
    key_table<key_type, std::optional<accumulator>> all;
    for (auto* entries : tables)
      for (auto& [key, entry] : *entries)
        combine(all[key], entry.value);
    for (auto* entry : sorted(all))
      emit(begin, entry->first, *entry->second);
  }

  /// The same, key by key.
  void fire_carefully(std::uint32_t local, event_time begin,
                      const epoch_info& info) {
    key_table<key_type, bool> keys;
    for (auto* entries : contents_.tables_of(local, begin))
      for (auto& entry : *entries)
        keys[entry.first] = true;
    for (auto* entry : sorted(keys))
      fire_alone(local, begin, entry->first, info);
  }

  /// Adds what a later pane holds of the same key.
  void combine(std::optional<accumulator>& into, const accumulator& value) {
    if (!into)
      into = value;
    else if constexpr (has_merge<Aggregator>)
      aggregator_.merge(*into, value);
  }

  void emit(event_time begin, const key_type& key, const accumulator& value) {
    auto window = contents_.windows().at(begin);
    output_.emit({key, window, aggregator_.result(value)}, window.end - 1);
  }

  instance_setup setup_;
  KeyOf key_of_;
  Aggregator aggregator_;
  slice_order<T> order_;
  contents contents_;
  emitter<result_type> output_;
  emitter<T> late_;
  careful_calls calls_;
  typename contents::fate fate_;
  /// Windows that fired in an earlier epoch and changed in this, with the key.
  std::vector<std::pair<event_time, key_type>> changed_;
};

} // namespace braid
