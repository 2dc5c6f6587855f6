#include "actors/savepoint_origin.hpp"

#include "actors/held_backups.hpp"

#include "checkpoint/checksum.hpp"

#include "operators/archive.hpp"

#include <algorithm>
#include <stdexcept>

namespace braid {

namespace {

constexpr auto never = input_progress::never;

bool all_ended(const std::vector<epoch_number>& ended) {
  return std::find(ended.begin(), ended.end(), never) == ended.end();
}

} // namespace

savepoint_origin::savepoint_origin(std::shared_ptr<const savepoint_input> file,
                                   const topology& graph,
                                   const assignment& owners,
                                   const dropped_operators& dropped)
  : file_(std::move(file)), owners_(owners), operators_(owners.size()) {
  match(graph, owners, dropped);
  for (auto id : graph.upstream_first()) {
    find_ends(graph, id);
    check_inputs(graph, id);
    find_progress(graph, id);
  }
}

std::string savepoint_origin::at_savepoint() const {
  return "savepoint '" + file_->path().string() + "': ";
}

// -- which operator is which --------------------------------------------------

void savepoint_origin::match(const topology& graph, const assignment& owners,
                             const dropped_operators& dropped) {
  auto& nodes = graph.operators();
  for (auto& saved : file_->manifest().operators) {
    auto node = std::find_if(nodes.begin(), nodes.end(),
                             [&](auto& x) { return x.name == saved.name; });
    auto named =
      std::find(dropped.names.begin(), dropped.names.end(), saved.name)
      != dropped.names.end();
    auto what = saved.kind + " '" + saved.name + "'";
    if (node == nodes.end()) {
      if (!named && !dropped.all)
        throw std::runtime_error{
          at_savepoint() + "it has " + what + ", which topology '"
          + graph.name() + "' does not; leave its state behind with --drop "
          + saved.name + ", or that of all such with --allow-missing"};
      continue;
    }
    if (named)
      continue; // begins empty
    auto id = static_cast<operator_id>(node - nodes.begin());
    if (to_string(node->kind) != saved.kind)
      throw std::runtime_error{
        at_savepoint() + "its " + what + " is another kind in the topology, "
        + to_string(node->kind) + "; give that another name"};
    if (owners[id].slices() != saved.slices.size())
      throw std::runtime_error{
        at_savepoint() + "its " + what + " has "
        + std::to_string(saved.slices.size()) + " slices, and "
        + std::to_string(owners[id].slices())
        + " in the topology; their number must stay (a source has one a split, "
          "a sink as many as files or as the operator before)"};
    operators_[id].saved = &saved;
  }
  auto& all = file_->manifest().operators;
  for (auto& name : dropped.names)
    if (std::none_of(all.begin(), all.end(),
                     [&](auto& saved) { return saved.name == name; }))
      throw std::runtime_error{at_savepoint() + "it has no operator '" + name
                               + "' to be dropped"};
}

// -- which slices had come to their end ---------------------------------------

bool savepoint_origin::inputs_have_ended(const topology& graph,
                                         operator_id id) const {
  auto inputs = graph.inputs_of(id);
  return !inputs.empty()
         && std::all_of(inputs.begin(), inputs.end(), [&](auto& edge) {
              return all_ended(operators_[edge.from].ended);
            });
}

void savepoint_origin::find_ends(const topology& graph, operator_id id) {
  auto& state = operators_[id];
  state.ended.assign(owners_[id].slices(), never);
  if (!state.saved) {
    // Nothing will ever come to it.
    if (inputs_have_ended(graph, id))
      state.ended.assign(owners_[id].slices(), epoch());
    return;
  }
  for (slice_id slice = 0; slice < state.ended.size(); ++slice)
    if (auto& content = state.saved->slices[slice]; content.ended)
      state.ended[slice] = content.epoch;
}

/// An operator that is done takes nothing, and one to which nothing comes must
/// be done.
void savepoint_origin::check_inputs(const topology& graph,
                                    operator_id id) const {
  auto& state = operators_[id];
  if (!state.saved || graph.inputs_of(id).empty())
    return;
  auto done = all_ended(state.ended);
  if (done == inputs_have_ended(graph, id))
    return;
  throw std::runtime_error{
    at_savepoint() + state.saved->kind + " '" + state.saved->name + "' "
    + (done ? "had come to its end, and cannot take what is upstream of it now"
            : "has lost its input, for all that is upstream of it now had "
              "ended")
    + "; drop its state with --drop " + state.saved->name};
}

// -- how far inputs were ------------------------------------------------------

void savepoint_origin::find_progress(const topology& graph, operator_id id) {
  auto& state = operators_[id];
  if (graph.operators()[id].kind == operator_kind::source) {
    auto now = beginning_of_time;
    if (state.saved)
      now = saved_time(*state.saved);
    encode(now, state.progress);
    return;
  }
  input_progress before;
  if (state.saved)
    before = saved_progress(id);
  input_progress now{epoch(), before.now, before.watermark, {}};
  for (auto& edge : graph.inputs_of(id)) {
    auto& input = now.edges.emplace_back();
    input.ended = operators_[edge.from].ended;
    if (auto saved = saved_input(graph, edge))
      input.watermark = before.edges.at(*saved).watermark;
  }
  encode(now, state.progress);
}

input_progress savepoint_origin::saved_progress(operator_id id) const {
  auto& saved = *operators_[id].saved;
  partition_checkpoint common;
  separate(file_->read(saved.common.at(0), saved.name).bytes(), common);
  return decoded<input_progress>(common.progress.bytes());
}

/// Partitions of a source have times of their own. None may go back.
event_time savepoint_origin::saved_time(const saved_operator& source) const {
  auto result = beginning_of_time;
  for (auto& content : source.common) {
    partition_checkpoint common;
    separate(file_->read(content, source.name).bytes(), common);
    result = std::max(result, decoded<event_time>(common.progress.bytes()));
  }
  return result;
}

/// Which of the inputs that the operator had an edge of the graph is: the one
/// between the same operators, at the same port.
std::optional<std::size_t>
savepoint_origin::saved_input(const topology& graph,
                              const edge_node& edge) const {
  auto& manifest = file_->manifest();
  auto* from = operators_[edge.from].saved;
  auto* to = operators_[edge.to].saved;
  if (!from || !to)
    return std::nullopt;
  auto earlier = 0;
  for (auto& other : graph.inputs_of(edge.to))
    if (other.id < edge.id && other.from == edge.from
        && other.port == edge.port)
      ++earlier;
  std::size_t input = 0;
  for (auto& saved : manifest.edges) {
    if (&manifest.operators.at(saved.to) != to)
      continue;
    if (&manifest.operators.at(saved.from) == from && saved.port == edge.port
        && earlier-- == 0)
      return input;
    ++input;
  }
  return std::nullopt;
}

// -- handing out --------------------------------------------------------------

std::vector<content_piece>
savepoint_origin::pieces(const content_request& asked) {
  return answer(asked,
                [&](const operator_slice& of, std::uint64_t offset,
                    std::uint64_t most) { return piece(of, offset, most); });
}

/// Of a partition of the new run.
content_piece savepoint_origin::common(const operator_slice& of) const {
  auto& state = operators_.at(of.of);
  auto index = of.slice - held_backups::partition_slice({of.of, 0}).slice;
  content_piece result;
  result.of = of;
  result.ended = true;
  hosted_slices hosted{owners_[of.of].table, index};
  for (auto slice : hosted.ids()) {
    auto ended = state.ended[slice];
    result.ended = result.ended && ended != never;
    result.epoch = std::max(result.epoch, ended);
  }
  if (!result.ended)
    result.epoch = epoch();
  partition_checkpoint saved;
  if (state.saved)
    separate(file_->read(state.saved->common.at(0), state.saved->name).bytes(),
             saved);
  auto bytes = joined(state.progress, saved.shared);
  result.checksum = checksum(bytes);
  result.size = bytes.size();
  auto* first = reinterpret_cast<const char*>(bytes.data());
  result.bytes.assign(first, first + bytes.size());
  return result;
}

content_piece savepoint_origin::piece(const operator_slice& of,
                                      std::uint64_t offset,
                                      std::uint64_t most) {
  auto cut = [&](std::uint64_t size) {
    if (offset > size)
      throw std::runtime_error{"a content was asked for beyond its end"};
    return std::min(most, size - offset);
  };
  if (of.slice >= max_slices) {
    if (!common_ || common_->of != of)
      common_ = common(of);
    auto result = *common_;
    auto first = result.bytes.begin() + static_cast<std::ptrdiff_t>(offset);
    result.bytes = {first,
                    first + static_cast<std::ptrdiff_t>(cut(result.size))};
    result.offset = offset;
    return result;
  }
  content_piece result;
  result.of = of;
  result.offset = offset;
  auto* saved = operators_.at(of.of).saved;
  if (!saved)
    return result;
  auto& content = saved->slices.at(of.slice);
  result.size = content.size;
  result.checksum = content.checksum;
  result.bytes.resize(cut(content.size));
  file_->read_some(content, offset,
                   std::as_writable_bytes(std::span{result.bytes}));
  return result;
}

} // namespace braid
