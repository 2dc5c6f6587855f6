// Calls of user code one at a time: finds out which of them throws, and passes
// over those that threw too often.
//
// Usually user code runs in loops over chunks of tuples, and nobody keeps track
// of which one is at hand. Once something was thrown, the slice's part of the
// epoch is executed *carefully*: every tuple goes through the operator and all
// that is fused behind it before the next one, and each call has a name.
#pragma once

#include "operators/dead_letter.hpp"
#include "operators/emitter.hpp"
#include "operators/encodable.hpp"
#include "operators/key_hash.hpp"
#include "operators/tuple_view.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace braid {

/// Whether dead letters can hold a `T`. Tuples that stay within a chain of
/// fused operators need no encoded form.
template <class T>
inline constexpr bool fits_letters =
  raw_copyable<
    T> || encoding::is_string<T> || encoding::has_own_serialize<T, output_archive>;
template <encoding::container T>
inline constexpr bool fits_letters<T> =
  encoding::is_string<
    T> || fits_letters<std::remove_cvref_t<typename T::value_type>>;
template <class A, class B>
inline constexpr bool fits_letters<std::pair<A, B>> =
  fits_letters<std::remove_const_t<A>>&& fits_letters<B>;
template <class... Ts>
inline constexpr bool fits_letters<std::tuple<Ts...>> = (true && ...
                                                         && fits_letters<Ts>);

/// The calls of one instance's user code, and its dead letters.
class careful_calls {
public:
  /// Of operator `name`, which is to pass over `skipped` and to find out more
  /// about the places that are named there.
  careful_calls(std::string name, skipped_tuples skipped);

  careful_calls(const careful_calls&) = delete;
  careful_calls& operator=(const careful_calls&) = delete;

  /// What passed over becomes.
  emitter<dead_letter>& letters() {
    return letters_;
  }

  const emitter<dead_letter>& letters() const {
    return letters_;
  }

  /// A slice's part of an epoch begins. Returns what to tell the operator's
  /// outputs: `epoch`, which says whether it is executed carefully.
  const epoch_info& begin_slice(const epoch_info& epoch, slice_id slice);

  /// The same at a source, which has read `before` tuples of the slice in
  /// earlier epochs and emits those of this one with `reads`.
  const epoch_info& begin_read(const epoch_info& epoch, slice_id slice,
                               std::uint64_t before, const emitter_base& reads);

  void end_slice();

  // -- calls by the operator itself, in careful slices only -------------------

  /// Calls `body` for a tuple of the input, unless that is passed over.
  template <class T, class Body>
  void tuple(std::uint32_t port, std::uint64_t index, const tuple_view<T>& view,
             Body&& body) {
    auto at = here();
    at.port = port;
    at.index = index;
    call(
      std::move(at), view.time, [&] { return bytes_of(*view.value); }, body);
  }

  /// Calls `body` for a timer of `key`.
  template <class Key, class Body>
  void timer(event_time time, const Key& key, Body&& body) {
    auto at = here();
    at.kind = call_kind::timer;
    at.begin = at.end = time;
    at.key = identity_of(key);
    call(
      std::move(at), time, [&] { return bytes_of(key); }, body);
  }

  /// Calls `body` for what a window, or a running aggregate, makes of `key`.
  template <class Key, class Body>
  void window(event_time begin, event_time end, const Key& key, Body&& body) {
    auto at = here();
    at.kind = call_kind::window;
    at.begin = begin;
    at.end = end;
    at.key = identity_of(key);
    call(
      std::move(at), end - 1, [&] { return bytes_of(key); }, body);
  }

  // -- calls by what is fused behind it ---------------------------------------

  /// Numbers a fused operator, or the end of an edge. To be called by each when
  /// a slice begins.
  std::uint32_t add_stage(const std::string& name);

  /// A tuple has come to a stage. Returns false if it is passed over; if not,
  /// `leave` is to follow, but for exceptions.
  template <class T>
  bool enter(std::uint32_t number, const T& value, event_time time) {
    auto at = entered(number);
    if (auto* why = why_skipped(at)) {
      // A letter that its reader cannot stand is no reason for another.
      if constexpr (!std::is_same_v<T, dead_letter>)
        set_aside(stages_[number - 1].name, std::move(at), time, *why,
                  bytes_of(value));
      return false;
    }
    open_.push_back(std::move(at));
    return true;
  }

  void leave() {
    open_.pop_back();
  }

  // -- what is thrown ---------------------------------------------------------

  /// What to throw in place of what user code threw. Names the call if the
  /// slice is executed carefully, else the place in which to look for it.
  operator_error failure(const epoch_info& epoch, slice_id slice,
                         const char* why) const;

private:
  struct stage {
    std::string name;
    std::uint64_t taken = 0; ///< of the operator's call at hand
  };

  /// The same for equal keys.
  template <class Key>
  static std::vector<std::byte> identity_of(const Key& key) {
    byte_buffer bytes;
    key_archive(bytes) << key;
    return {bytes.begin(), bytes.end()};
  }

  template <class T>
  static std::vector<std::byte> bytes_of(const T& value) {
    if constexpr (raw_copyable<T> && !std::is_floating_point_v<T>) {
      // What lies between members differs from one execution to the next.
      T clean = value;
      __builtin_clear_padding(&clean);
      auto bytes = encoded(clean);
      return {bytes.begin(), bytes.end()};
    } else if constexpr (fits_letters<T>) {
      auto bytes = encoded(value);
      return {bytes.begin(), bytes.end()};
    } else {
      return {};
    }
  }

  template <class Bytes, class Body>
  void call(input_position at, event_time time, const Bytes& bytes,
            Body& body) {
    begin_call(at);
    if (auto* why = why_skipped(at)) {
      set_aside(name_, std::move(at), time, *why, bytes());
    } else {
      open_.push_back(std::move(at));
      body();
      open_.clear();
    }
    emit_letters();
  }

  input_position here() const;
  bool is_suspect(epoch_number epoch, slice_id slice) const;
  void begin_call(const input_position& at);
  void follow_reads();
  input_position entered(std::uint32_t number);
  const std::string* why_skipped(const input_position& at) const;
  void set_aside(const std::string& by, input_position at, event_time time,
                 const std::string& why, std::vector<std::byte> tuple);
  void emit_letters();
  std::uint64_t position_of_read() const;

  std::string name_;
  skipped_tuples skipped_;
  /// What is executed carefully: parts of epochs, and at sources the tuples
  /// before these.
  std::set<std::pair<epoch_number, slice_id>> suspects_;
  std::map<slice_id, std::uint64_t> suspect_reads_;
  emitter<dead_letter> letters_;

  epoch_info epoch_; ///< what careful slices are told
  slice_id slice_ = 0;
  std::vector<stage> stages_;
  input_position root_; ///< the operator's call at hand
  /// Calls under way, the innermost last.
  std::vector<input_position> open_;
  /// They are emitted between two calls, so never amidst each other.
  std::vector<dead_letter> waiting_;
  bool emitting_ = false;

  // At sources, where every tuple that is emitted is a call.
  const emitter_base* reads_ = nullptr;
  std::uint64_t before_ = 0;  ///< of the slice, when it began to read
  std::uint64_t emitted_ = 0; ///< by the source, then
};

/// What a fused operator, or the end of an edge, knows of careful execution.
class careful_stage {
public:
  void set_name(std::string name) {
    name_ = std::move(name);
  }

  void begin_slice(const epoch_info& epoch) {
    calls_ = epoch.careful;
    if (calls_)
      number_ = calls_->add_stage(name_);
  }

  /// Whether user code is not to be called for `tuples`; if it is, `done` is to
  /// follow.
  template <class T>
  bool passes_over(const chunk<T>& tuples) {
    // One at a time then: emitters see to that.
    return calls_
           && !calls_->enter<T>(number_, tuples.values.front(),
                                tuples.times.front());
  }

  void done() {
    if (calls_)
      calls_->leave();
  }

private:
  std::string name_;
  careful_calls* calls_ = nullptr; ///< null: as fast as may be
  std::uint32_t number_ = 0;
};

/// Calls `take` with a slice's tuples: with all at once, or in careful slices
/// one by one, but for those that are passed over.
template <class T, class Take>
void in_calls(const epoch_info& epoch, std::uint32_t port,
              std::span<const tuple_view<T>> tuples, Take&& take) {
  if (!epoch.careful) [[likely]]
    return take(tuples);
  for (std::size_t i = 0; i < tuples.size(); ++i)
    epoch.careful->tuple(port, i, tuples[i],
                         [&] { take(tuples.subspan(i, 1)); });
}

/// Calls `body` for what a window makes of `key`.
template <class Key, class Body>
void in_window_call(const epoch_info& epoch, event_time begin, event_time end,
                    const Key& key, Body&& body) {
  if (epoch.careful) [[unlikely]]
    epoch.careful->window(begin, end, key, body);
  else
    body();
}

} // namespace braid
