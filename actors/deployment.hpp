// What every node that runs a part of a topology is told about it.
#pragma once

#include "actors/hand_over.hpp"
#include "actors/make_partition.hpp"
#include "actors/wire.hpp"

#include "scaling/assignment.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace braid {

/// How a node's data plane is reached, and which life of the node is meant.
struct node_address {
  std::string name;
  std::uint64_t incarnation = 0;
  std::string host;
  std::uint16_t port = 0;
  /// How many partitions of a run it takes at most; 0: any number.
  std::uint32_t limit = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& incarnation& host& port& limit;
  }
};

/// How a user wants a topology to run.
struct submission {
  std::string topology;
  std::map<std::string, std::string> settings;
  std::uint32_t parallelism = 0; ///< 0: one partition a core of the cluster
  std::map<std::string, std::uint32_t> parallelism_of; ///< by operator
  std::optional<std::uint64_t> count_cuts; ///< tuples an epoch, in count mode
  std::string record_cuts; ///< folder to record cuts in; empty: do not
  std::string repeat_cuts; ///< folder with recorded cuts; empty: none
  /// Savepoint to begin from, its name or path; empty: none.
  std::string from;
  std::vector<std::string> drop; ///< operators that do not go on from there
  /// Nor do those that the topology no longer has.
  bool allow_missing = false;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& topology& settings& parallelism& parallelism_of& count_cuts&
      record_cuts& repeat_cuts& from& drop& allow_missing;
  }
};

/// How sources cut and channels flow, from the configuration of the node that
/// supervises: all nodes of a run use the same.
struct run_settings {
  std::uint64_t epoch_length_us = 5'000;
  std::uint64_t idle_length_us = 500'000;
  std::uint64_t max_tuples = 65'536;
  std::uint64_t max_bytes = 1 << 20;
  std::uint64_t in_flight = 4;
  std::uint64_t batch_bytes = 64 * 1024;
  /// 0: no checkpoints are taken
  std::uint64_t checkpoint_interval_us = 1'000'000;
  std::uint64_t replicas = 1; ///< other nodes that keep each checkpoint
  /// Work since the last checkpoint stays below it.
  std::uint64_t replay_budget_us = 300'000;
  /// How often user code may fail on the same before that has consequences.
  std::uint64_t max_attempts = 3;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& epoch_length_us& idle_length_us& max_tuples& max_bytes& in_flight&
      batch_bytes& checkpoint_interval_us& replicas& replay_budget_us&
        max_attempts;
  }
};

/// One run of a topology: the same on all nodes that take part.
struct deployment {
  run_id run = 0;
  std::string name; ///< of the run, unique in the cluster: "word_count-1"
  submission asked;
  std::uint64_t fingerprint = 0;
  assignment owners;
  std::vector<node_address> nodes; ///< what `node_index` means
  run_settings settings;
  /// Checkpoints are taken. A run on a single node does without until there are
  /// more, or slices are to change hands.
  bool checkpoints = true;
  /// After which epoch it begins: that of a savepoint; 0: at the beginning.
  epoch_number begins_after = 0;
  std::vector<hand_over> hand_overs{}; ///< under way
  /// They are about to begin again on other nodes, and their own keep copies of
  /// them, too: those elsewhere may be nowhere but where they go.
  std::vector<partition_place> leaving{};

  bool may_take_checkpoints() const {
    return settings.checkpoint_interval_us != 0;
  }

  /// Whether the partition hosts slices, or is to: as a successor.
  bool has(const partition_place& place) const;

  /// It takes slices over in a hand-over that is not committed.
  bool is_shadow(const partition_place& place) const;

  bool is_leaving(const partition_place& place) const {
    return std::find(leaving.begin(), leaving.end(), place) != leaving.end();
  }

  /// Whether the partition is still there: it has slices, or they are being
  /// handed over.
  bool keeps(const partition_place& place) const;

  /// The slices of a partition, those of a successor included.
  std::vector<slice_id> slices_of(const partition_place& place) const;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& name& asked& fingerprint& owners& nodes& settings&
      checkpoints& begins_after& hand_overs& leaving;
  }
};

/// The owners as the successor at `place` sees them: it hosts what it is to
/// take over. The owners of `plan` if it is none.
assignment owners_for(const deployment& plan, const partition_place& place);

/// Gives the slices to the successors.
void take_place(const hand_over& what, assignment& owners);

/// When its partitions take checkpoints, but for what is the node's own.
checkpoint_settings checkpoint_settings_of(const deployment& plan);

/// The settings for the partitions of a run on node `here`. Opens the files of
/// recorded cuts; throws `std::runtime_error` if that fails.
partition_settings partition_settings_of(const deployment& plan,
                                         const std::string& here);

} // namespace braid
