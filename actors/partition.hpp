// Partitions as plain logic: messages in, epochs processed, messages out. The
// actor around one (`partition_actor`) adds a mailbox and a clock; the
// simulator runs the same logic in one thread.
#pragma once

#include "actors/alignment.hpp"
#include "actors/checkpoint_capture.hpp"
#include "actors/downstream_changes.hpp"
#include "actors/early_checkpoint.hpp"
#include "actors/flow_control.hpp"
#include "actors/hand_over.hpp"
#include "actors/input_sampler.hpp"
#include "actors/protocol.hpp"
#include "actors/replaying_outbox.hpp"

#include "scaling/assignment.hpp"
#include "scaling/load.hpp"

#include "checkpoint/slice_copy.hpp"

#include "operators/topology.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace braid {

/// What a step of a partition has come to.
struct step_result {
  bool worked = false; ///< call again: there may be more to do at once
  bool done = false;   ///< the stream has ended and all of it is processed
  /// If it did not work: call again at this time at the latest, in
  /// microseconds since 1970, or when a message comes.
  std::optional<event_time> wake_at{};
};

/// The epochs in flight on a channel, and other settings that all partitions
/// share.
struct flow_settings {
  epoch_number in_flight = 4;
  std::size_t batch_bytes = 64 * 1024;
};

/// When partitions take checkpoints.
struct checkpoint_settings {
  /// Partitions take them, and keep what they sent until it is stable.
  bool taken = false;
  /// Or may have to from some time on.
  bool later = false;
  /// After every so many epochs without being asked, if this is not 0.
  epoch_number every = 0;
  /// Sources close epochs to others only once their cuts are held elsewhere.
  bool hold_cuts = false;
  /// What bounds the work since the last one; 0: nothing.
  std::chrono::nanoseconds replay_budget{0};
  /// Of the replay buffers of the partition's node; null: they may grow.
  std::shared_ptr<replay_account> account;
  capture_limits copies{};

  /// The last of the epochs `first` .. `last` after which one is taken unasked;
  /// 0: none.
  epoch_number within(epoch_number first, epoch_number last) const {
    if (every == 0 || last / every == (first - 1) / every)
      return 0;
    return last - last % every;
  }

  early_checkpoint::settings early() const {
    return taken ? early_checkpoint::settings{replay_budget, account}
                 : early_checkpoint::settings{};
  }
};

/// One partition, of whatever kind.
class partition {
public:
  virtual ~partition() = default;

  virtual void on_batch(const batch_origin& from, batch_ptr tuples) = 0;
  virtual void on_close(const close_notice& notice) = 0;
  virtual void on_credit(const credit_notice& notice) = 0;

  /// If this was made to be loaded, and not from a checkpoint: takes what a
  /// slice held when the checkpoint was taken. Throws `decode_error`.
  virtual void load_slice(slice_id slice, const slice_copy& copy);

  /// The checkpoint itself, but for slices that were loaded. Of those in `held`
  /// holders have just these copies. To be called once, after all of them.
  virtual void finish_loading(const partition_checkpoint& rest,
                              const std::vector<slice_id>& held);

  /// Asks all partitions upstream for what follows the checkpoint that this
  /// instance was made from. To be called once those are there.
  virtual void ask_for_replay() {}

  /// A channel from upstream begins anew, because the partition there is
  /// another instance or the connection broke: what came of epochs that are not
  /// closed is void, and asked for again. A generation that is not higher than
  /// the channel's does nothing.
  virtual void renew_channel(edge_id, partition_index, generation_number) {}

  /// If this is a source: checkpoints are to be taken after `epoch`. Returns
  /// false if it has closed that already. Others learn it from closes, but are
  /// told as well: whoever is done sends its last one (again, if some holder
  /// may lack a part of it).
  virtual bool name_checkpoint(epoch_number) {
    return true;
  }

  /// What `outbox::send_cuts` sent is held elsewhere, up to `epoch`.
  virtual void on_cuts_held(epoch_number) {}

  /// It does what others do, to take their slices over.
  virtual bool is_shadow() const {
    return false;
  }

  /// Nobody goes back to before the end of `epoch`.
  virtual void on_stable(epoch_number epoch) = 0;

  /// Checkpoints are taken from now on, so. Hearing it again changes nothing.
  virtual void take_checkpoints(const checkpoint_settings& how) = 0;

  /// The replay buffers of this node have room for data again.
  virtual void on_replay_room() {}

  /// Slices are hosted so, and these hand-overs are under way. Hearing it again
  /// changes nothing.
  virtual void on_placement(const assignment& owners,
                            const std::vector<hand_over>& under_way) = 0;

  /// As the origin of a hand-over: stops, tells all downstream, and returns the
  /// first epoch that it has not processed. Throws `protocol_error` if a
  /// partition of its kind cannot.
  virtual epoch_number stop_for_successors() = 0;

  /// The state after the last epoch that was finished.
  /// All of it.
  virtual partition_checkpoint checkpoint() const = 0;

  /// Does at most one epoch's work. `wall` is the clock, in microseconds since
  /// 1970. Throws `operator_error` if user code throws, `protocol_error`.
  virtual step_result step(event_time wall) = 0;

  /// For whoever draws the tree; may be read from any thread.
  const partition_load& load() const {
    return *load_;
  }

  /// The actor around the partition adds what it knows: time spent, failure.
  std::shared_ptr<partition_load> shared_load() const {
    return load_;
  }

protected:
  /// To be called by constructors: the edges whose tuples are counted.
  void count_edges(const topology& graph, operator_id id);

  /// Ends the epoch on an edge.
  void close_edge(replaying_outbox& out, const close_notice& notice,
                  edge_output& edge);

  static void take_credit(const credit_notice& credit, flow_control& flow,
                          replaying_outbox& out);

  /// Sees whether a checkpoint is wanted before its time, and asks for it. To
  /// be called once an epoch, not once a batch: it looks at all channels.
  void note_held(replaying_outbox& out, early_checkpoint& early);

  std::shared_ptr<partition_load> load_ = std::make_shared<partition_load>();
};

/// What an instance of a partition begins with, besides its operator.
struct partition_beginning {
  flow_settings flow;
  std::unique_ptr<replaying_outbox> out;
  /// Of the recovery that makes the instance; 0 for the first.
  generation_number generation = 0;
  checkpoint_settings checkpoints;
  /// What an earlier instance left; null: nothing.
  const partition_checkpoint* restored = nullptr;
  /// It is a successor in a hand-over that is not committed yet.
  bool shadow = false;
  /// Slices of that of which holders have just these copies.
  std::vector<slice_id> held{};
};

/// A partition of an operator or a sink.
class operator_partition final : public partition {
public:
  operator_partition(const topology& graph, const assignment& owners,
                     partition_place place,
                     std::unique_ptr<operator_instance> instance,
                     partition_beginning beginning);

  void on_batch(const batch_origin& from, batch_ptr tuples) override;
  void on_close(const close_notice& notice) override;
  void on_credit(const credit_notice& notice) override;
  bool name_checkpoint(epoch_number epoch) override;
  void load_slice(slice_id slice, const slice_copy& copy) override;
  void finish_loading(const partition_checkpoint& rest,
                      const std::vector<slice_id>& held) override;
  void ask_for_replay() override;
  void renew_channel(edge_id edge, partition_index from,
                     generation_number generation) override;
  bool is_shadow() const override {
    return shadow_;
  }
  void on_stable(epoch_number epoch) override;
  void take_checkpoints(const checkpoint_settings& how) override;
  void on_replay_room() override;
  void on_placement(const assignment& owners,
                    const std::vector<hand_over>& under_way) override;
  epoch_number stop_for_successors() override;
  partition_checkpoint checkpoint() const override;
  step_result step(event_time wall) override;

private:
  using channel = std::pair<edge_id, partition_index>;

  struct upstream_partition {
    generation_number generation = 0;
    epoch_number hinted = 0; ///< the newest hint that it was sent
    bool told_full = false;  ///< that data is to be held back
    // In a hand-over upstream.
    bool silent = false;      ///< nobody listens to it, until it begins anew
    bool handed_over = false; ///< it has stopped
  };

  upstream_partition* find_upstream(edge_id edge, partition_index index,
                                    generation_number generation);
  void process_epoch(event_time wall);
  void note_work();
  void back_up(event_time wall);
  void begin_checkpoint();
  bool write_checkpoint(std::size_t slices);
  void close_outputs(const alignment::epoch_input& input);
  void send_credits(epoch_number finished);
  void send_news();
  void send_credit(const channel& of, upstream_partition& to,
                   epoch_number finished);
  void adopt_upstream(const assignment& owners,
                      const std::vector<hand_over>& under_way);
  void begin_upstream(const hand_over& what);
  void end_upstream(const hand_over& what, const assignment& owners);
  void listen_to_successors(edge_id edge, const hand_over& what);
  void on_handed_over(const close_notice& notice);
  void adopt_own(const assignment& owners,
                 const std::vector<hand_over>& under_way);
  void note_newest(epoch_number newest);
  epoch_number newest_hint() const;
  bool replay_full() const;
  void note_load();

  partition_place place_;
  std::unique_ptr<operator_instance> instance_;
  std::unique_ptr<replaying_outbox> out_;
  checkpoint_settings checkpoints_;
  hosted_slices hosted_;
  /// The bytes of the full copies that were loaded.
  std::map<slice_id, std::uint64_t> loaded_;
  checkpoint_capture capture_;
  alignment alignment_;
  flow_control flow_;
  early_checkpoint early_;
  std::vector<edge_node> inputs_;
  input_sampler sampler_;
  std::map<channel, upstream_partition> upstreams_;
  std::vector<hand_over> upstream_changes_; ///< under way
  downstream_changes downstream_;
  std::vector<slice_range> slices_;
  epoch_size size_;               ///< of the last epoch that was processed
  epoch_work work_;               ///< of the one before
  std::uint64_t busy_before_ = 0; ///< `busy_ns` when the last one began
  /// A restored instance sends no credit before it asks for replay: that would
  /// begin channels anew while nodes upstream may not know where it is.
  bool may_ask_ = true;
  bool asked_ = false;            ///< for a checkpoint
  bool checkpoint_named_ = false; ///< it was named for a checkpoint
  bool done_ = false;
  // As a successor in a hand-over.
  bool shadow_ = false;
  bool told_caught_up_ = false;
  epoch_number newest_upstream_ = 0; ///< that upstream partitions have closed
  bool stopped_ = false;             ///< as an origin
};

} // namespace braid
