// The parts of the naive model: what a stream is in one epoch, and how a node
// with state takes its input.
#pragma once

#include "tests/simulator/naive_model.hpp"

#include "operators/random.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace braid::simulator {

struct naive_tuple {
  item tuple;
  event_time time = 0;
};

/// What one operator, or one source with what is fused behind it, emits in one
/// epoch.
struct naive_origin {
  std::vector<std::vector<naive_tuple>> slices;
  event_time now = 0;
  event_time watermark = beginning_of_time;
  bool closes = true; ///< it had not ended before this epoch
  bool ended = false; ///< with this epoch or before
  bool idle = false;
  /// Of sources: which slices hold the watermark back, for assign_times.
  std::vector<bool> slice_is_active;
};

/// A union has several origins, in the order of declaration.
using naive_stream = std::vector<naive_origin>;

struct naive_epoch {
  epoch_number number = 0;
  event_time now = beginning_of_time;
  event_time watermark_before = beginning_of_time;
  event_time watermark = beginning_of_time; ///< after it
  bool idle = false;
  bool last = false;
};

/// Follows the epochs of an operator from those of its inputs.
class naive_clock {
public:
  /// The epoch after the last one; `inputs` are its edges, always the same.
  naive_epoch next(const std::vector<const naive_origin*>& inputs);

private:
  naive_epoch epoch_;
  std::vector<event_time> watermarks_; ///< by edge
};

/// A key of any kind; without one, all are equal.
struct naive_key {
  std::uint64_t number = 0;
  std::string text;

  auto operator<=>(const naive_key&) const = default;
};

/// What operators may remember of a key.
struct naive_state {
  std::uint64_t number = 0;
  std::uint64_t other = 0;
  std::vector<std::uint64_t> list;
  std::map<std::uint64_t, std::uint64_t> map;
  bool touched = false;           ///< in this epoch
  event_time last_touched_at = 0; ///< event time
};

/// A node with state, or a sink.
class naive_node {
public:
  naive_node(const node_description& description, std::string topology)
    : description_(&description), topology_(std::move(topology)) {}

  virtual ~naive_node() = default;

  /// Takes one epoch of its inputs, one stream a port.
  void take(const std::vector<const naive_stream*>& ports);

  const naive_stream& output() const {
    return output_;
  }

  const naive_stream& side() const {
    return side_;
  }

  bool done() const {
    return epoch_.last;
  }

protected:
  // -- what operators differ in ----------------------------------------------

  virtual bool keyed() const {
    return true;
  }

  virtual bool broadcast(std::size_t /*port*/) const {
    return false;
  }

  virtual naive_key key_of(const item& x) const {
    return {x.key, {}};
  }

  virtual void on(std::size_t port, const naive_tuple& x) = 0;
  virtual void on_broadcast(const item&) {}
  virtual void on_timer(event_time) {}

  /// All input of the slice is taken and its timers have fired.
  virtual void end_slice() {}

  // -- what they may use -----------------------------------------------------

  void emit(const item& x, event_time time) {
    output_.front().slices[slice_].push_back({x, time});
  }

  void emit_aside(const item& x, event_time time) {
    side_.front().slices[slice_].push_back({x, time});
  }

  naive_state& state() {
    return states_[slice_][key_];
  }

  std::map<naive_key, naive_state>& states_of_slice() {
    return states_[slice_];
  }

  void set_timer(event_time at) {
    timers_[slice_][at].insert(key_);
  }

  void cancel_timer(event_time at) {
    timers_[slice_][at].erase(key_);
  }

  const naive_epoch& epoch() const {
    return epoch_;
  }

  slice_id slice() const {
    return slice_;
  }

  std::uint64_t random() {
    return random_();
  }

  const node_description& description() const {
    return *description_;
  }

private:
  /// A slice's input of one epoch, by port.
  using slice_input = std::vector<std::vector<naive_tuple>>;

  void choose_slices(const std::vector<const naive_stream*>& ports);
  void arrange(std::size_t port, const naive_stream& stream,
               std::vector<slice_input>& inputs);
  std::uint32_t slice_for(std::size_t port, const naive_origin& origin,
                          slice_id upstream, std::uint64_t index,
                          const item& x) const;
  void process_slice(const slice_input& input);
  void fire_timers();
  naive_origin empty_output() const;

  const node_description* description_;
  std::string topology_;
  naive_clock clock_;
  naive_epoch epoch_;
  std::uint32_t slices_ = 0;
  slice_id slice_ = 0; ///< at hand
  naive_key key_;      ///< at hand
  random_generator random_;
  std::map<slice_id, std::map<naive_key, naive_state>> states_;
  std::map<slice_id, std::map<event_time, std::set<naive_key>>> timers_;
  naive_stream output_;
  naive_stream side_;
};

/// Makes the node of a description that keeps state, or a sink that writes to
/// `into`.
std::unique_ptr<naive_node> make_naive_node(const node_description& description,
                                            const std::string& topology,
                                            recording& into);

} // namespace braid::simulator
