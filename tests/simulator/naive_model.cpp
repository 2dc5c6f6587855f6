#include "tests/simulator/naive_model.hpp"

#include "tests/simulator/naive_node.hpp"

#include <algorithm>
#include <stdexcept>

namespace braid::simulator {

namespace {

/// What a source emits, epoch by epoch.
class naive_source {
public:
  naive_source(const node_description& node,
               const std::vector<std::vector<naive_cut>>& cuts)
    : node_(&node), cuts_(&cuts), slices_(cuts.size()) {}

  naive_origin next() {
    ++epoch_;
    naive_origin result;
    result.closes = false;
    result.ended = true;
    result.watermark = end_of_time;
    for (std::size_t i = 0; i < slices_.size(); ++i)
      read(i, result);
    return result;
  }

private:
  struct slice_progress {
    std::size_t read = 0;
    event_time now = 0;
    event_time silent_for = 0;
  };

  void read(std::size_t index, naive_origin& into) {
    auto& cuts = (*cuts_)[index];
    into.slices.emplace_back();
    into.slice_is_active.push_back(false);
    if (epoch_ > cuts.size())
      return;
    auto& cut = cuts[epoch_ - 1];
    auto& slice = slices_[index];
    // A quarter of a second of each epoch without tuples counts.
    if (cut.tuples > slice.read || slice.now == 0)
      slice.silent_for = 0;
    else
      slice.silent_for += std::min<event_time>(cut.now - slice.now, 250'000);
    slice.now = cut.now;
    auto& split = node_->script.splits[index];
    for (; slice.read < cut.tuples; ++slice.read)
      into.slices.back().push_back({split[slice.read].tuple, cut.now});
    into.closes = true;
    into.now = std::max(into.now, cut.now);
    if (cut.ended)
      return;
    into.ended = false;
    into.watermark = std::min(into.watermark, cut.now - 1);
    into.slice_is_active.back() = slice.silent_for < 1'000'000;
  }

  const node_description* node_;
  const std::vector<std::vector<naive_cut>>* cuts_;
  std::vector<slice_progress> slices_;
  std::size_t epoch_ = 0;
};

/// An assign_times on the way from one source.
class naive_times {
public:
  explicit naive_times(event_time lateness) : lateness_(lateness) {}

  void apply(naive_origin& origin) {
    newest_.resize(origin.slices.size(), beginning_of_time);
    origin.idle = true;
    origin.watermark = end_of_time;
    for (std::size_t i = 0; i < origin.slices.size(); ++i) {
      for (auto& x : origin.slices[i]) {
        x.time = x.tuple.stamp;
        newest_[i] = std::max(newest_[i], x.time);
      }
      if (!origin.slice_is_active[i])
        continue;
      origin.idle = false;
      auto seen = newest_[i] != beginning_of_time;
      origin.watermark =
        std::min(origin.watermark,
                 seen ? newest_[i] - lateness_ - 1 : beginning_of_time);
    }
  }

private:
  event_time lateness_;
  std::vector<event_time> newest_;
};

std::vector<naive_tuple> applied(const node_description& node,
                                 const std::vector<naive_tuple>& tuples) {
  std::vector<naive_tuple> result;
  for (auto& x : tuples)
    switch (node.kind) {
      case node_kind::map:
        result.push_back({user::mapped(x.tuple, node.parameter), x.time});
        break;
      case node_kind::filter:
        if (user::kept(x.tuple, node.parameter))
          result.push_back(x);
        break;
      case node_kind::flat_map:
        for (std::uint64_t i = 0; i < user::copies(x.tuple, node.parameter);
             ++i)
          result.push_back({user::copy(x.tuple, i), x.time});
        break;
      default:
        result.push_back(x);
    }
  return result;
}

/// All nodes, one epoch after the other.
class interpreter {
public:
  interpreter(const topology_description& from, const naive_cuts& cuts)
    : from_(&from) {
    for (auto& node : from.nodes) {
      nodes_.push_back(make_naive_node(node, from.name, result_));
      if (node.kind == node_kind::source)
        sources_.emplace(node.name, naive_source{node, cuts.at(node.name)});
    }
  }

  recording run() {
    auto done = false;
    while (!done) {
      streams_.clear();
      for (std::size_t i = 0; i < nodes_.size(); ++i)
        streams_.push_back(next(i));
      done = std::all_of(nodes_.begin(), nodes_.end(),
                         [](auto& node) { return !node || node->done(); });
    }
    return std::move(result_);
  }

private:
  naive_stream next(std::size_t index) {
    auto& node = from_->nodes[index];
    if (node.kind == node_kind::source)
      return {sources_.at(node.name).next()};
    std::vector<const naive_stream*> inputs;
    for (auto& ref : node.inputs)
      inputs.push_back(ref.side ? &nodes_[ref.node]->side()
                                : &streams_[ref.node]);
    if (nodes_[index]) {
      nodes_[index]->take(inputs);
      return nodes_[index]->output();
    }
    naive_stream result;
    for (auto* stream : inputs)
      result.insert(result.end(), stream->begin(), stream->end());
    for (std::size_t i = 0; i < result.size(); ++i) {
      for (auto& tuples : result[i].slices)
        tuples = applied(node, tuples);
      if (node.kind == node_kind::assign_times)
        times_.try_emplace({index, i}, node.lateness)
          .first->second.apply(result[i]);
    }
    return result;
  }

  const topology_description* from_;
  recording result_;
  std::vector<std::unique_ptr<naive_node>> nodes_; ///< null for the stateless
  std::map<std::string, naive_source> sources_;
  std::map<std::pair<std::size_t, std::size_t>, naive_times> times_;
  std::vector<naive_stream> streams_; ///< of this epoch, by node
};

} // namespace

naive_cuts cuts_by_count(const topology_description& from, std::uint64_t count,
                         event_time length) {
  naive_cuts result;
  for (auto& node : from.nodes)
    for (auto& split : node.script.splits) {
      auto& cuts = result[node.name].emplace_back();
      std::uint64_t read = 0;
      while (cuts.empty() || !cuts.back().ended) {
        auto filled = split.size() - read >= count;
        read = std::min<std::uint64_t>(read + count, split.size());
        // Who fills the epoch with its last tuple may not have seen the end.
        auto ended =
          read == split.size() && !(filled && node.script.sees_end_late);
        cuts.push_back(
          {read, static_cast<event_time>(cuts.size() + 1) * length, ended});
      }
    }
  return result;
}

naive_cuts cuts_of(const topology_description& from,
                   const recorded_cuts& recorded) {
  naive_cuts result;
  for (auto& node : from.nodes) {
    if (node.kind != node_kind::source)
      continue;
    auto& slices = result[node.name];
    slices.resize(node.script.splits.size());
    for (epoch_number epoch = 1; !recorded.of(node.name, epoch).empty();
         ++epoch)
      for (auto& cut : recorded.of(node.name, epoch)) {
        auto& cuts = slices.at(cut.slice);
        if (cuts.size() + 1 == epoch && (cuts.empty() || !cuts.back().ended))
          cuts.push_back(
            {cut.position / scripted_source::tuple_bytes, cut.now, cut.ended});
      }
  }
  return result;
}

recording interpret(const topology_description& from, const naive_cuts& cuts) {
  return interpreter{from, cuts}.run();
}

} // namespace braid::simulator
