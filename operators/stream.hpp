// The typed way to compose a topology: streams and what can be done with them.
#pragma once

#include "operators/fused.hpp"
#include "operators/operator_spec.hpp"
#include "operators/sink.hpp"
#include "operators/source.hpp"
#include "operators/topology.hpp"
#include "operators/user_operator.hpp"

#include <algorithm>
#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace braid {

template <class T, class KeyOf>
class keyed_stream;

template <class T>
class broadcast_stream;

template <class Function, class T>
concept predicate_on = std::predicate<const Function&, const T&>;

template <class KeyOf, class T>
using key_of_t =
  std::remove_cvref_t<std::invoke_result_t<const KeyOf&, const T&>>;

/// A function that finds a key in a `T`.
template <class KeyOf, class T>
concept key_function =
  std::invocable<const KeyOf&, const T&> && hashable_key<key_of_t<KeyOf, T>>;

/// The key is the tuple itself.
struct itself_t {
  template <class T>
  const T& operator()(const T& tuple) const {
    return tuple;
  }
};
inline constexpr itself_t itself{};

/// The type that a flat_map function emits: that of its second parameter.
template <class Function>
struct emitted_by : emitted_by<decltype(&Function::operator())> {};
template <class Result, class In, class Out>
struct emitted_by<Result (*)(In, emitter<Out>&)> {
  using type = Out;
};
template <class C, class Result, class In, class Out>
struct emitted_by<Result (C::*)(In, emitter<Out>&)> {
  using type = Out;
};
template <class C, class Result, class In, class Out>
struct emitted_by<Result (C::*)(In, emitter<Out>&) const> {
  using type = Out;
};

/// One place that a stream comes from: an output of an operator, or of an
/// operator fused into it.
template <class T>
struct stream_origin {
  operator_id from = 0;
  std::shared_ptr<output_spec<T>> output;
  /// Those of the operator; null: these are they.
  std::shared_ptr<output_spec<dead_letter>> dead_letters;
};

/// A stream of tuples of type `T`. A handle: copies mean the same stream, and
/// a stream may be used several times.
template <class T>
class stream {
public:
  using value_type = T;

  stream(topology& graph, std::vector<stream_origin<T>> origins,
         bool at_source = false)
    : graph_(&graph), origins_(std::move(origins)), at_source_(at_source) {}

  // -- stateless operators ----------------------------------------------------

  /// `function(const T&)` returns what a tuple becomes.
  template <std::invocable<const T&> Function>
  auto map(const std::string& name, Function function) const {
    using out = std::remove_cvref_t<std::invoke_result_t<Function, const T&>>;
    return fuse<out>(name, [function](const chain_context&) {
      return std::make_unique<map_operator<T, out, Function>>(function);
    });
  }

  /// Keeps the tuples for which `keep(const T&)` is true.
  template <predicate_on<T> Predicate>
  stream<T> filter(const std::string& name, Predicate keep) const {
    return fuse<T>(name, [keep](const chain_context&) {
      return std::make_unique<filter_operator<T, Predicate>>(keep);
    });
  }

  /// `function(const T&, emitter<Out>&)` emits any number of tuples.
  template <class Function>
  auto flat_map(const std::string& name, Function function) const {
    using out = typename emitted_by<std::decay_t<Function>>::type;
    return fuse<out>(name, [function](const chain_context&) {
      return std::make_unique<
        flat_map_operator<T, out, std::decay_t<Function>>>(function);
    });
  }

  /// Gives tuples the event time, in microseconds, that `time_of(const T&)`
  /// returns. A tuple may be up to `lateness` older than the newest before it
  /// in its source slice. Only ahead of the first key_by, process or sink.
  template <std::invocable<const T&> TimeOf>
  stream<T> assign_times(
    const std::string& name, TimeOf time_of,
    std::chrono::microseconds lateness = std::chrono::microseconds{0}) const {
    if (!at_source_)
      throw topology_error{"assign_times '" + name
                           + "' stands behind an operator with state; "
                             "assign times right behind the source"};
    return fuse<T>(name, [time_of, lateness](chain_context& context) {
      auto result = std::make_unique<time_operator<T, TimeOf>>(
        context.setup.slices, lateness.count(), time_of);
      context.tracker = &result->tracker();
      context.all_trackers.push_back(&result->tracker());
      return result;
    });
  }

  // -- several streams --------------------------------------------------------

  /// The tuples of this stream and of `others`. `union` is a keyword.
  template <std::same_as<stream<T>>... Streams>
  stream<T> union_with(const Streams&... others) const {
    auto origins = origins_;
    (origins.insert(origins.end(), others.origins_.begin(),
                    others.origins_.end()),
     ...);
    return {*graph_, std::move(origins),
            (at_source_ && ... && others.at_source_)};
  }

  /// The tuples that the operator before this emits on its side output `name`.
  template <class U>
  stream<U> side(const std::string& name) const {
    if (!declared_)
      throw topology_error{
        "side output '" + name
        + "' is asked of a stream that is not the direct "
          "result of an operator; keep the operator's stream"};
    for (auto& entry : declared_->entries)
      if (entry.name == name) {
        if (entry.type != typeid(U))
          throw topology_error{"side output '" + name + "' of operator '"
                               + declared_->operator_name
                               + "' has another type; use the type of the "
                                 "side_output member"};
        return {*graph_,
                {{declared_->from,
                  std::static_pointer_cast<output_spec<U>>(entry.spec),
                  declared_->dead_letters}}};
      }
    throw topology_error{"operator '" + declared_->operator_name
                         + "' has no side output '" + name + "'; "
                         + declared_->names()};
  }

  /// What makes the operator or source before this, or a function fused into
  /// it, throw as often as it may (`checkpoints.max_attempts`): tuples, timers
  /// and windows that are passed over, as if they had never been there. All
  /// streams of an operator have the same. Where nothing consumes them they are
  /// only logged.
  stream<dead_letter> dead_letters() const {
    std::vector<stream_origin<dead_letter>> origins;
    for (auto& origin : origins_) {
      if (!origin.dead_letters)
        throw topology_error{"dead letters are asked of a stream of dead "
                             "letters; they have none"};
      auto known = [&](auto& other) { return other.from == origin.from; };
      if (std::none_of(origins.begin(), origins.end(), known))
        origins.push_back({origin.from, origin.dead_letters, nullptr});
    }
    return {*graph_, std::move(origins)};
  }

  /// Spreads the tuples evenly over the slices of what comes next.
  stream<T> rebalance() const {
    auto result = *this;
    result.how_ = routing::rebalance;
    return result;
  }

  // -- towards state ----------------------------------------------------------

  /// The same tuples, partitioned by `key_of(const T&)`.
  template <key_function<T> KeyOf>
  keyed_stream<T, KeyOf> key_by(KeyOf key_of) const;

  /// All tuples to every partition of what comes next; for `connect`.
  broadcast_stream<T> broadcast() const;

  /// A user-written operator without keys: state is per slice.
  template <class Operator, class... Args>
  requires operator_on<Operator, T>
  auto process(const std::string& name, Args... args) const {
    static_assert(std::same_as<typename Operator::key_type, no_key>,
                  "a keyed_operator needs a keyed stream: call key_by first");
    auto spec = operator_spec<Operator>::of(name, std::move(args)...);
    auto id = graph_->add({.name = name, .make = spec.make(unkeyed_port<T>{})});
    connect(id, 0, how_);
    return made_by(spec, id);
  }

  /// Ends the stream in a sink.
  template <sink_definition<T> Sink>
  void sink(const std::string& name, Sink to) const {
    auto make = [to](const instance_setup& setup) {
      sink_context context{setup.topology,  setup.operator_name,
                           setup.partition, setup.slices,
                           setup.resumed,   setup.goes_back};
      return std::make_unique<sink_partition<T>>(setup,
                                                 open_sink<T>(to, context));
    };
    auto id = graph_->add({.name = name,
                           .kind = operator_kind::sink,
                           .slices = to.slices(),
                           .make = make});
    connect(id, 0, how_);
  }

  // -- how the operator before runs -------------------------------------------

  /// How many slices the operator that made this stream has: the most
  /// partitions it can ever run as, and how finely its state can be moved.
  stream<T> slices(std::uint32_t count) const {
    auto& node = own_node("slices");
    if (count == 0 || count > max_slices)
      throw topology_error{"operator '" + node.name + "' is to have "
                           + std::to_string(count)
                           + " slices; give it 1 to 65536"};
    node.slices = count;
    return *this;
  }

  /// How many partitions that operator starts with.
  stream<T> parallelism(std::uint32_t count) const {
    auto& node = own_node("parallelism");
    if (count == 0)
      throw topology_error{"operator '" + node.name
                           + "' is to have no partitions; give it at least 1"};
    node.parallelism = count;
    return *this;
  }

  // -- for operators that are written elsewhere -------------------------------

  topology& graph() const {
    return *graph_;
  }

  /// Adds the edges of this stream into port `port` of operator `to`.
  template <class KeyOf = without_key>
  void connect(operator_id to, std::uint16_t port, routing how,
               KeyOf key_of = {}) const {
    auto name = "key_by for " + graph_->node(to).name;
    connect<T>(to, port, how, [key_of, name](const edge_target& target) {
      return std::make_unique<edge_writer<T, KeyOf>>(target, key_of, name);
    });
  }

  /// The same with writers of one's own, which `make` makes for a target. They
  /// take tuples of this stream and send some of type `Sent`.
  template <class Sent, class Make>
  requires std::invocable<const Make&, const edge_target&>
  void connect(operator_id to, std::uint16_t port, routing how,
               Make make) const {
    for (auto& origin : origins_) {
      auto edge = graph_->add(
        edge_node{0, origin.from, to, port, how, &decode_batch<Sent>});
      origin.output->consumers.push_back(
        [edge, make](chain_context& context) -> std::unique_ptr<collector<T>> {
          auto writer = make(context.setup.target(edge));
          context.edges.push_back(writer.get());
          context.trackers.push_back(context.tracker);
          return writer;
        });
    }
  }

  routing how() const {
    return how_;
  }

  /// The main output of the user's operator `id`.
  template <class Operator>
  stream<typename Operator::output_type>
  made_by(const operator_spec<Operator>& spec, operator_id id) const {
    spec.outputs->from = id;
    return made_by<typename Operator::output_type>(spec.main, spec.outputs);
  }

  /// The main output of the operator that has these side outputs.
  template <class Out>
  stream<Out> made_by(std::shared_ptr<output_spec<Out>> main,
                      const std::shared_ptr<declared_outputs>& sides) const {
    stream<Out> result{*graph_,
                       {{sides->from, std::move(main), sides->dead_letters}}};
    result.declared_ = sides;
    return result;
  }

private:
  template <class>
  friend class stream;
  friend class topology;

  template <class Out, class Make>
  stream<Out> fuse(const std::string& name, Make make) const {
    std::vector<stream_origin<Out>> origins;
    for (auto& origin : origins_) {
      auto spec = std::make_shared<output_spec<Out>>();
      origin.output->consumers.push_back(
        [make, spec,
         name](chain_context& context) -> std::unique_ptr<collector<T>> {
          auto outer = context.tracker;
          auto result = make(context);
          result->set_name(name);
          spec->attach(result->output(), context);
          context.tracker = outer;
          return result;
        });
      auto& fused = graph_->node(origin.from).fused;
      // A union's branches share the operator; it is listed with the first.
      if (&origin == &origins_.front())
        fused.push_back(name);
      origins.push_back({origin.from, std::move(spec), origin.dead_letters});
    }
    return {*graph_, std::move(origins), at_source_};
  }

  operator_node& own_node(const char* what) const {
    if (origins_.size() != 1)
      throw topology_error{std::string{what}
                           + " is asked of a union; ask it of its parts"};
    return graph_->node(origins_.front().from);
  }

  topology* graph_;
  std::vector<stream_origin<T>> origins_;
  bool at_source_;
  routing how_ = routing::forward;
  std::shared_ptr<const declared_outputs> declared_;
};

template <source_definition Source>
stream<typename Source::value_type> topology::source(std::string name,
                                                     Source from) {
  using value_type = typename Source::value_type;
  source_outputs<value_type> outputs;
  operator_node node;
  node.name = std::move(name);
  node.kind = operator_kind::source;
  node.count_splits = [from] { return from.splits(); };
  node.make_source = [from, outputs](const instance_setup& setup,
                                     const source_context& context) {
    return std::make_unique<source_partition<Source>>(setup, from, context,
                                                      outputs);
  };
  auto id = add(std::move(node));
  return {*this, {{id, outputs.tuples, outputs.dead_letters}}, true};
}

} // namespace braid

#include "operators/keyed_stream.hpp"
