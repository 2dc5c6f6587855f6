#include "tests/simulator/build_topology.hpp"

#include "tests/simulator/described_operators.hpp"

#include "operators/join.hpp"
#include "operators/stream.hpp"

#include <utility>

namespace braid::simulator {

namespace {

using items = stream<item>;
using keyed_items = keyed_stream<item, key_of_item>;
using counted_item = keyed_value<std::uint64_t, std::uint64_t>;
using windowed_item = windowed_value<std::uint64_t, std::uint64_t>;

/// What a node gives: its stream and, where it has one, its side output.
struct node_outputs {
  items main;
  std::optional<items> side{};
};

items as_items(const std::string& name, const stream<counted_item>& values) {
  return values.map(name + ", as items", [](const counted_item& x) {
    return item{x.key, x.value, 0};
  });
}

/// The results of windows, and what was too late for them.
node_outputs windowed(const std::string& name,
                      const stream<windowed_item>& values) {
  return {values.map(name + ", as items",
                     [](const windowed_item& x) {
                       return user::of_window(x.key, x.window.begin,
                                              x.window.end, x.value);
                     }),
          values.side<item>("late")};
}

void add_to_hash(std::uint64_t& hash, const item& x) {
  hash = user::mixed(hash, x.value);
}

void add_to_sum(std::uint64_t& sum, const item& x) {
  sum += x.value;
}

std::chrono::microseconds microseconds_of(std::uint64_t parameter) {
  return std::chrono::microseconds{parameter};
}

node_outputs make_window(const keyed_items& in, const node_description& node) {
  auto size = microseconds_of(node.parameter);
  std::chrono::microseconds lateness{node.lateness};
  sliding aligned{size, std::chrono::microseconds{node.slide}};
  switch (node.kind) {
    case node_kind::window:
      return windowed(node.name,
                      in.window(aligned).allowed_lateness(lateness).reduce(
                        node.name, std::uint64_t{1}, add_to_hash));
    case node_kind::merged_window:
      return windowed(node.name,
                      in.window(aligned).allowed_lateness(lateness).reduce(
                        node.name, std::uint64_t{0}, add_to_sum,
                        [](std::uint64_t& sum, const std::uint64_t& other) {
                          sum += other;
                        }));
    default:
      return windowed(
        node.name,
        in.window(session{size})
          .allowed_lateness(lateness)
          .reduce(node.name, std::uint64_t{1}, add_to_hash,
                  [](std::uint64_t& hash, const std::uint64_t& later) {
                    hash = user::mixed(hash, later);
                  }));
  }
}

node_outputs make_join(const keyed_items& left, const keyed_items& right,
                       const node_description& node) {
  auto reach = microseconds_of(node.parameter);
  auto pairs = join(left, right);
  auto result =
    node.kind == node_kind::window_join
      ? pairs.window(sliding{reach, std::chrono::microseconds{node.slide}})
          .apply(node.name, user::joined)
      : pairs.between(std::chrono::microseconds{-node.slide}, reach)
          .apply(node.name, user::joined);
  return {result, result.side<item>("late_left")};
}

/// Adds node after node to a topology.
class topology_builder {
public:
  topology_builder(topology& graph, std::shared_ptr<recording> into)
    : graph_(&graph), into_(std::move(into)) {}

  void add(const node_description& node) {
    auto result = make(node);
    if (node.slices && node.kind != node_kind::sink)
      result.main.slices(*node.slices);
    outputs_.push_back(std::move(result));
  }

private:
  items input(const node_description& node, std::size_t index) const {
    auto ref = node.inputs.at(index);
    auto& outputs = outputs_.at(ref.node);
    auto result = ref.side ? *outputs.side : outputs.main;
    return index < node.rebalanced.size() && node.rebalanced[index]
             ? result.rebalance()
             : result;
  }

  keyed_items keyed(const node_description& node, std::size_t index) const {
    return input(node, index).key_by(key_of_item{});
  }

  node_outputs make(const node_description& node) const {
    switch (node.kind) {
      case node_kind::source:
        return {graph_->source(node.name, scripted_source{node.script})};
      case node_kind::map:
      case node_kind::filter:
      case node_kind::flat_map:
      case node_kind::assign_times:
      case node_kind::unite:
        return {make_stateless(node)};
      case node_kind::window:
      case node_kind::merged_window:
      case node_kind::sessions:
        return make_window(keyed(node, 0), node);
      case node_kind::window_join:
      case node_kind::interval_join:
        return make_join(keyed(node, 0), keyed(node, 1), node);
      case node_kind::split: {
        auto main =
          input(node, 0).process<split_operator>(node.name, node.parameter);
        return {main, main.side<item>("side")};
      }
      case node_kind::pair:
        return {connect(input(node, 0), to_others(node, 1))
                  .process<pair_operator>(node.name)};
      case node_kind::sink:
        input(node, 0).sink(node.name, recording_sink{into_, node.slices});
        return {input(node, 0)};
      default:
        return {make_keyed(node)};
    }
  }

  items make_stateless(const node_description& node) const {
    auto in = input(node, 0);
    auto parameter = node.parameter;
    switch (node.kind) {
      case node_kind::map:
        return in.map(node.name, [parameter](const item& x) {
          return user::mapped(x, parameter);
        });
      case node_kind::filter:
        return in.filter(node.name, [parameter](const item& x) {
          return user::kept(x, parameter);
        });
      case node_kind::flat_map:
        return in.flat_map(
          node.name, [parameter](const item& x, emitter<item>& out) {
            for (std::uint64_t i = 0; i < user::copies(x, parameter); ++i)
              out.emit(user::copy(x, i));
          });
      case node_kind::assign_times:
        return in.assign_times(
          node.name, [](const item& x) { return x.stamp; },
          std::chrono::microseconds{node.lateness});
      default:
        for (std::size_t i = 1; i < node.inputs.size(); ++i)
          in = in.union_with(input(node, i));
        return in;
    }
  }

  items make_keyed(const node_description& node) const {
    auto in = keyed(node, 0);
    switch (node.kind) {
      case node_kind::chain:
        return in.process<chain_operator>(node.name);
      case node_kind::fold:
        return as_items(node.name, in.reduce(node.name, std::uint64_t{1},
                                             add_to_hash, node.when));
      case node_kind::count:
        return as_items(node.name, in.count(node.name, node.when));
      case node_kind::alarm:
        return in.process<alarm_operator<std::uint64_t, item>>(node.name,
                                                               node.parameter);
      case node_kind::text_alarm:
        return to_texts(node)
          .key_by(key_of_text_item{})
          .process<alarm_operator<std::string, text_item>>(node.name,
                                                           node.parameter);
      case node_kind::join:
        return connect(in, to_others(node, 1).key_by(key_of_other_item{}))
          .process<join_operator>(node.name);
      default:
        return connect(in, input(node, 1).broadcast())
          .process<rules_operator>(node.name);
    }
  }

  stream<text_item> to_texts(const node_description& node) const {
    return input(node, 0).map(node.name + ", as texts", [](const item& x) {
      return text_item{"key " + std::to_string(x.key), x};
    });
  }

  stream<other_item> to_others(const node_description& node,
                               std::size_t index) const {
    auto others =
      input(node, index).map(node.name + ", as others", [](const item& x) {
        return other_item{x};
      });
    return index < node.rebalanced.size() && node.rebalanced[index]
             ? others.rebalance()
             : others;
  }

  topology* graph_;
  std::shared_ptr<recording> into_;
  std::vector<node_outputs> outputs_; ///< by node
};

} // namespace

std::unique_ptr<topology> build_topology(const topology_description& from,
                                         std::shared_ptr<recording> into) {
  auto result = std::make_unique<topology>(from.name, settings{});
  topology_builder builder{*result, std::move(into)};
  for (auto& node : from.nodes)
    builder.add(node);
  result->validate();
  return result;
}

} // namespace braid::simulator
