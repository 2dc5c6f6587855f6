// Sources: where streams begin. A source has splits, which are its slices; a
// reader reads one split. `docs/` shows how to write one.
#pragma once

#include "operators/operator_instance.hpp"
#include "operators/watermark.hpp"

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// What became of an attempt to read.
enum class source_status : std::uint8_t {
  more,    ///< stopped at a limit; there is more at once
  waiting, ///< nothing more for now
  ended,   ///< nothing more ever
};

/// When a reader must stop. It may go over `bytes` by one tuple, over no other.
struct read_limits {
  std::uint64_t tuples = 0;
  std::uint64_t bytes = 0;
  /// Stop at this position exactly: an earlier run ended an epoch there.
  std::optional<std::uint64_t> until;
  /// The wall clock, in microseconds since 1970; the simulator's in tests.
  event_time now = 0;
};

/// Reads one split. Reading on from a position gives the same tuples again,
/// which is what recovery lives on; a reader that cannot seek throws there.
template <class T>
class source_reader {
public:
  virtual ~source_reader() = default;

  /// Emits tuples until a limit is reached or there are none at the moment.
  /// Never blocks. Tuples emitted without a time get the epoch's.
  virtual source_status read(emitter<T>& out, const read_limits& limits) = 0;

  /// Where the next tuple begins. Grows with every tuple; what it counts is the
  /// reader's own affair (bytes, lines, offsets).
  virtual std::uint64_t position() const = 0;

  /// Continues at an earlier `position()`. Throws `std::runtime_error` if this
  /// split cannot be read again.
  virtual void seek(std::uint64_t position) = 0;

  /// How many tuples wait to be read at the wall clock `now`; nothing if that
  /// is not known.
  virtual std::optional<std::uint64_t> waiting(event_time /*now*/) const {
    return std::nullopt;
  }

  /// After `waiting`: the wall clock at which there may be more, or nothing if
  /// `source_context::wake` will be called.
  virtual std::optional<event_time> next_at() const {
    return std::nullopt;
  }
};

/// What a reader may use.
struct source_context {
  /// Call it, from any thread, when a waiting reader has something again.
  std::function<void()> wake;
};

/// A source as the user names it in a topology. How many splits there are must
/// follow from settings and input alone, never from the machine. `splits` is
/// called once, when the topology is submitted; `open` where a split is read.
template <class S>
concept source_definition = requires(const S& source, std::uint32_t split,
                                     const source_context& c) {
  typename S::value_type;
  { source.splits() } -> std::convertible_to<std::uint32_t>;
  {
    source.open(split, c)
    } -> std::convertible_to<
      std::unique_ptr<source_reader<typename S::value_type>>>;
};

/// How a source slice ended an epoch: all that is decided outside the topology.
struct source_cut {
  slice_id slice = 0;
  std::uint64_t position = 0;
  event_time now = 0; ///< of the epoch
  bool ended = false;

  bool operator==(const source_cut&) const = default;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& slice& position& now& ended;
  }
};

/// How much a source may read.
struct read_budget {
  /// Of all slices of the partition together, in this epoch.
  std::uint64_t tuples = 0;
  std::uint64_t bytes = 0;
  /// Count mode: every slice reads just so many, or to its end.
  std::optional<std::uint64_t> exactly;
  /// Recorded cuts: every slice reads to where it ended this epoch before.
  const std::vector<source_cut>* recorded = nullptr;
  event_time now = 0;
};

/// What a read has brought, for the epoch at hand.
struct read_progress {
  std::uint64_t tuples = 0; ///< in this epoch, by all slices
  bool full = false;        ///< the budget is used up
  bool complete = false;    ///< count mode, recorded cuts: all is read
  bool ended = false;       ///< all slices have ended
  std::optional<event_time> next_at;
};

/// A source on a partition, for the splits hosted there.
class source_instance {
public:
  virtual ~source_instance() = default;

  virtual void begin_epoch(const epoch_info& epoch) = 0;

  /// Reads what is there, within `budget`. May be called again in one epoch.
  virtual read_progress read(const read_budget& budget) = 0;

  /// Ends the epoch: the cut of each slice hosted here that had not ended
  /// before.
  virtual std::vector<source_cut> finish_epoch() = 0;

  const std::vector<edge_output*>& edges() const {
    return edges_;
  }

  /// The watermark after the epoch at hand, for the edge at `index`.
  /// `beginning_of_time` if the edge's slices are all idle.
  struct edge_watermark {
    event_time watermark = beginning_of_time;
    bool idle = false;
  };

  virtual edge_watermark watermark(std::size_t index) const = 0;

  virtual std::uint64_t emitted() const = 0;

  /// `source_reader::waiting` of all slices together.
  virtual std::optional<std::uint64_t> waiting(event_time /*now*/) const {
    return std::nullopt;
  }

  /// Where a slice is after the last epoch that was finished.
  virtual void save_slice(std::uint32_t /*local*/, byte_buffer&) const {}

  /// Goes on with a slice from there. Throws `decode_error`, and what the
  /// reader throws if the split cannot be read again.
  virtual void load_slice(std::uint32_t /*local*/, std::span<const std::byte>) {
  }

protected:
  std::vector<edge_output*> edges_;
};

/// What consumes a source's tuples, and the dead letters of what is fused
/// behind it.
template <class T>
struct source_outputs {
  std::shared_ptr<output_spec<T>> tuples = std::make_shared<output_spec<T>>();
  std::shared_ptr<output_spec<dead_letter>> dead_letters =
    std::make_shared<output_spec<dead_letter>>();
};

/// A slice without tuples for this long, in epoch time, no longer holds the
/// watermark back.
inline constexpr event_time idle_after = 1'000'000;

/// What an epoch counts of that, at most. While no epochs are cut, after a loss
/// or under back pressure, no slice can bring tuples: that is not idleness.
inline constexpr event_time most_idle_in_epoch = idle_after / 4;

template <source_definition Source>
class source_partition final : public source_instance {
  using value_type = typename Source::value_type;

public:
  source_partition(const instance_setup& setup, const Source& source,
                   const source_context& context,
                   const source_outputs<value_type>& outputs)
    : setup_(setup), calls_(setup.operator_name, setup.skipped) {
    chain_context chain{setup_, edges_, trackers_, nullptr, all_trackers_};
    outputs.tuples->attach(output_, chain);
    outputs.dead_letters->attach(calls_.letters(), chain);
    for (auto slice : setup_.slices.ids())
      splits_.push_back({source.open(slice, context)});
  }

  void begin_epoch(const epoch_info& epoch) override {
    epoch_ = epoch;
    progress_ = {};
    read_bytes_ = 0;
    first_ = std::exchange(refused_, std::nullopt).value_or(0);
    for (auto& split : splits_) {
      split.tuples = 0;
      split.ended_before = split.ended;
      split.now_before = split.now;
      split.recorded_end_reached = false;
    }
  }

  read_progress read(const read_budget& budget) override {
    progress_.full = false;
    progress_.next_at.reset();
    auto complete = true;
    auto count = static_cast<std::uint32_t>(splits_.size());
    for (std::uint32_t turn = 0; turn < count; ++turn) {
      auto i = (first_ + turn) % count;
      // Count mode: a slice begins when the ones before it are complete, so
      // that each emits in one go.
      if (!budget.exactly || complete)
        read_split(i, budget);
      complete = complete && is_complete(splits_[i], budget);
    }
    progress_.complete = complete;
    progress_.ended = std::all_of(splits_.begin(), splits_.end(),
                                  [](auto& x) { return x.ended; });
    return progress_;
  }

  std::vector<source_cut> finish_epoch() override {
    std::vector<source_cut> result;
    watermark_ = end_of_time;
    for (std::uint32_t i = 0; i < splits_.size(); ++i) {
      auto& split = splits_[i];
      if (split.ended_before)
        continue;
      note_silence(split);
      auto idle = split.now - split.last_tuple_at >= idle_after;
      // Tuples carry the time of their epoch, and that never decreases. What
      // ends holds nothing back, whatever else is hosted here.
      if (!split.ended)
        watermark_ = std::min(watermark_, split.now - 1);
      for (auto* tracker : all_trackers_) {
        tracker->set_idle(i, idle);
        if (split.ended)
          tracker->set_ended(i);
      }
      result.push_back({setup_.slices.id(i), split.reader->position(),
                        split.now, split.ended});
    }
    return result;
  }

  edge_watermark watermark(std::size_t index) const override {
    if (auto* tracker = trackers_[index])
      return {tracker->watermark(), tracker->idle()};
    return {watermark_, false};
  }

  std::uint64_t emitted() const override {
    return output_.emitted();
  }

  std::optional<std::uint64_t> waiting(event_time now) const override {
    std::uint64_t result = 0;
    for (auto& split : splits_) {
      auto known = split.reader->waiting(now);
      if (!known)
        return std::nullopt;
      result += *known;
    }
    return result;
  }

  void save_slice(std::uint32_t local, byte_buffer& out) const override {
    auto& split = splits_[local];
    auto position = split.reader->position();
    encode(position, out);
    encode(split.ended, out);
    encode(split.now, out);
    encode(split.last_tuple_at, out);
    for (auto* tracker : all_trackers_)
      tracker->save(local, out);
    encode(split.brought, out);
  }

  void load_slice(std::uint32_t local,
                  std::span<const std::byte> bytes) override {
    input_archive in{bytes};
    auto& split = splits_[local];
    std::uint64_t position = 0;
    decode(in, position);
    decode(in, split.ended);
    decode(in, split.now);
    decode(in, split.last_tuple_at);
    for (auto* tracker : all_trackers_)
      tracker->load(local, in);
    split.brought = 0;
    // Savepoints of earlier versions do not say.
    if (in.remaining() != 0)
      decode(in, split.brought);
    in.expect_end();
    split.reader->seek(position);
  }

private:
  struct open_split {
    std::unique_ptr<source_reader<value_type>> reader;
    std::uint64_t tuples = 0;  ///< in this epoch
    std::uint64_t brought = 0; ///< in all epochs
    bool ended = false;
    bool ended_before = false;         ///< this epoch
    bool recorded_end_reached = false; ///< of this epoch
    event_time now = 0;
    event_time now_before = 0; ///< of the epoch before this one
    /// Later by what does not count of the time since.
    event_time last_tuple_at = beginning_of_time;
  };

  static void note_silence(open_split& split) {
    if (split.tuples > 0 || split.last_tuple_at == beginning_of_time) {
      split.last_tuple_at = split.now;
      return;
    }
    auto length = split.now - split.now_before;
    if (length > most_idle_in_epoch)
      split.last_tuple_at += length - most_idle_in_epoch;
  }

  /// What slice `i` may read now.
  std::optional<read_limits> limits(std::uint32_t i,
                                    const read_budget& budget) const {
    auto& split = splits_[i];
    read_limits result{budget.tuples, budget.bytes, std::nullopt, budget.now};
    if (budget.recorded) {
      result.tuples = result.bytes = ~std::uint64_t{0};
      result.until = recorded_cut(i, *budget.recorded).position;
      return result;
    }
    if (budget.exactly) {
      result.bytes = ~std::uint64_t{0};
      result.tuples = *budget.exactly - split.tuples;
      return result;
    }
    // An even share, so that no slice starves another of the same partition.
    auto share = std::max<std::uint64_t>(1, budget.tuples / splits_.size());
    auto share_bytes =
      std::max<std::uint64_t>(1, budget.bytes / splits_.size());
    if (split.tuples >= share || progress_.tuples >= budget.tuples
        || read_bytes_ >= budget.bytes)
      return std::nullopt;
    result.tuples = share - split.tuples;
    result.bytes = share_bytes;
    return result;
  }

  const source_cut& recorded_cut(std::uint32_t i,
                                 const std::vector<source_cut>& cuts) const {
    for (auto& cut : cuts)
      if (cut.slice == setup_.slices.id(i))
        return cut;
    throw operator_error{"operator '" + setup_.operator_name
                         + "': the recorded cuts do not cover slice "
                         + std::to_string(setup_.slices.id(i))
                         + "; record them again with this topology and input"};
  }

  bool is_complete(const open_split& split, const read_budget& budget) const {
    if (split.ended)
      return true;
    if (budget.exactly)
      return split.tuples >= *budget.exactly;
    return !budget.recorded || split.recorded_end_reached;
  }

  void read_split(std::uint32_t i, const read_budget& budget) {
    auto& split = splits_[i];
    if (split.ended)
      return;
    auto info = epoch_;
    if (budget.recorded)
      info.now = recorded_cut(i, *budget.recorded).now;
    split.now = info.now;
    auto allowed = limits(i, budget);
    if (!allowed) {
      progress_.full = true;
      if (split.tuples == 0 && !refused_)
        refused_ = i;
      return;
    }
    if (allowed->tuples == 0)
      return;
    auto before = output_.emitted();
    auto begin = split.reader->position();
    auto status = read(i, info, *allowed);
    auto brought = output_.emitted() - before;
    read_bytes_ += split.reader->position() - begin;
    split.tuples += brought;
    split.brought += brought;
    progress_.tuples += brought;
    if (status == source_status::waiting)
      note_next_at(split);
    if (budget.recorded)
      note_recorded(split, recorded_cut(i, *budget.recorded));
    else
      note(split, status);
  }

  /// What a reader throws is no tuple's fault; what is fused behind it is
  /// executed carefully the next time.
  source_status read(std::uint32_t i, const epoch_info& epoch,
                     const read_limits& limits) {
    auto& split = splits_[i];
    auto slice = setup_.slices.id(i);
    auto& info = calls_.begin_read(epoch, slice, split.brought, output_);
    output_.begin_slice(info, slice);
    auto status = source_status::waiting;
    guarded(setup_, info, slice, [&] {
      try {
        status = split.reader->read(output_, limits);
        output_.end_slice();
        calls_.end_slice();
      } catch (const consumer_error& error) {
        throw calls_.failure(info, slice, error.what());
      }
    });
    return status;
  }

  /// The recording decides what is the end, not the reader.
  void note_recorded(open_split& split, const source_cut& cut) {
    split.recorded_end_reached = split.reader->position() >= cut.position;
    split.ended = split.recorded_end_reached && cut.ended;
  }

  void note(open_split& split, source_status status) {
    switch (status) {
      case source_status::more:
        progress_.full = true;
        break;
      case source_status::ended:
        split.ended = true;
        break;
      case source_status::waiting:
        break;
    }
  }

  void note_next_at(const open_split& split) {
    if (auto at = split.reader->next_at())
      progress_.next_at = std::min(progress_.next_at.value_or(*at), *at);
  }

  instance_setup setup_;
  emitter<value_type> output_;
  careful_calls calls_;
  std::vector<const watermark_tracker*> trackers_;
  std::vector<watermark_tracker*> all_trackers_;
  std::vector<open_split> splits_;
  epoch_info epoch_;
  read_progress progress_;
  std::uint64_t read_bytes_ = 0;
  std::uint32_t first_ = 0; ///< who reads first in this epoch
  /// Whom the others left no room in this epoch; reads first in the next.
  std::optional<std::uint32_t> refused_;
  event_time watermark_ = beginning_of_time; ///< of edges without event times
};

} // namespace braid
