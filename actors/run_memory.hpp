// What a supervising node must remember to lead its runs on after it was
// started again, and how its journal says it.
#pragma once

#include "actors/deployment.hpp"
#include "actors/recovery.hpp"
#include "actors/reports.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace braid {

/// A run as its supervisor had decided.
struct saved_run {
  deployment plan; ///< with owners as they are
  run_report report;
  epoch_number stable = 0;
  /// Of the latest recovery; 0: there was none.
  generation_number generation = 0;
  std::vector<std::pair<partition_place, generation_number>> generations;
  std::vector<node_index> alive; ///< ascending
  /// To be replaced; and replaced, but not everybody is known to have gone on
  /// since.
  std::vector<partition_place> lost;
  std::vector<partition_place> made;
  std::vector<skipped_tuple> skipped; ///< beyond the stable epoch
  std::uint64_t hand_overs = 0;       ///< that were begun
  std::vector<node_index> avoided{};
  std::optional<epoch_number> unsafe_until{}; ///< see `run_logic`

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& plan& report& stable& generation& generations& alive& lost& made&
      skipped& hand_overs& avoided& unsafe_until;
  }
};

/// The sum of a journal's records. Pure: records in, runs out.
///
/// Throws `decode_error` for what is no record, or one of another version.
class run_memory {
public:
  /// So many runs that are over are remembered.
  static constexpr std::size_t most_over = 100;

  // What a journal's records say, one for each decision.
  static byte_buffer life_record(std::uint64_t incarnation);
  static byte_buffer run_record(const saved_run& run);
  static byte_buffer stable_record(const run_epoch& stable);

  /// Everything at once.
  byte_buffer snapshot() const;

  /// Takes in the next record; a snapshot takes the place of all before it.
  void apply(std::span<const std::byte> record);

  /// Of the node that wrote the journal: its latest; 0: there was none.
  std::uint64_t incarnation() const {
    return incarnation_;
  }

  /// In the order in which they were submitted.
  const std::vector<saved_run>& runs() const {
    return runs_;
  }

private:
  void remember(saved_run run);
  void forget_oldest();

  std::uint64_t incarnation_ = 0;
  std::vector<saved_run> runs_;
};

} // namespace braid
