// Runs one operator of a topology, epoch by epoch, on as many partitions as a
// test likes: what sources would send is fed by hand, what the operator emits
// is recorded. No actors, no threads.
#pragma once

#include "tests/operators/records_in_order.hpp"

#include "operators/braid.hpp"
#include "operators/state_fold.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace braid::test {

/// Never has anything.
template <class T>
class silent_reader final : public source_reader<T> {
public:
  source_status read(emitter<T>&, const read_limits&) override {
    return source_status::waiting;
  }

  std::uint64_t position() const override {
    return 0;
  }

  void seek(std::uint64_t) override {}
};

/// A source that never runs: its tuples are fed by hand.
template <class T>
struct fed_by_hand {
  using value_type = T;

  std::uint32_t splits() const {
    return 1;
  }

  std::unique_ptr<source_reader<T>> open(std::uint32_t,
                                         const source_context&) const {
    return std::make_unique<silent_reader<T>>();
  }
};

/// A sink that never runs: what reaches it is recorded.
template <class T>
struct recorded {
  std::optional<std::uint32_t> slices() const {
    return {};
  }

  std::unique_ptr<sink_writer<T>> open(const sink_context&) const {
    throw std::logic_error{"this sink is recorded"};
  }
};

/// A tuple on its way in.
template <class T>
struct timed {
  event_time time;
  T value;
};

/// A tuple that came out.
template <class T>
struct emitted {
  epoch_number epoch;
  slice_id slice;
  event_time time;
  T value;

  bool operator==(const emitted&) const = default;
};

template <class T>
std::vector<T> values_of(const std::vector<emitted<T>>& tuples) {
  std::vector<T> result;
  for (auto& tuple : tuples)
    result.push_back(tuple.value);
  return result;
}

/// A slice table that deals `slices` slices out to `partitions` at random, so
/// that each has at least one.
inline slice_table random_hosting(random_generator& random,
                                  std::uint32_t slices,
                                  std::uint32_t partitions) {
  slice_table result(slices);
  for (slice_id i = 0; i < slices; ++i)
    result[i] =
      i < partitions ? i : static_cast<std::uint32_t>(random.below(partitions));
  for (slice_id i = slices; i-- > 1;)
    std::swap(result[i], result[random.below(i + 1)]);
  return result;
}

/// A stretch of an edge's batches, on its way to one partition.
struct shipped_batch {
  edge_id edge;
  partition_index to;
  batch_ptr content;
};

/// What was fed into one edge for the epoch to come.
class fed_edge {
public:
  virtual ~fed_edge() = default;

  /// Sends it off as the upstream partitions in `upstream` would.
  virtual void flush(const epoch_info& epoch, const slice_table& upstream,
                     edge_target target) = 0;
};

template <class T, class KeyOf>
class typed_fed_edge final : public fed_edge {
public:
  explicit typed_fed_edge(KeyOf key_of) : key_of_(std::move(key_of)) {}

  void send(slice_id upstream, const std::vector<timed<T>>& tuples) {
    auto& chunk = pending_[upstream];
    for (auto& [time, value] : tuples) {
      chunk.values.push_back(value);
      chunk.times.push_back(time);
    }
  }

  void flush(const epoch_info& epoch, const slice_table& upstream,
             edge_target target) override {
    auto partitions = *std::max_element(upstream.begin(), upstream.end()) + 1;
    // The last partition comes first: arrival is not the canonical order.
    for (auto partition = partitions; partition-- > 0;) {
      edge_writer<T, KeyOf> writer{target, key_of_};
      for (auto& [slice, tuples] : pending_)
        if (upstream.at(slice) == partition) {
          writer.begin_slice(epoch, slice);
          writer.take(tuples);
          writer.end_slice();
        }
      writer.finish_epoch();
    }
    pending_.clear();
  }

private:
  KeyOf key_of_;
  std::map<slice_id, chunk<T>> pending_;
};

/// Where and how the operator under test runs.
struct fixture_options {
  /// The operator's slices, by partition.
  slice_table hosting = slice_table(4, 0);
  /// The slices of what is upstream, by partition.
  slice_table upstream = slice_table(4, 0);
  bool round_trip_state = false;
  skipped_tuples skipped{};
};

class operator_fixture {
public:
  /// Runs operator `name` of `graph`, which must outlive the fixture.
  operator_fixture(const topology& graph, const std::string& name,
                   fixture_options options = {})
    : graph_(graph), options_(std::move(options)) {
    while (graph_.operators().at(id_).name != name)
      ++id_;
    start();
  }

  operator_fixture(const operator_fixture&) = delete;
  operator_fixture& operator=(const operator_fixture&) = delete;

  /// The operator's `index`-th incoming edge, for `send`.
  template <class T, class KeyOf = without_key>
  typed_fed_edge<T, KeyOf>& input(std::size_t index, KeyOf key_of = {}) {
    auto edge = graph_.inputs_of(id_).at(index);
    auto& fed = inputs_[edge.id];
    if (!fed)
      fed = std::make_unique<typed_fed_edge<T, KeyOf>>(std::move(key_of));
    return static_cast<typed_fed_edge<T, KeyOf>&>(*fed);
  }

  /// Runs the next epoch with all that was sent since the one before.
  void run(event_time watermark_after, bool last = false) {
    epoch_.number += 1;
    epoch_.now += 1000;
    epoch_.watermark_before = epoch_.watermark_after;
    epoch_.watermark_after = watermark_after;
    epoch_.last = last;
    std::vector<shipped_batch> batches;
    for (auto& edge : graph_.inputs_of(id_))
      if (inputs_.contains(edge.id))
        inputs_[edge.id]->flush(epoch_, options_.upstream,
                                target_of(edge, batches));
    for (partition_index to = 0; to < instances_.size(); ++to)
      process(to, batches);
    if (!options_.round_trip_state)
      for (auto& hosted : instances_)
        check_changes(hosted);
  }

  /// Runs the last epoch: the stream has ended.
  void finish() {
    run(end_of_time, true);
  }

  const epoch_info& epoch() const {
    return epoch_;
  }

  /// What has reached sink `name` so far, partition by partition in each epoch.
  template <class T>
  std::vector<emitted<T>> results(const std::string& name) const {
    std::vector<emitted<T>> result;
    for (auto& [epoch, batch] : outputs_.at(edge_into(name))) {
      auto& tuples = static_cast<const typed_batch<T>&>(*batch);
      std::uint32_t at = 0;
      for (auto& run : tuples.runs())
        for (auto end = at + run.count; at < end; ++at)
          result.push_back(
            {epoch, run.slice, tuples.time(at), tuples.values()[at]});
    }
    return result;
  }

  /// The same by slice: what must not depend on hosting.
  template <class T>
  std::map<slice_id, std::vector<emitted<T>>>
  results_by_slice(const std::string& name) const {
    std::map<slice_id, std::vector<emitted<T>>> result;
    for (auto& tuple : results<T>(name))
      result[tuple.slice].push_back(tuple);
    return result;
  }

  byte_buffer saved(slice_id slice) const {
    auto& from = instances_.at(options_.hosting.at(slice));
    byte_buffer result;
    from.instance->save_slice(from.slices.local(slice), result);
    return result;
  }

  /// Starts all partitions anew, with the slices hosted as `hosting` says and
  /// loaded from what the old ones saved.
  void rehost(slice_table hosting) {
    std::vector<byte_buffer> slices;
    for (slice_id i = 0; i < options_.hosting.size(); ++i)
      slices.push_back(saved(i));
    byte_buffer shared;
    instances_.front().instance->save_shared(shared);
    options_.hosting = std::move(hosting);
    start();
    for (auto& hosted : instances_) {
      hosted.instance->load_shared(shared.bytes());
      hosted.standby->load_shared(shared.bytes());
      hosted.shared = shared;
      for (std::uint32_t local = 0; local < hosted.slices.size(); ++local) {
        auto& bytes = slices[hosted.slices.id(local)];
        hosted.instance->load_slice(local, bytes.bytes());
        hosted.standby->load_slice(local, bytes.bytes());
        hosted.folded[local] = bytes;
      }
    }
    for (slice_id i = 0; i < options_.hosting.size(); ++i)
      if (!(saved(i) == slices[i]))
        throw std::logic_error{"a slice saves other bytes than it loaded"};
  }

private:
  struct hosted_instance {
    std::unique_ptr<operator_instance> instance;
    hosted_slices slices;
    /// Only gets what changes in the first one.
    std::unique_ptr<operator_instance> standby;
    /// What a holder of backups has of each slice, and of what belongs to none.
    std::vector<byte_buffer> folded;
    byte_buffer shared;
    /// What slices were, by local number, when they were frozen.
    std::map<std::uint32_t, byte_buffer> frozen{};
  };

  /// Now and then takes the changes of slices, and checks that who holds an
  /// earlier copy gets the same state with them.
  void check_changes(hosted_instance& hosted) {
    if (epoch_.number % 3 == 1) {
      byte_buffer changes;
      hosted.instance->save_shared_changes(changes);
      hosted.standby->apply_shared_changes(changes.bytes());
      hosted.shared = fold(hosted.shared.bytes(), changes.bytes());
      byte_buffer live, applied;
      hosted.instance->save_shared(live);
      hosted.standby->save_shared(applied);
      require_same(live, applied);
      hosted.standby->load_shared(hosted.shared.bytes());
      applied.clear();
      hosted.standby->save_shared(applied);
      require_same(live, applied);
    }
    for (std::uint32_t local = 0; local < hosted.slices.size(); ++local) {
      check_frozen(hosted, local);
      if ((epoch_.number + hosted.slices.id(local) * 7) % 5 < 2) {
        check_changes(hosted, local);
        hosted.instance->save_slice(local, hosted.frozen[local]);
        hosted.instance->freeze(local, record_extent::everything);
      }
    }
  }

  /// What was frozen in an earlier epoch is what it was then.
  static void check_frozen(hosted_instance& hosted, std::uint32_t local) {
    auto frozen = hosted.frozen.extract(local);
    if (frozen.empty())
      return;
    byte_buffer written;
    hosted.instance->save_frozen(local, written);
    require_same(records_in_order(frozen.mapped()), records_in_order(written));
  }

  static void check_changes(hosted_instance& hosted, std::uint32_t local) {
    byte_buffer live, changes, applied, folded;
    auto changed = hosted.instance->changed(local);
    hosted.instance->save_slice(local, live);
    if (live.size() % 5 == 0) {
      hosted.instance->forget_changes(local);
      if (hosted.instance->changed(local))
        throw std::logic_error{"a slice does not forget what changed"};
      hosted.standby->load_slice(local, live.bytes());
      hosted.folded[local] = live;
      return;
    }
    hosted.instance->save_changes(local, changes);
    if (hosted.instance->changed(local)
        || (!changed && !(changes == nothing())))
      throw std::logic_error{"a slice does not know whether it changed"};
    hosted.standby->apply_changes(local, changes.bytes());
    hosted.standby->save_slice(local, applied);
    require_same(live, applied);
    auto& copy = hosted.folded[local];
    copy = fold(copy.bytes(), changes.bytes());
    // Every other time, so that changes are made to both kinds.
    if (changes.size() % 2 == 0)
      return;
    hosted.standby->load_slice(local, copy.bytes());
    hosted.standby->save_slice(local, folded);
    require_same(live, folded);
  }

  static void require_same(const byte_buffer& live, const byte_buffer& copy) {
    if (!(live == copy))
      throw std::logic_error{
        "a copy that got all changes, or was frozen, differs"};
  }

  /// The records of a slice that never had any.
  static byte_buffer nothing() {
    byte_buffer result;
    record_writer{result}.end();
    return result;
  }

  void start() {
    instances_.clear();
    auto& hosting = options_.hosting;
    auto partitions = *std::max_element(hosting.begin(), hosting.end()) + 1;
    for (partition_index i = 0; i < partitions; ++i) {
      instance_setup setup;
      setup.topology = graph_.name();
      setup.operator_name = graph_.operators()[id_].name;
      setup.partition = i;
      setup.slices = hosted_slices{hosting, i};
      setup.round_trip_state = options_.round_trip_state;
      setup.skipped = options_.skipped;
      for (auto& edge : graph_.outputs_of(id_))
        setup.targets.push_back(recorded_target(edge));
      auto& node = graph_.operators()[id_];
      instances_.push_back({node.make(setup),
                            setup.slices,
                            node.make(setup),
                            {setup.slices.size(), nothing()},
                            nothing()});
    }
  }

  /// Batches are small, so that an epoch has several.
  static constexpr std::size_t batch_bytes = 200;

  edge_target target_of(const edge_node& edge,
                        std::vector<shipped_batch>& batches) const {
    auto ship = [&batches](edge_id by, partition_index to, epoch_number,
                           batch_ptr content) {
      batches.push_back({by, to, std::move(content)});
    };
    return {edge.id,          edge.how,
            options_.hosting, static_cast<std::uint32_t>(instances_.size()),
            batch_bytes,      ship};
  }

  edge_target recorded_target(const edge_node& edge) {
    auto& outputs = outputs_[edge.id];
    auto ship = [&outputs](edge_id, partition_index, epoch_number by,
                           batch_ptr content) {
      outputs.emplace_back(by, std::move(content));
    };
    return {edge.id, edge.how,    slice_table(options_.hosting.size(), 0),
            1,       batch_bytes, ship};
  }

  void process(partition_index to, const std::vector<shipped_batch>& batches) {
    std::vector<input_run> runs;
    for (auto& batch : batches) {
      if (batch.to != to)
        continue;
      std::uint32_t first = 0;
      for (auto& run : batch.content->runs()) {
        runs.push_back({graph_.edges()[batch.edge].port, batch.edge, run.slice,
                        batch.content.get(), first, run.count});
        first += run.count;
      }
    }
    sort_runs(runs);
    auto& instance = *instances_[to].instance;
    instance.process(epoch_, runs);
    for (auto* edge : instance.edges())
      edge->finish_epoch();
  }

  edge_id edge_into(const std::string& sink) const {
    for (auto& edge : graph_.outputs_of(id_))
      if (graph_.operators()[edge.to].name == sink)
        return edge.id;
    throw std::logic_error{"the operator has no edge into " + sink};
  }

  const topology& graph_;
  fixture_options options_;
  operator_id id_ = 0;
  std::vector<hosted_instance> instances_;
  std::map<edge_id, std::unique_ptr<fed_edge>> inputs_;
  std::map<edge_id, std::vector<std::pair<epoch_number, batch_ptr>>> outputs_;
  epoch_info epoch_;
};

} // namespace braid::test
