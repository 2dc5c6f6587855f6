// A topology described as data, so that one function can build it and another
// can work out, from the rules alone, what it must give.
#pragma once

#include "tests/simulator/scripted_source.hpp"

#include "operators/aggregate.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace braid::simulator {

enum class node_kind : std::uint8_t {
  source,
  // Stateless, fused into what is upstream.
  map,
  filter,
  flat_map,
  assign_times,
  unite,
  // Per key.
  chain,      ///< a hash over all that a key sees, emitted per tuple
  fold,       ///< the same as a running aggregate
  count,      ///< of a key's tuples
  alarm,      ///< timers
  text_alarm, ///< the same with keys that are texts
  join,       ///< two streams
  rules,      ///< a stream, and one that is broadcast
  // Per key and stretch of event time.
  window,        ///< a hash over all that a window sees
  merged_window, ///< a sum, put together from parts
  sessions,
  window_join,
  interval_join,
  // Per slice.
  split, ///< a main and a side output, and timers
  pair,  ///< two streams
  sink,
};

/// Whether a node has a second output: the side output of a split, or what
/// comes too late for a window or join (its first stream, if it has two).
bool has_side(node_kind kind);

/// An output of a node.
struct stream_ref {
  std::size_t node = 0;
  bool side = false;
};

/// A node and what it consumes. Nodes refer to earlier ones only.
struct node_description {
  node_kind kind = node_kind::source;
  std::string name;
  std::vector<stream_ref> inputs;
  /// Inputs, by index, that are rebalanced; only of split, pair and sink.
  std::vector<bool> rebalanced;
  /// What makes one map unlike another; timers are set this far ahead, and so
  /// long are windows, or the gap between sessions.
  std::uint64_t parameter = 1;
  event_time slide = 1;    ///< of windows
  event_time lateness = 0; ///< of assign_times and windows
  emit when = emit::each_epoch;
  std::optional<std::uint32_t> slices;
  source_script script; ///< of sources
};

struct topology_description {
  std::string name;
  std::vector<node_description> nodes;
};

/// What users put into stateless operators: part of the description.
namespace user {

/// A number that depends on all bits of both.
std::uint64_t mixed(std::uint64_t left, std::uint64_t right);

item mapped(const item& x, std::uint64_t parameter);
bool kept(const item& x, std::uint64_t parameter);
std::uint64_t copies(const item& x, std::uint64_t parameter);
item copy(const item& x, std::uint64_t index);

/// What windows of a key make of their values.
item of_window(std::uint64_t key, event_time begin, event_time end,
               std::uint64_t value);

item joined(const item& left, const item& right);

} // namespace user

} // namespace braid::simulator
