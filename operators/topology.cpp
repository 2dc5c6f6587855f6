#include "operators/topology.hpp"

#include "operators/key_hash.hpp"

#include <map>

namespace braid {

std::string to_string(operator_kind x) {
  switch (x) {
    case operator_kind::source:
      return "source";
    case operator_kind::stateful:
      return "operator";
    case operator_kind::sink:
      return "sink";
  }
  return "unknown";
}

std::vector<edge_node> topology::inputs_of(operator_id id) const {
  std::vector<edge_node> result;
  for (auto& edge : edges_)
    if (edge.to == id)
      result.push_back(edge);
  return result;
}

std::vector<edge_node> topology::outputs_of(operator_id id) const {
  std::vector<edge_node> result;
  for (auto& edge : edges_)
    if (edge.from == id)
      result.push_back(edge);
  return result;
}

std::vector<operator_id> topology::upstream_first() const {
  // The builder can only refer to operators that exist, so the order of
  // declaration is one in which upstream comes first.
  std::vector<operator_id> result;
  for (operator_id id = 0; id < operators_.size(); ++id)
    result.push_back(id);
  return result;
}

void topology::validate() const {
  std::map<std::string, int> names;
  bool has_sink = false;
  bool has_source = false;
  for (auto& node : operators_) {
    has_sink = has_sink || node.kind == operator_kind::sink;
    has_source = has_source || node.kind == operator_kind::source;
    ++names[node.name];
    for (auto& fused : node.fused)
      ++names[fused];
  }
  auto where = "topology '" + name_ + "': ";
  for (auto& [name, count] : names)
    if (count > 1)
      throw topology_error{where + "two operators are named '" + name
                           + "'; give each its own name"};
  if (!has_source)
    throw topology_error{where + "has no source; begin with topology.source"};
  if (!has_sink)
    throw topology_error{where + "has no sink; end a stream with .sink(...)"};
  for (operator_id id = 0; id < operators_.size(); ++id)
    if (operators_[id].kind != operator_kind::sink && outputs_of(id).empty())
      throw topology_error{where + "nobody uses what '" + operators_[id].name
                           + "' emits; end its stream with .sink(...)"};
}

std::uint64_t topology::fingerprint() const {
  std::string text = name_;
  auto add = [&](const std::string& part) {
    text += '\0';
    text += part;
  };
  for (auto& node : operators_) {
    add(node.name);
    add(to_string(node.kind));
    for (auto& fused : node.fused)
      add(fused);
  }
  for (auto& edge : edges_)
    add(std::to_string(edge.from) + '>' + std::to_string(edge.to) + ':'
        + std::to_string(edge.port) + to_string(edge.how));
  return (std::uint64_t{key_hash(text)} << 32) | key_hash(text + "2");
}

operator_id topology::add(operator_node node) {
  if (node.name.empty())
    throw topology_error{"topology '" + name_
                         + "': an operator has no name; give it one"};
  operators_.push_back(std::move(node));
  return static_cast<operator_id>(operators_.size() - 1);
}

edge_id topology::add(edge_node edge) {
  edge.id = static_cast<edge_id>(edges_.size());
  edges_.push_back(edge);
  return edge.id;
}

} // namespace braid
