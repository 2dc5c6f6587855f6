// Aggregates before the exchange: what a partition emits for one key in an
// epoch goes on as one tuple.
#pragma once

#include "operators/aggregate.hpp"
#include "operators/exchange.hpp"

#include <cstddef>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

namespace braid {

/// What one upstream slice has had of a key in an epoch.
template <class Key, class Accumulator>
struct partial_aggregate {
  Key key{};
  Accumulator value{};

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& key& value;
  }
};

struct key_of_partial {
  template <class Key, class Accumulator>
  const Key& operator()(const partial_aggregate<Key, Accumulator>& x) const {
    return x.key;
  }
};

/// The aggregator of partial aggregates of `Aggregator`, which can merge.
template <class Aggregator>
struct merging {
  using accumulator = typename Aggregator::accumulator;

  Aggregator inner;

  accumulator start() const {
    return start_of(inner);
  }

  template <class Key>
  void add(accumulator& into,
           const partial_aggregate<Key, accumulator>& x) const {
    inner.merge(into, x.value);
  }

  decltype(auto) result(const accumulator& value) const {
    return inner.result(value);
  }
};

/// The sending end of a keyed edge that aggregates first.
///
/// All of an epoch is gathered before anything is sent, slice by slice and in
/// the order in which keys came first: what is sent does not depend on how the
/// epoch was cut into chunks, so not on timing.
template <class T, class KeyOf, class Aggregator>
class combining_writer final : public collector<T>, public edge_output {
  using key_type =
    std::remove_cvref_t<std::invoke_result_t<const KeyOf&, const T&>>;
  using partial = partial_aggregate<key_type, typename Aggregator::accumulator>;

public:
  /// `name` is what dead letters say of the two functions.
  combining_writer(const edge_target& target, KeyOf key_of, Aggregator how,
                   std::string name)
    : edge_output(target), key_of_(std::move(key_of)),
      aggregator_(std::move(how)), writer_(target, {}) {
    stage_.set_name(std::move(name));
  }

  void retarget(slice_table slices, std::uint32_t partitions) override {
    writer_.retarget(std::move(slices), partitions);
  }

  void begin_slice(const epoch_info& epoch, slice_id slice) override {
    epoch_ = epoch;
    epoch_.careful = nullptr;
    current_ = &gathered_[slice];
    stage_.begin_slice(epoch);
  }

  void end_slice() override {}

  void take(const chunk<T>& tuples) override {
    if (stage_.passes_over(tuples))
      return;
    for (std::size_t i = 0; i < tuples.size(); ++i)
      add(tuples.values[i], tuples.times[i]);
    stage_.done();
  }

  std::vector<std::uint32_t> finish_epoch() override {
    for (auto& [slice, of] : gathered_) {
      if (of.places.empty())
        continue;
      writer_.begin_slice(epoch_, slice);
      writer_.take(of.partials);
      writer_.end_slice();
      of.places.clear();
      of.partials = {};
    }
    return writer_.finish_epoch();
  }

private:
  /// Of one slice in one epoch.
  struct gathering {
    std::unordered_map<key_type, std::size_t, key_hasher, key_equal> places;
    chunk<partial> partials; ///< with the time of each key's last tuple
  };

  void add(const T& tuple, event_time time) {
    const key_type& key = key_of_(tuple);
    auto& [places, partials] = *current_;
    auto [found, anew] = places.try_emplace(key, partials.size());
    if (anew) {
      partials.values.push_back({key, start_of(aggregator_)});
      partials.times.push_back(time);
    }
    aggregator_.add(partials.values[found->second].value, tuple);
    partials.times[found->second] = time;
  }

  KeyOf key_of_;
  Aggregator aggregator_;
  careful_stage stage_;
  edge_writer<partial, key_of_partial> writer_;
  epoch_info epoch_;
  std::map<slice_id, gathering> gathered_;
  gathering* current_ = nullptr;
};

} // namespace braid
