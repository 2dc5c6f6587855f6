#include "tests/simulator/build_topology.hpp"

#include "tests/simulator/described_operators.hpp"

#include "operators/stream.hpp"

#include <utility>

namespace braid::simulator {

namespace {

/// Adds node after node to a topology.
class topology_builder {
public:
  topology_builder(topology& graph, std::shared_ptr<recording> into)
    : graph_(&graph), into_(std::move(into)) {}

  void add(const node_description& node) {
    auto result = make(node);
    if (node.slices && node.kind != node_kind::sink)
      result.slices(*node.slices);
    outputs_.push_back(result);
    sides_.push_back(node.kind == node_kind::split ? result.side<item>("side")
                                                   : result);
  }

private:
  using items = stream<item>;

  items input(const node_description& node, std::size_t index) const {
    auto ref = node.inputs.at(index);
    auto result = ref.side ? sides_.at(ref.node) : outputs_.at(ref.node);
    if (index < node.rebalanced.size() && node.rebalanced[index])
      return result.rebalance();
    return result;
  }

  items make(const node_description& node) const {
    switch (node.kind) {
      case node_kind::source:
        return graph_->source(node.name, scripted_source{node.script});
      case node_kind::map:
      case node_kind::filter:
      case node_kind::flat_map:
      case node_kind::assign_times:
      case node_kind::unite:
        return make_stateless(node);
      case node_kind::chain:
      case node_kind::fold:
      case node_kind::count:
      case node_kind::alarm:
      case node_kind::text_alarm:
      case node_kind::join:
      case node_kind::rules:
        return make_keyed(node);
      case node_kind::split:
        return input(node, 0).process<split_operator>(node.name,
                                                      node.parameter);
      case node_kind::pair:
        return connect(input(node, 0), to_others(node, 1))
          .process<pair_operator>(node.name);
      case node_kind::sink:
        return make_sink(node);
    }
    std::abort();
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
    auto in = input(node, 0).key_by(key_of_item{});
    switch (node.kind) {
      case node_kind::chain:
        return in.process<chain_operator>(node.name);
      case node_kind::fold:
        return as_items(node, in.reduce(
                                node.name, std::uint64_t{1},
                                [](std::uint64_t& folded, const item& x) {
                                  folded = user::mixed(folded, x.value);
                                },
                                node.when));
      case node_kind::count:
        return as_items(node, in.count(node.name, node.when));
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

  items make_sink(const node_description& node) const {
    input(node, 0).sink(node.name, recording_sink{into_, node.slices});
    return input(node, 0);
  }

  items
  as_items(const node_description& node,
           stream<keyed_value<std::uint64_t, std::uint64_t>> values) const {
    return values.map(node.name + ", as items",
                      [](const keyed_value<std::uint64_t, std::uint64_t>& x) {
                        return item{x.key, x.value, 0};
                      });
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
  std::vector<items> outputs_; ///< by node
  std::vector<items> sides_;   ///< the same, but for splits
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
