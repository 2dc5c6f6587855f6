// Aggregates over session windows.
#pragma once

#include "operators/aggregate.hpp"
#include "operators/key_text.hpp"
#include "operators/operator_instance.hpp"
#include "operators/session_contents.hpp"
#include "operators/window_operator.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <vector>

namespace braid {

/// One partition of an aggregate over session windows. A slice's sessions fire
/// at the end of an epoch by end, then begin, then key. One that changed after
/// it had fired fires again as a whole.
template <class T, class KeyOf, class Aggregator>
class session_operator final : public operator_instance {
  using key_type =
    std::remove_cvref_t<std::invoke_result_t<const KeyOf&, const T&>>;
  using accumulator = typename Aggregator::accumulator;
  using contents = session_contents<key_type, accumulator>;
  using open_session = braid::open_session<accumulator>;

public:
  using result_type = windowed_value<key_type, result_of<Aggregator>>;

  session_operator(const instance_setup& setup, KeyOf key_of,
                   Aggregator aggregator,
                   std::pair<session, window_lifetime> windows,
                   const window_outputs<result_type, T>& outputs)
    : setup_(setup), key_of_(std::move(key_of)),
      aggregator_(std::move(aggregator)), gap_(windows.first.gap()),
      lifetime_(windows.second), order_(setup_.slices), contents_("sessions"),
      calls_(setup.operator_name, setup.skipped) {
    host(contents_, setup_);
    attach(*outputs.results, output_, setup_);
    attach(*outputs.late, late_, setup_);
    attach(*outputs.dead_letters, calls_.letters(), setup_);
  }

  void process(const epoch_info& epoch,
               std::span<const input_run> runs) override {
    order_.arrange(runs);
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
      in_calls(info, 0, order_.of(local), [&](auto tuples) {
        order_.for_each(tuples, [&](const tuple_view<T>& tuple) {
          if (!take(local, tuple, info)) [[unlikely]]
            late_.emit(*tuple.value, tuple.time);
        });
      });
      auto checked = contents_.take_due(local, info.watermark_after);
      fire(local, checked, info);
      expire(local, checked, info.watermark_after);
    };
    in_slice(calls_, epoch, setup_.slices.id(local), outputs, work);
    if (setup_.round_trip_state)
      round_trip(*this, setup_, local);
  }

  /// Adds a tuple to its session, unless it is too late for one.
  bool take(std::uint32_t local, const tuple_view<T>& tuple,
            const epoch_info& epoch) {
    const key_type& key = key_of_(*tuple.value);
    auto begin = in_windows(tuple.time);
    time_window own{begin, begin + gap_};
    auto& keys = contents_.of(local);
    auto* entry = keys.find_entry(key, tuple.by);
    if (!entry && lifetime_.is_gone(own.end, epoch.watermark_before))
      return false;
    auto& of_key = entry ? keys.edit(key, *entry) : keys.edit(key, tuple.by);
    auto* session = session_for(of_key.sessions, own, epoch.watermark_before);
    if (!session)
      return false;
    aggregator_.add(session->value, *tuple.value);
    session->changed = epoch.number;
    contents_.check(local, key, of_key,
                    window_lifetime::fires_at(session->window.end));
    return true;
  }

  /// The session that `own`, the window of one tuple, becomes part of; null if
  /// there is none and `own` is gone.
  open_session* session_for(std::vector<open_session>& sessions,
                            const time_window& own, event_time watermark) {
    if (extends_newest(sessions, own)) {
      auto& newest = sessions.back();
      newest.window.end = std::max(newest.window.end, own.end);
      return &newest;
    }
    auto first =
      std::partition_point(sessions.begin(), sessions.end(),
                           [&](auto& x) { return x.window.end <= own.begin; });
    auto last = std::partition_point(
      first, sessions.end(), [&](auto& x) { return x.window.begin < own.end; });
    if (first != last)
      return merge(sessions, first, last, own);
    if (lifetime_.is_gone(own.end, watermark))
      return nullptr;
    return &*sessions.insert(first, {own, start_of(aggregator_), 0});
  }

  /// The usual case: the newest session goes on.
  static bool extends_newest(const std::vector<open_session>& sessions,
                             const time_window& own) {
    return !sessions.empty() && sessions.back().window.begin <= own.begin
           && own.begin < sessions.back().window.end;
  }

  /// Joins the sessions in [first, last), which `own` bridges.
  open_session* merge(std::vector<open_session>& sessions,
                      typename std::vector<open_session>::iterator first,
                      typename std::vector<open_session>::iterator last,
                      const time_window& own) {
    auto& window = first->window;
    window.begin = std::min(window.begin, own.begin);
    window.end = std::max((last - 1)->window.end, own.end);
    for (auto next = first + 1; next != last; ++next)
      aggregator_.merge(first->value, std::as_const(next->value));
    sessions.erase(first + 1, last);
    return &*first;
  }

  void fire(std::uint32_t local, const std::vector<key_type>& checked,
            const epoch_info& epoch) {
    struct due_session {
      const key_type* key;
      const open_session* session;
    };
    std::vector<due_session> due;
    for (auto& key : checked)
      for (auto& session : contents_.of(local).find(key)->sessions)
        if (is_due(session, epoch))
          due.push_back({&key, &session});
    std::sort(due.begin(), due.end(), [](auto& a, auto& b) {
      auto place = [](auto& x) {
        return std::pair{x.session->window.end, x.session->window.begin};
      };
      return place(a) != place(b) ? place(a) < place(b)
                                  : key_less(*a.key, *b.key);
    });
    for (auto& each : due) {
      auto& window = each.session->window;
      in_window_call(epoch, window.begin, window.end, *each.key, [&] {
        output_.emit(
          {*each.key, window, aggregator_.result(each.session->value)},
          window.end - 1);
      });
    }
  }

  static bool is_due(const open_session& session, const epoch_info& epoch) {
    auto at = window_lifetime::fires_at(session.window.end);
    return at <= epoch.watermark_after
           && (at > epoch.watermark_before || session.changed == epoch.number);
  }

  /// Drops the sessions of these keys that are gone, and finds out when the
  /// others are due.
  void expire(std::uint32_t local, const std::vector<key_type>& checked,
              event_time watermark) {
    auto& keys = contents_.of(local);
    for (auto& key : checked) {
      auto& entry = *keys.find_entry(key);
      auto& of_key = entry.value;
      auto is_gone = [&](auto& session) {
        return lifetime_.is_gone(session.window.end, watermark);
      };
      if (std::any_of(of_key.sessions.begin(), of_key.sessions.end(), is_gone))
        std::erase_if(keys.edit(key, entry).sessions, is_gone);
      for (auto& session : of_key.sessions)
        contents_.check(local, key, of_key, next_check(session, watermark));
      if (of_key.sessions.empty())
        keys.erase(key);
    }
  }

  event_time next_check(const open_session& session,
                        event_time watermark) const {
    auto end = session.window.end;
    return window_lifetime::has_fired(end, watermark)
             ? lifetime_.gone_at(end)
             : window_lifetime::fires_at(end);
  }

  instance_setup setup_;
  KeyOf key_of_;
  Aggregator aggregator_;
  event_time gap_;
  window_lifetime lifetime_;
  slice_order<T> order_;
  contents contents_;
  emitter<result_type> output_;
  emitter<T> late_;
  careful_calls calls_;
};

} // namespace braid
