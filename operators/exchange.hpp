// The sending end of an edge: routes an operator's tuples to the partitions
// downstream and gathers them into batches.
#pragma once

#include "operators/batch.hpp"
#include "operators/careful_calls.hpp"
#include "operators/emitter.hpp"
#include "operators/key_hash.hpp"

#include <algorithm>
#include <cassert>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace braid {

/// Names an edge of a topology: a stream from one operator to one port of
/// another. Numbered in the order of declaration, from 0.
using edge_id = std::uint32_t;

/// How an edge chooses the slice downstream of a tuple.
enum class routing : std::uint8_t {
  keyed,     ///< by the hash of its key
  forward,   ///< the slice that emitted it; both operators have as many
  rebalance, ///< spread evenly, by where it was emitted
  broadcast, ///< every partition gets it
};

std::string to_string(routing x);

/// Takes finished batches towards a partition downstream.
using batch_shipper =
  std::function<void(edge_id, partition_index to, epoch_number, batch_ptr)>;

/// What the sending end of one edge must know about the receiving operator.
struct edge_target {
  edge_id edge = 0;
  routing how = routing::forward;
  slice_table slices; ///< which partition hosts each slice
  /// Of the receiving operator, those that host no slice (any more) included:
  /// these are sent nothing.
  std::uint32_t partitions = 1;
  std::size_t batch_bytes = 64 * 1024;
  batch_shipper ship;
};

/// The sending end of an edge, whatever its tuple type.
class edge_output {
public:
  virtual ~edge_output() = default;

  /// Sends what is left of the epoch. Returns how many tuples went to each
  /// partition downstream in this epoch, for the close.
  virtual std::vector<std::uint32_t> finish_epoch() = 0;

  /// From the next epoch on, slices downstream are hosted by other partitions.
  /// Between epochs only.
  virtual void retarget(slice_table slices, std::uint32_t partitions) = 0;

  edge_id edge() const {
    return target_.edge;
  }

protected:
  explicit edge_output(edge_target target) : target_(std::move(target)) {}

  edge_target target_;
};

/// The route of the `index`-th tuple that `slice` emits in `epoch`: which slice
/// it falls into depends on nothing but these, so not on parallelism.
inline route balanced_route(epoch_number epoch, slice_id slice,
                            std::uint64_t index, std::uint32_t slices) {
  auto start = key_hash((std::uint64_t{slice} << 40) ^ epoch);
  auto chosen = (start + index) % slices;
  // The smallest route that `slice_of` maps to `chosen`.
  return static_cast<route>(((chosen << 32) + slices - 1) / slices);
}

/// Routes tuples of type `T`. `KeyOf` returns the key of a tuple and is called
/// on keyed edges only.
template <class T, class KeyOf>
class edge_writer final : public collector<T>, public edge_output {
public:
  /// `name` is what dead letters say of `key_of`.
  edge_writer(edge_target target, KeyOf key_of, std::string name = "key_by")
    : edge_output(std::move(target)), how_(target_.how),
      key_of_(std::move(key_of)) {
    stage_.set_name(std::move(name));
    auto tuple_bytes = sizeof(T) + sizeof(route);
    batch_tuples_ = static_cast<std::uint32_t>(
      std::max<std::size_t>(1, target_.batch_bytes / tuple_bytes));
    prepare();
  }

  void retarget(slice_table slices, std::uint32_t partitions) override {
    target_.slices = std::move(slices);
    target_.partitions = partitions;
    prepare();
  }

  void begin_slice(const epoch_info& epoch, slice_id slice) override {
    epoch_ = epoch.number;
    slice_ = slice;
    stage_.begin_slice(epoch);
    if (how_ == routing::rebalance)
      emitted_ = emitted_by_[slice];
    for (auto& builder : builders_)
      builder.begin_run(slice);
  }

  void end_slice() override {
    // A source may come back to the slice in the same epoch.
    if (how_ == routing::rebalance)
      emitted_by_[slice_] = emitted_;
  }

  void take(const chunk<T>& tuples) override {
    if (stage_.passes_over(tuples))
      return;
    switch (how_) {
      case routing::keyed:
        take_keyed(tuples);
        break;
      case routing::forward:
        take_whole(tuples, target_.slices[slice_]);
        break;
      case routing::rebalance:
        take_balanced(tuples);
        break;
      case routing::broadcast:
        take_whole(tuples, 0);
        break;
    }
    stage_.done();
  }

  std::vector<std::uint32_t> finish_epoch() override {
    for (std::uint32_t i = 0; i < builders_.size(); ++i)
      if (!builders_[i].empty())
        ship(i);
    auto result = std::move(sent_);
    sent_.assign(target_.partitions, 0);
    emitted_by_.clear();
    return result;
  }

private:
  /// For the partitions that `target_` names.
  void prepare() {
    auto builders = how_ == routing::broadcast ? 1 : target_.partitions;
    builders_.assign(builders, batch_builder<T>{batch_tuples_});
    sent_.assign(target_.partitions, 0);
    hosts_.assign(target_.slices.begin(), target_.slices.end());
    std::sort(hosts_.begin(), hosts_.end());
    hosts_.erase(std::unique(hosts_.begin(), hosts_.end()), hosts_.end());
  }

  void take_keyed(const chunk<T>& tuples) {
    auto hash_of = [this](const T& tuple) { return key_hash(key_of_(tuple)); };
    if (target_.partitions == 1)
      return in_stretches(tuples, 0, [&](auto& to, auto values, auto times) {
        to.append(values, times, hash_of);
      });
    auto slices = static_cast<std::uint32_t>(target_.slices.size());
    for (std::size_t i = 0; i < tuples.size(); ++i) {
      auto hash = hash_of(tuples.values[i]);
      append(target_.slices[slice_of(hash, slices)], tuples.values[i],
             tuples.times[i], hash);
    }
  }

  void take_balanced(const chunk<T>& tuples) {
    auto slices = static_cast<std::uint32_t>(target_.slices.size());
    for (std::size_t i = 0; i < tuples.size(); ++i) {
      auto to = balanced_route(epoch_, slice_, emitted_++, slices);
      append(target_.slices[slice_of(to, slices)], tuples.values[i],
             tuples.times[i], to);
    }
  }

  /// Everything to one builder, without routes.
  void take_whole(const chunk<T>& tuples, std::uint32_t to) {
    in_stretches(tuples, to, [](auto& builder, auto values, auto times) {
      builder.append(values, times);
    });
  }

  /// Calls `append` with the builder of `to` and as many values and times as
  /// still fit into its batch, until there are no more.
  template <class Append>
  void in_stretches(const chunk<T>& tuples, std::uint32_t to,
                    const Append& append) {
    auto& builder = builders_[to];
    std::span values{tuples.values};
    std::span times{tuples.times};
    for (std::size_t at = 0; at < values.size();) {
      auto count = std::min<std::size_t>(values.size() - at,
                                         batch_tuples_ - builder.size());
      append(builder, values.subspan(at, count), times.subspan(at, count));
      at += count;
      if (builder.size() == batch_tuples_)
        ship(to);
    }
  }

  void append(partition_index to, const T& value, event_time time, route by) {
    auto& builder = builders_[to];
    builder.append(value, time, by);
    if (builder.size() == batch_tuples_)
      ship(to);
  }

  void ship(std::uint32_t index) {
    auto batch = builders_[index].take();
    if (how_ != routing::broadcast) {
      sent_[index] += batch->size();
      target_.ship(target_.edge, index, epoch_, std::move(batch));
      return;
    }
    for (auto to : hosts_) {
      sent_[to] += batch->size();
      target_.ship(target_.edge, to, epoch_, batch);
    }
  }

  routing how_;
  KeyOf key_of_;
  careful_stage stage_;
  std::vector<batch_builder<T>> builders_;
  std::vector<std::uint32_t> sent_;
  std::vector<partition_index> hosts_; ///< of slices, ascending
  std::uint32_t batch_tuples_;
  epoch_number epoch_ = 0;
  slice_id slice_ = 0;
  std::uint64_t emitted_ = 0; ///< by `slice_` in `epoch_`, if rebalanced
  std::map<slice_id, std::uint64_t> emitted_by_;
};

} // namespace braid
