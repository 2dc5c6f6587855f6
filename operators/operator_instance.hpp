// What the engine runs on a partition: an operator with its fused followers,
// for the slices hosted there. Users meet `stream_operator.hpp` instead.
#pragma once

#include "operators/careful_calls.hpp"
#include "operators/dead_letter.hpp"
#include "operators/emitter.hpp"
#include "operators/exchange.hpp"
#include "operators/slice_order.hpp"
#include "operators/state_handle.hpp"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace braid {

class watermark_tracker;

/// What an operator needs to start on a partition.
struct instance_setup {
  std::string topology;
  std::string operator_name;
  partition_index partition = 0;
  hosted_slices slices;
  /// The operator's outgoing edges, in the order of their numbers.
  std::vector<edge_target> targets;
  /// Passes all state through its serialised form at every epoch: finds values
  /// whose order or content does not survive. For tests; slow.
  bool round_trip_state = false;
  /// An earlier instance in the same run hosted these slices.
  bool resumed = false;
  /// What becomes dead letters, and where to look for more.
  skipped_tuples skipped;
  /// The run goes back to a savepoint: what was written after it is void.
  bool goes_back = false;

  const edge_target& target(edge_id edge) const;
};

/// Puts together one instance's chain of fused operators and remembers the ends
/// of edges in it.
struct chain_context {
  const instance_setup& setup;
  std::vector<edge_output*>& edges;
  /// Beside each edge: what its watermarks come from, if event times were
  /// assigned on the way to it.
  std::vector<const watermark_tracker*>& trackers;
  /// What stages put together now lie behind.
  const watermark_tracker* tracker = nullptr;
  /// All trackers of the chain; the source tells them about its slices.
  std::vector<watermark_tracker*>& all_trackers;
};

/// Makes the consumers of one output of an operator, typed as `T`.
template <class T>
struct output_spec {
  std::vector<std::function<std::unique_ptr<collector<T>>(chain_context&)>>
    consumers;

  void attach(emitter<T>& out, chain_context& context) const {
    for (auto& make : consumers)
      out.add(make(context));
  }
};

/// An operator on a partition: a deterministic function of its slices' state
/// and their input, epoch by epoch.
class operator_instance {
public:
  virtual ~operator_instance() = default;

  /// Processes one epoch. `runs` are its whole input, sorted by `sort_runs`.
  /// Everything is emitted into the edges before it returns; the caller
  /// finishes them. Throws `operator_error` if user code throws.
  virtual void process(const epoch_info& epoch,
                       std::span<const input_run> runs) = 0;

  /// The sending ends of this operator's edges.
  const std::vector<edge_output*>& edges() const {
    return edges_;
  }

  /// Tuples emitted on all outputs since the start, before fused followers.
  virtual std::uint64_t emitted() const {
    return 0;
  }

  /// The key of a tuple of a keyed input, for warnings; `index` is one into the
  /// run's batch. Empty if it has no text.
  virtual std::string key_text(const input_run&, std::uint32_t) const {
    return {};
  }

  /// A checkpoint is about to be taken: what it says to be written elsewhere
  /// must be. Throws `operator_error`.
  virtual void before_checkpoint() {}

  /// Everything a slice holds, as records (`state_records.hpp`), in bytes that
  /// depend on contents only.
  void save_slice(std::uint32_t local, byte_buffer& out) const {
    states_.save(local, out);
  }

  /// Replaces what a slice holds, but for what is frozen. Then nothing has
  /// changed. Throws `decode_error`.
  void load_slice(std::uint32_t local, std::span<const std::byte> bytes) {
    states_.load(local, bytes);
    copies_.erase(local);
    unsaved_.erase(local);
  }

  /// Whether `save_changes` has something to write.
  bool changed(std::uint32_t local) const {
    return unsaved_.contains(local) || states_.changed(local);
  }

  /// What has changed or is gone since this was called last, or since the slice
  /// was loaded; all there is, as records that replace what was before, if
  /// neither has happened. Then nothing has changed.
  void save_changes(std::uint32_t local, byte_buffer& out);

  /// All of a slice has been saved: now nothing has changed.
  void forget_changes(std::uint32_t local) {
    states_.forget_changes(local);
    unsaved_.erase(local);
  }

  /// What `save_changes`, or `save_slice`, would write now is what
  /// `save_frozen` writes later, however the slice changes until then. Then
  /// nothing has changed. Costs next to nothing where state lies in tables:
  /// who changes an entry copies it first. What was frozen before must have
  /// been written.
  void freeze(std::uint32_t local, record_extent extent);

  /// Writes, once, what is frozen of a slice.
  void save_frozen(std::uint32_t local, byte_buffer& out);

  /// Makes changes that `save_changes` wrote. They do not count as changes.
  /// Throws `decode_error`; the slice must be loaded anew then.
  void apply_changes(std::uint32_t local, std::span<const std::byte> bytes) {
    states_.apply_changes(local, bytes);
  }

  /// What belongs to no slice and is the same on all partitions (broadcast
  /// state): to be restored along with any slice. In the same form.
  void save_shared(byte_buffer& out) const {
    shared_.save(0, out);
  }

  /// As `load_slice`.
  void load_shared(std::span<const std::byte> bytes) {
    shared_.load(0, bytes);
  }

  /// As `changed`.
  bool shared_changed() const {
    return shared_.changed(0);
  }

  /// As `save_changes`.
  void save_shared_changes(byte_buffer& out) {
    shared_.save_changes(0, out);
  }

  /// As `forget_changes`.
  void forget_shared_changes() {
    shared_.forget_changes(0);
  }

  /// As `apply_changes`.
  void apply_shared_changes(std::span<const std::byte> bytes) {
    shared_.apply_changes(0, bytes);
  }

protected:
  /// Makes `state` part of what the slices hold. It must outlive this.
  void host(state_handle& state, const instance_setup& setup) {
    state.host(setup.slices.size());
    states_.add(state);
  }

  /// Makes `state` part of what belongs to no slice.
  void share(state_handle& state) {
    shared_.add(state);
  }

  /// Puts together what consumes `out`. For operators that are no source, so
  /// their watermarks come from upstream.
  template <class T>
  void attach(const output_spec<T>& consumers, emitter<T>& out,
              const instance_setup& setup) {
    std::vector<const watermark_tracker*> trackers;
    std::vector<watermark_tracker*> all_trackers;
    chain_context context{setup, edges_, trackers, nullptr, all_trackers};
    consumers.attach(out, context);
  }

  std::vector<edge_output*> edges_;

private:
  friend void round_trip(operator_instance& instance,
                         const instance_setup& setup, std::uint32_t local);

  state_registry states_;
  state_registry shared_;
  /// The slices that `round_trip` has seen, as folded since.
  std::map<std::uint32_t, byte_buffer> copies_;
  /// Their changes that nobody else has asked for yet.
  std::map<std::uint32_t, byte_buffer> unsaved_;
  /// What is frozen of those, written at once.
  std::map<std::uint32_t, byte_buffer> frozen_;
};

/// The text of an `operator_error`.
inline std::string error_text(const instance_setup& setup,
                              const epoch_info& epoch, slice_id slice,
                              const char* why) {
  return "operator '" + setup.operator_name + "', slice "
         + std::to_string(slice) + ", epoch " + std::to_string(epoch.number)
         + ": " + why;
}

/// Runs `body`, which is called for no single tuple; an exception becomes an
/// `operator_error` that says where.
template <class Body>
void guarded(const instance_setup& setup, const epoch_info& epoch,
             slice_id slice, Body&& body) {
  auto failed = [&](const char* why) {
    return operator_error{error_text(setup, epoch, slice, why)};
  };
  try {
    body();
  } catch (const operator_error&) {
    throw;
  } catch (const std::exception& error) {
    throw failed(error.what());
  } catch (...) {
    throw failed("something was thrown that is no std::exception");
  }
}

/// Runs `body(info)`, a slice's part of an epoch; `info` is `epoch` as outputs
/// are told of it. An exception becomes an `operator_error` that says which
/// call it came of, as far as that is known.
template <class Body>
void in_slice(careful_calls& calls, const epoch_info& epoch, slice_id slice,
              std::span<emitter_base* const> outputs, Body&& body) {
  auto& info = calls.begin_slice(epoch, slice);
  for (auto* output : outputs)
    output->begin_slice(info, slice);
  try {
    body(info);
    for (auto* output : outputs)
      output->end_slice();
    calls.end_slice();
  } catch (const operator_error&) {
    throw;
  } catch (const std::exception& error) {
    throw calls.failure(info, slice, error.what());
  } catch (...) {
    throw calls.failure(info, slice,
                        "something was thrown that is no std::exception");
  }
}

/// Passes a slice's state through its serialised form: what it was the first
/// time, and all its changes since. Throws `operator_error` if that changes it.
void round_trip(operator_instance& instance, const instance_setup& setup,
                std::uint32_t local);

/// Splits sorted runs into those of one port.
inline std::span<const input_run> runs_of_port(std::span<const input_run> runs,
                                               std::uint16_t port) {
  auto begin = runs.begin();
  while (begin != runs.end() && begin->port < port)
    ++begin;
  auto end = begin;
  while (end != runs.end() && end->port == port)
    ++end;
  return {begin, end};
}

} // namespace braid
