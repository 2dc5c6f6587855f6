// The graph that a user composes: sources, operators and sinks, joined by
// edges. `stream.hpp` is the typed way to build one.
#pragma once

#include "operators/batch.hpp"
#include "operators/exchange.hpp"
#include "operators/operator_instance.hpp"
#include "operators/settings.hpp"
#include "operators/source.hpp"
#include "operators/topology_error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <typeindex>
#include <vector>

namespace braid {

/// Names an operator of a topology: its index in `topology::operators`.
using operator_id = std::uint32_t;

enum class operator_kind : std::uint8_t { source, stateful, sink };

std::string to_string(operator_kind x);

/// A vertex of the graph: what runs as partitions. Stateless operators are not
/// vertices; they are listed as `fused` with the vertex they run in.
struct operator_node {
  std::string name{};
  operator_kind kind = operator_kind::stateful;
  std::vector<std::string> fused{};
  /// As many slices as asked for; else a source has one a split, a keyed
  /// operator `topology::default_slices`, others as many as their upstream.
  std::optional<std::uint32_t> slices{};
  bool keyed = false;
  /// As many partitions as asked for; else what the submission says.
  std::optional<std::uint32_t> parallelism{};

  /// Sources only: how many splits the input has. May throw.
  std::function<std::uint32_t()> count_splits{};
  std::function<std::unique_ptr<source_instance>(const instance_setup&,
                                                 const source_context&)>
    make_source{};
  /// All others.
  std::function<std::unique_ptr<operator_instance>(const instance_setup&)>
    make{};
};

/// An edge of the graph. What it was declared as: a `forward` edge between
/// operators of different numbers of slices is rebalanced.
struct edge_node {
  edge_id id = 0;
  operator_id from = 0;
  operator_id to = 0;
  std::uint16_t port = 0;
  routing how = routing::forward;
  batch_decoder decode = nullptr;
};

template <class T>
class stream;

/// A topology under construction, and the finished graph.
///
/// Building one is cheap and touches no input: every node that runs a part
/// of the topology builds it anew, from the same settings.
class topology {
public:
  topology(std::string name, settings values)
    : name_(std::move(name)), settings_(std::move(values)) {}

  topology(const topology&) = delete;
  topology& operator=(const topology&) = delete;

  const std::string& name() const {
    return name_;
  }

  const settings& values() const {
    return settings_;
  }

  /// Slices of keyed operators that do not say otherwise.
  static constexpr std::uint32_t default_slices = 256;

  /// Begins a stream. Defined in `stream.hpp`.
  template <source_definition Source>
  stream<typename Source::value_type> source(std::string name, Source from);

  const std::vector<operator_node>& operators() const {
    return operators_;
  }

  const std::vector<edge_node>& edges() const {
    return edges_;
  }

  std::vector<edge_node> inputs_of(operator_id id) const;
  std::vector<edge_node> outputs_of(operator_id id) const;

  /// Upstream before downstream.
  std::vector<operator_id> upstream_first() const;

  /// Throws `topology_error` for a graph that cannot run: no source, no sink,
  /// a name twice, an operator whose results nobody uses.
  void validate() const;

  /// The same for all builds of the same topology: name, operators and edges.
  std::uint64_t fingerprint() const;

  // -- for the builder --------------------------------------------------------

  operator_id add(operator_node node);
  edge_id add(edge_node edge);

  operator_node& node(operator_id id) {
    return operators_.at(id);
  }

private:
  std::string name_;
  settings settings_;
  std::vector<operator_node> operators_;
  std::vector<edge_node> edges_;
};

} // namespace braid
