#include "tests/simulator/random_topology.hpp"

#include "tests/simulator/simulator.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace braid::simulator {

namespace {

class topology_maker {
public:
  topology_maker(random_generator& random,
                 const random_topology_options& options)
    : random_(&random), options_(options) {}

  topology_description make() {
    result_.name = "random";
    for (auto sources = 1 + below(3); sources > 0; --sources)
      add_source();
    for (auto nodes = 1 + below(8); nodes > 0; --nodes)
      add_node();
    // Adding sinks consumes streams, so only the ones before are looked at.
    auto last = streams_.size();
    for (std::size_t i = 0; i < last; ++i)
      if (!streams_[i].used)
        add_sink(i);
    return std::move(result_);
  }

private:
  struct open_stream {
    stream_ref ref{};
    bool at_source = false;   ///< times may still be assigned
    std::uint64_t volume = 0; ///< about as many tuples, at most
    bool used = false;
  };

  /// Of a stream; more of them find nothing more.
  static constexpr std::uint64_t most_tuples = 20'000;

  std::uint64_t below(std::uint64_t bound) {
    return random_->below(bound);
  }

  bool one_in(std::uint64_t count) {
    return below(count) == 0;
  }

  // -- sources ---------------------------------------------------------------

  void add_source() {
    node_description node;
    node.kind = node_kind::source;
    node.script.sees_end_late = one_in(3);
    node.script.stutters = one_in(3);
    auto keys = std::array{1, 3, 10, 50}[below(4)];
    open_stream result{.at_source = true};
    for (auto splits = 1 + below(4); splits > 0; --splits) {
      node.script.splits.push_back(random_split(keys));
      result.volume += node.script.splits.back().size();
    }
    if (options_.paced && one_in(3))
      node.script.ends_at = simulation::beginning + random_time(3'000'000);
    add(std::move(node), result);
    if (!one_in(3))
      add_times(streams_.size() - 1);
  }

  std::vector<scripted_tuple> random_split(std::uint64_t keys) {
    std::vector<scripted_tuple> result;
    auto at = simulation::beginning;
    auto stamp = random_time(10'000);
    auto pace = 1 + random_time(2'000);
    for (auto tuples = one_in(6) ? 0 : below(options_.longest_split);
         tuples > 0; --tuples) {
      if (options_.paced)
        at += one_in(30) ? random_time(2'000'000) : random_time(3'000);
      stamp += random_time(pace) - pace / 4;
      result.push_back({{below(keys), (*random_)(), stamp}, at});
    }
    return result;
  }

  event_time random_time(event_time bound) {
    return static_cast<event_time>(below(static_cast<std::uint64_t>(bound)));
  }

  void add_times(std::size_t stream) {
    node_description node;
    node.kind = node_kind::assign_times;
    node.lateness = one_in(3) ? 0 : random_time(5'000);
    auto result = streams_[stream];
    result.used = false;
    node.inputs = {use(stream)};
    add(std::move(node), result);
  }

  // -- other nodes -----------------------------------------------------------

  void add_node() {
    constexpr std::array kinds{
      node_kind::map,      node_kind::filter,      node_kind::flat_map,
      node_kind::unite,    node_kind::unite,       node_kind::chain,
      node_kind::fold,     node_kind::count,       node_kind::alarm,
      node_kind::alarm,    node_kind::text_alarm,  node_kind::join,
      node_kind::rules,    node_kind::window,      node_kind::merged_window,
      node_kind::sessions, node_kind::window_join, node_kind::interval_join,
      node_kind::split,    node_kind::pair,        node_kind::sink};
    auto kind = kinds[below(kinds.size())];
    if (kind == node_kind::sink)
      return add_sink(any_stream());
    node_description node;
    node.kind = kind;
    auto inputs = random_inputs(kind);
    auto result = result_of(kind, inputs);
    if (result.volume > most_tuples)
      return add_sink(inputs.front());
    for (auto input : inputs)
      node.inputs.push_back(use(input));
    set_parameters(node);
    add(std::move(node), result);
  }

  void set_parameters(node_description& node) {
    auto kind = node.kind;
    node.parameter = 1 + below(kind == node_kind::map ? 100 : 20'000);
    // Windows overlap, by a fraction that need not divide them.
    auto size = static_cast<event_time>(node.parameter);
    node.slide = std::max<event_time>(1, size * (3 + random_time(8)) / 10);
    node.lateness = one_in(2) ? 0 : random_time(10'000);
    node.when =
      std::array{emit::each_update, emit::each_epoch, emit::at_end}[below(3)];
    if (kind >= node_kind::chain && (kind < node_kind::split || one_in(2)))
      node.slices = random_slices();
    if (kind >= node_kind::split)
      node.rebalanced = {one_in(4), one_in(4)};
  }

  std::vector<std::size_t> random_inputs(node_kind kind) {
    auto count = kind == node_kind::unite ? 2 + below(2)
                 : takes_two(kind)        ? 2
                                          : 1;
    std::vector<std::size_t> result;
    for (std::uint64_t i = 0; i < count; ++i)
      result.push_back(any_stream());
    return result;
  }

  /// What a node makes of these streams.
  open_stream result_of(node_kind kind,
                        const std::vector<std::size_t>& inputs) const {
    open_stream result{.at_source = kind < node_kind::chain};
    for (auto input : inputs) {
      auto& stream = streams_[input];
      result.at_source = result.at_source && stream.at_source;
      result.volume = multiplies(kind) && input != inputs.front()
                        ? result.volume * stream.volume
                        : result.volume + stream.volume;
    }
    if (multiplies(kind) && inputs.front() == inputs.back())
      result.volume *= result.volume;
    return result;
  }

  /// Whether every tuple of one stream may meet every one of the other.
  static bool multiplies(node_kind kind) {
    return kind == node_kind::window_join || kind == node_kind::interval_join;
  }

  static bool takes_two(node_kind kind) {
    switch (kind) {
      case node_kind::join:
      case node_kind::rules:
      case node_kind::window_join:
      case node_kind::interval_join:
      case node_kind::pair:
        return true;
      default:
        return false;
    }
  }

  void add_sink(std::size_t stream) {
    node_description node;
    node.kind = node_kind::sink;
    node.inputs = {use(stream)};
    node.rebalanced = {one_in(4)};
    if (one_in(2))
      node.slices = random_slices();
    node.name = "sink " + std::to_string(result_.nodes.size());
    result_.nodes.push_back(std::move(node));
  }

  std::uint32_t random_slices() {
    return std::array{1u, 2u, 3u, 4u, 7u, 16u}[below(6)];
  }

  std::size_t any_stream() {
    return below(streams_.size());
  }

  stream_ref use(std::size_t stream) {
    streams_[stream].used = true;
    return streams_[stream].ref;
  }

  void add(node_description node, open_stream result) {
    node.name = "node " + std::to_string(result_.nodes.size());
    result.ref = {result_.nodes.size(), false};
    streams_.push_back(result);
    if (has_side(node.kind)) {
      result.ref.side = true;
      result.at_source = false;
      streams_.push_back(result);
    }
    result_.nodes.push_back(std::move(node));
  }

  random_generator* random_;
  random_topology_options options_;
  topology_description result_;
  std::vector<open_stream> streams_;
};

} // namespace

topology_description random_topology(random_generator& random,
                                     const random_topology_options& options) {
  return topology_maker{random, options}.make();
}

} // namespace braid::simulator
