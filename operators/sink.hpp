// Sinks: where streams end. `docs/` shows how to write one.
#pragma once

#include "operators/archive.hpp"
#include "operators/operator_instance.hpp"

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace braid {

/// What a sink may know about where it runs.
struct sink_context {
  std::string topology;
  std::string name; ///< of the sink
  partition_index partition = 0;
  hosted_slices slices;
  /// An earlier instance in the same run wrote these slices: what is there is
  /// this run's own, and is written again, to the byte.
  bool resumed = false;
  /// The run goes back to a savepoint. What an earlier run has written beyond
  /// the positions that `seek` tells is void, and is to be removed there.
  bool goes_back = false;
};

/// Writes the tuples of the slices that one partition hosts. What it writes for
/// a slice must depend on that slice's tuples alone.
template <class T>
class sink_writer {
public:
  virtual ~sink_writer() = default;

  /// Takes a slice's tuples of one epoch, in canonical order. Called only for
  /// slices that have some, in the order of the slices.
  virtual void write(slice_id slice, std::span<const tuple_view<T>> tuples) = 0;

  /// The epoch is complete: makes visible what was written.
  virtual void commit(const epoch_info&) {}

  /// What is committed is about to count as written for ever: brings it to
  /// where no failure of this machine takes it from, if that is wanted.
  virtual void make_durable() {}

  /// All epochs are committed; the stream has ended.
  virtual void finish() {}

  /// How much `slice` has written up to the last commit; what it counts is the
  /// writer's own affair. Checkpoints keep it.
  virtual std::uint64_t position(slice_id) const {
    return 0;
  }

  /// Continues `slice` at an earlier `position()`, of this or another instance:
  /// what comes is what came there before.
  virtual void seek(slice_id, std::uint64_t) {}
};

/// A sink that is opened for tuples of one type.
template <class S, class T>
concept opens_for_one_type = requires(const S& sink,
                                      const sink_context& context) {
  {
    sink.open(context)
    } -> std::convertible_to<std::unique_ptr<sink_writer<T>>>;
};

/// A sink that is opened for the type of the stream that it ends.
template <class S, class T>
concept opens_for_any_type = requires(const S& sink,
                                      const sink_context& context) {
  {
    sink.template open<T>(context)
    } -> std::convertible_to<std::unique_ptr<sink_writer<T>>>;
};

/// A sink as the user names it in a topology. `slices` is how many slices it
/// wants, nothing for as many as its upstream operator has.
template <class S, class T>
concept sink_definition =
  (opens_for_one_type<S, T> || opens_for_any_type<S, T>)&&requires(
    const S& sink) {
  { sink.slices() } -> std::convertible_to<std::optional<std::uint32_t>>;
};

template <class T, sink_definition<T> Sink>
std::unique_ptr<sink_writer<T>> open_sink(const Sink& sink,
                                          const sink_context& context) {
  if constexpr (opens_for_any_type<Sink, T>)
    return sink.template open<T>(context);
  else
    return sink.open(context);
}

/// How far a sink's slices have been written, as state of theirs.
template <class T>
class sink_positions final : public state_handle {
public:
  /// Both must outlive this.
  sink_positions(sink_writer<T>& writer, const hosted_slices& slices)
    : state_handle("position"), writer_(writer), slices_(slices) {}

  void host(std::uint32_t slices) override {
    saved_.assign(slices, never);
  }

  void save(std::uint32_t local, record_writer& out) const override {
    write_single_record(name(), position(local), out);
  }

  bool changed(std::uint32_t local) const override {
    return position(local) != saved_[local];
  }

  void save_changes(std::uint32_t local, record_writer& out) override {
    save(local, out);
    forget_changes(local);
  }

  void forget_changes(std::uint32_t local) override {
    saved_[local] = position(local);
  }

  void clear(std::uint32_t) override {
    // What is loaded next says where to go on.
  }

  void apply(std::uint32_t local, record_reader& in) override {
    auto position = this->position(local);
    read_single_record(in, position);
    writer_.seek(slices_.id(local), position);
    saved_[local] = position;
  }

private:
  std::uint64_t position(std::uint32_t local) const {
    return writer_.position(slices_.id(local));
  }

  /// No position: the first one is a change.
  static constexpr auto never = ~std::uint64_t{0};

  sink_writer<T>& writer_;
  const hosted_slices& slices_;
  std::vector<std::uint64_t> saved_;
};

template <class T>
class sink_partition final : public operator_instance {
public:
  sink_partition(const instance_setup& setup,
                 std::unique_ptr<sink_writer<T>> writer)
    : setup_(setup), writer_(std::move(writer)), order_(setup_.slices),
      positions_(*writer_, setup_.slices) {
    host(positions_, setup_);
  }

  void process(const epoch_info& epoch,
               std::span<const input_run> runs) override {
    epoch_ = epoch;
    order_.arrange(runs);
    for (std::uint32_t local = 0; local < setup_.slices.size(); ++local)
      if (auto tuples = order_.of(local); !tuples.empty())
        guarded(setup_, epoch, setup_.slices.id(local),
                [&] { writer_->write(setup_.slices.id(local), tuples); });
    guarded(setup_, epoch, 0, [&] {
      writer_->commit(epoch);
      if (epoch.last)
        writer_->finish();
    });
  }

  void before_checkpoint() override {
    guarded(setup_, epoch_, 0, [&] { writer_->make_durable(); });
  }

private:
  instance_setup setup_;
  std::unique_ptr<sink_writer<T>> writer_;
  slice_order<T> order_;
  epoch_info epoch_; ///< the last one
  sink_positions<T> positions_;
};

} // namespace braid
