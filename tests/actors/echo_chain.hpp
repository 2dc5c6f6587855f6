// A source, an operator that passes on what it gets, and a sink, each of one
// partition and two slices: edge 0 leads to the operator, edge 1 to the sink.
#pragma once

#include "tests/actors/partition_messages.hpp"
#include "tests/actors/silent_source.hpp"

#include "actors/make_partition.hpp"

#include "operators/collect_sink.hpp"
#include "operators/stream.hpp"

#include <cstdint>
#include <memory>

namespace braid {

class echo final : public unkeyed_operator<std::uint64_t> {
public:
  void on(const std::uint64_t& x) {
    emit(x);
  }
};

/// Makes one partition of it.
class echo_chain {
public:
  echo_chain() {
    graph_.source("source", silent_source{})
      .process<echo>("echo")
      .sink("sink", collect(std::make_shared<collected<std::uint64_t>>()));
    owners = assign_evenly(graph_, {1, {}}, 1);
  }

  std::unique_ptr<partition> make(const partition_place& place, outbox& sent,
                                  const restoring& from = {}) const {
    partition_settings settings;
    settings.flow.in_flight = 4;
    settings.checkpoints.taken = true;
    return make_partition(graph_, owners, place, settings, {sent, [] {}}, from);
  }

  assignment owners;

private:
  topology graph_{"test", settings{}};
};

} // namespace braid
