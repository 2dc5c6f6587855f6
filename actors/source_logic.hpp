// The partition of a source: cuts its slices' streams into epochs.
#pragma once

#include "actors/partition.hpp"

#include "checkpoint/cut_log.hpp"

#include "operators/source.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>

namespace braid {

/// When sources end epochs.
struct cut_settings {
  /// An epoch with tuples is closed this long after it was opened ...
  std::chrono::microseconds length{5'000};
  /// ... one without tuples after this.
  std::chrono::microseconds idle_length{500'000};
  /// ... or earlier, when a partition has read this much.
  std::uint64_t max_tuples = 65'536;
  std::uint64_t max_bytes = 1 << 20;
  /// Where a partition takes longer than this for an epoch, less is read into
  /// each: epochs bound latency, and nothing changes but between two of them.
  std::chrono::microseconds longest_work{50'000};
  /// Count mode: every slice closes an epoch after just so many tuples, or at
  /// its end, and never by the clock; `now()` counts epochs of `length`.
  std::optional<std::uint64_t> count;
  /// Cuts of an earlier run to repeat.
  std::shared_ptr<const recorded_cuts> repeat;
  /// Cuts of a lost instance that this one is to repeat.
  std::shared_ptr<const recorded_cuts> known;
  /// Where to record this run's cuts.
  std::shared_ptr<cut_recorder> record;
};

/// A partition of a source.
class source_logic final : public partition {
public:
  source_logic(const topology& graph, const assignment& owners,
               partition_place place, cut_settings cuts,
               std::unique_ptr<source_instance> instance,
               partition_beginning beginning);

  void on_batch(const batch_origin&, batch_ptr) override;
  void on_close(const close_notice&) override;
  void on_credit(const credit_notice& notice) override;
  bool name_checkpoint(epoch_number epoch) override;
  void on_cuts_held(epoch_number epoch) override;
  void on_stable(epoch_number epoch) override;
  void take_checkpoints(const checkpoint_settings& how) override;
  void on_placement(const assignment& owners,
                    const std::vector<hand_over>& under_way) override;
  epoch_number stop_for_successors() override;
  partition_checkpoint checkpoint() const override;
  step_result step(event_time wall) override;

private:
  void restore(const partition_checkpoint& from);
  void open(event_time wall);
  read_budget budget(event_time wall) const;
  bool must_close(const read_progress& progress, event_time wall) const;
  std::optional<event_time> next_look(const read_progress& progress) const;
  void close(const read_progress& progress);
  void tell_cuts(epoch_number last, std::vector<source_cut> cuts);
  void tell_cuts(cut_notice cuts);
  void close_edges(close_notice notice);
  void send_checkpoint(epoch_number named);
  epoch_number checkpoint_within(epoch_number last) const;
  void adopt_placement();
  void note_waiting(event_time wall);
  std::optional<event_time> next_count(event_time wall) const;
  void adapt_cap();
  std::optional<std::uint64_t> fitting(epoch_number epoch, std::uint64_t had,
                                       std::uint64_t wanted) const;
  void note_tuples(std::uint64_t tuples);
  epoch_number last_to_close(const read_progress& progress) const;
  bool by_clock() const;
  bool is_held_back() const;
  bool repeats_known_cut() const;

  std::string name_;
  partition_place place_;
  cut_settings cuts_;
  std::unique_ptr<source_instance> instance_;
  std::unique_ptr<replaying_outbox> out_;
  checkpoint_settings checkpoints_;
  hosted_slices hosted_;
  flow_control flow_;
  early_checkpoint early_;
  downstream_changes downstream_;
  struct placement {
    assignment owners;
    std::vector<hand_over> under_way;
  };
  std::optional<placement> placed_; ///< to be adopted when the epoch ends
  std::vector<slice_range> slices_;
  epoch_info epoch_;
  event_time opened_at_ = 0;
  epoch_number named_ = 0; ///< a checkpoint is taken after this epoch
  bool open_ = false;
  bool empty_ = false; ///< of the open epoch: nothing is read into it
  bool done_ = false;
  std::uint64_t max_tuples_; ///< shrinks while epochs are too much downstream
  epoch_number adapted_to_ = 0; ///< the epoch whose work it last shrank for
  std::map<epoch_number, std::uint64_t> tuples_of_; ///< the latest epochs
};

} // namespace braid
