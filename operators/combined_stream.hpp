// Streams whose tuples are aggregated before they are sent.
#pragma once

#include "operators/combiner.hpp"
#include "operators/keyed_stream.hpp"

#include <string>
#include <utility>

namespace braid {

/// `keyed_stream::combined`. Aggregates must be associative: whatever the
/// groups in which tuples are added, and these merged in their order, the
/// result is the same. `start()` must be what merging leaves as it is. Nothing
/// is given out at each update, for nobody sees those.
template <class T, class KeyOf>
class combined_stream {
public:
  using key_type = key_of_t<KeyOf, T>;

  explicit combined_stream(keyed_stream<T, KeyOf> from)
    : from_(std::move(from)) {}

  /// Counts the tuples of each key.
  auto count(const std::string& name, emit when = emit::each_epoch) const {
    return aggregate(name, counting{}, when);
  }

  /// As `keyed_stream::aggregate`. The aggregator must be able to merge.
  template <aggregator<T> Aggregator>
  requires has_merge<Aggregator>
  auto aggregate(const std::string& name, Aggregator how,
                 emit when = emit::each_epoch) const {
    using sent = partial_aggregate<key_type, typename Aggregator::accumulator>;
    using op = aggregate_operator<sent, key_of_partial, merging<Aggregator>>;
    using out = typename op::result_type;
    if (when == emit::each_update)
      throw topology_error{"operator '" + name
                           + "' is to give out each update of what is combined "
                             "before; use emit::each_epoch or emit::at_end, or "
                             "leave combined() out"};
    aggregate_outputs<out> outputs;
    auto make = [how, when, outputs](const instance_setup& setup) {
      return std::make_unique<op>(setup, key_of_partial{},
                                  merging<Aggregator>{how}, when, outputs);
    };
    auto& graph = from_.graph();
    auto id = graph.add({.name = name, .keyed = true, .make = make});
    auto key_of = from_.key_of();
    from_.tuples().template connect<sent>(
      id, 0, routing::keyed,
      [key_of, how, stage = "combined for " + name](const edge_target& target) {
        return std::make_unique<combining_writer<T, KeyOf, Aggregator>>(
          target, key_of, how, stage);
      });
    return stream<out>{graph, {{id, outputs.results, outputs.dead_letters}}};
  }

private:
  struct counting {
    using accumulator = std::uint64_t;

    void add(std::uint64_t& n, const T&) const {
      ++n;
    }

    void merge(std::uint64_t& into, const std::uint64_t& more) const {
      into += more;
    }

    std::uint64_t result(const std::uint64_t& n) const {
      return n;
    }
  };

  keyed_stream<T, KeyOf> from_;
};

template <class T, class KeyOf>
combined_stream<T, KeyOf> keyed_stream<T, KeyOf>::combined() const {
  return combined_stream<T, KeyOf>{*this};
}

} // namespace braid
