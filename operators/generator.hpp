// A source that makes its tuples itself, at a rate: `generate`.
#pragma once

#include "operators/source.hpp"
#include "operators/topology_error.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace braid {

/// How `generate` makes tuples.
struct generator_options {
  /// How many, of all splits together; nothing: without end.
  std::optional<std::uint64_t> count{};
  /// How many a second, of all splits together; 0: as many as are taken. Tuples
  /// that have a rate carry the time at which they were due as event time, so
  /// the age of a result tells its whole latency, waiting at the source
  /// included.
  std::uint64_t rate = 0;
  std::uint32_t splits = 1;
  /// When tuple 0 is due, in microseconds since 1970; nothing: at the first
  /// read. Set it where event times must be the same in every run, and after a
  /// recovery.
  std::optional<event_time> start{};
};

/// When the tuples of a generator are due.
class generator_schedule {
public:
  /// More than this many tuples a second are refused.
  static constexpr std::uint64_t max_rate = 1'000'000'000'000;

  explicit generator_schedule(std::uint64_t rate) : rate_(rate) {}

  /// How long after the start the tuple `index` is due, in microseconds.
  event_time due(std::uint64_t index) const {
    return static_cast<event_time>(index / rate_ * second
                                   + index % rate_ * second / rate_);
  }

  /// How many tuples, from 0, are due so long after the start.
  std::uint64_t due_by(event_time elapsed) const {
    if (elapsed < 0)
      return 0;
    auto whole = static_cast<std::uint64_t>(elapsed) / second;
    auto rest = static_cast<std::uint64_t>(elapsed) % second;
    return whole * rate_ + ((rest + 1) * rate_ + second - 1) / second;
  }

private:
  static constexpr std::uint64_t second = 1'000'000;

  std::uint64_t rate_;
};

/// Makes every `splits`-th tuple. A position is how many it has made.
template <class T, class Make>
class generator_reader final : public source_reader<T> {
public:
  generator_reader(Make make, const generator_options& options,
                   std::uint32_t split)
    : make_(std::move(make)), options_(options),
      schedule_(std::max<std::uint64_t>(1, options.rate)), split_(split),
      start_(options.start) {
    if (options_.count)
      total_ = share_of(*options_.count);
  }

  source_status read(emitter<T>& out, const read_limits& limits) override {
    if (!start_)
      start_ = limits.now - schedule_.due(position_ * options_.splits);
    auto end = std::min(total_, position_ + at_most(limits));
    // What was made before is made again at once.
    auto due = options_.rate == 0 || limits.until
                 ? total_
                 : share_of(schedule_.due_by(limits.now - *start_));
    if (auto stop = std::min(end, due); position_ < stop)
      make_up_to(stop, out);
    if (position_ == total_)
      return source_status::ended;
    return position_ < due ? source_status::more : source_status::waiting;
  }

  std::uint64_t position() const override {
    return position_;
  }

  void seek(std::uint64_t position) override {
    position_ = position;
  }

  /// Without a rate there is no saying what arrives.
  std::optional<std::uint64_t> waiting(event_time now) const override {
    if (options_.rate == 0)
      return std::nullopt;
    if (!start_)
      return 0;
    auto due = std::min(total_, share_of(schedule_.due_by(now - *start_)));
    return due - std::min(due, position_);
  }

  std::optional<event_time> next_at() const override {
    if (!start_)
      return std::nullopt;
    return *start_ + schedule_.due(index_of(position_));
  }

private:
  static constexpr bool wants_time =
    std::is_invocable_v<const Make&, std::uint64_t, event_time>;

  std::uint64_t index_of(std::uint64_t position) const {
    return split_ + position * options_.splits;
  }

  /// How many of the first `count` tuples are this split's.
  std::uint64_t share_of(std::uint64_t count) const {
    return count <= split_ ? 0 : (count - split_ - 1) / options_.splits + 1;
  }

  std::uint64_t at_most(const read_limits& limits) const {
    auto result = std::min(limits.tuples, limits.bytes / sizeof(T)
                                            + (limits.bytes % sizeof(T) != 0));
    if (limits.until)
      result =
        std::min(result, *limits.until - std::min(position_, *limits.until));
    return std::min(result, endless - position_);
  }

  void make_up_to(std::uint64_t stop, emitter<T>& out) {
    if (options_.rate == 0)
      for (; position_ < stop; ++position_)
        emit(index_of(position_), out.time(), out);
    else
      for (; position_ < stop; ++position_) {
        auto index = index_of(position_);
        emit(index, *start_ + schedule_.due(index), out);
      }
  }

  void emit(std::uint64_t index, event_time time, emitter<T>& out) const {
    if constexpr (wants_time)
      out.emit_made([&]() -> T { return make_(index, time); }, time);
    else
      out.emit_made([&]() -> T { return make_(index); }, time);
  }

  static constexpr auto endless = ~std::uint64_t{0};

  Make make_;
  generator_options options_;
  generator_schedule schedule_;
  std::uint64_t split_;
  std::uint64_t total_ = endless;
  std::uint64_t position_ = 0;
  std::optional<event_time> start_;
};

template <class T, class Make>
class generator {
public:
  using value_type = T;

  generator(Make make, const generator_options& options)
    : make_(std::move(make)), options_(options) {
    if (options.splits == 0 || options.splits > max_slices)
      throw topology_error{
        "a generator is to have " + std::to_string(options.splits)
        + " splits; give it 1 to " + std::to_string(max_slices)};
    if (options.rate > generator_schedule::max_rate)
      throw topology_error{"a generator is to make "
                           + std::to_string(options.rate)
                           + " tuples a second; give at most "
                           + std::to_string(generator_schedule::max_rate)
                           + ", or 0 for as many as are taken"};
  }

  std::uint32_t splits() const {
    return options_.splits;
  }

  std::unique_ptr<source_reader<T>> open(std::uint32_t split,
                                         const source_context&) const {
    return std::make_unique<generator_reader<T, Make>>(make_, options_, split);
  }

private:
  Make make_;
  generator_options options_;
};

/// Makes tuples 0, 1, 2 ... with `make(std::uint64_t index)` or `make(index,
/// event_time due)`; split s makes tuples s, s + splits ... `make` must return
/// the same tuple whenever it is asked for the same index.
template <class T = void, class Make>
auto generate(Make make, const generator_options& options = {}) {
  using made = decltype([](const Make& f) {
    if constexpr (std::is_invocable_v<const Make&, std::uint64_t, event_time>)
      return f(std::uint64_t{}, event_time{});
    else
      return f(std::uint64_t{});
  }(std::declval<const Make&>()));
  using tuple = std::conditional_t<std::is_void_v<T>, made, T>;
  return generator<tuple, Make>{std::move(make), options};
}

} // namespace braid
