// The bottleneck detector of SEEP: which partitions are too busy.
#pragma once

#include "scaling/scaling_policy.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace braid {

/// Scales an operator out when one of its partitions is a bottleneck.
///
/// As in Castro Fernandez, Migliavacca, Kalyvianaki, Pietzuch: Integrating
/// Scale Out and Fault Tolerance in Stream Processing using Operator State
/// Management (SIGMOD 2013), section 5: a partition that was busier than
/// `threshold` in `consecutive` reports in a row is a bottleneck. One quiet
/// report starts the count again, so a burst that a change would outlast is let
/// pass.
///
/// Beyond the paper: each bottleneck is split in two, but an operator gets no
/// more partitions at once than bring it below the threshold (and one at
/// least); while a backlog shrinks fast enough to be gone within `catch_up`,
/// busy partitions are as they should be; and it knows what would be enough.
class threshold_policy final : public scaling_policy {
public:
  explicit threshold_policy(const scaling_settings& settings)
    : settings_(settings) {}

  std::vector<proposal> judge(const load_report& report) override;
  void on_change() override;

private:
  proposal judge(const operator_figures& figures,
                 const std::vector<std::uint64_t>& busy_reports) const;

  /// Whether what waits will soon be gone, as far as two reports can tell.
  bool is_draining(const load_report& report) const;

  scaling_settings settings_;
  /// By operator and partition: reports in a row above the threshold.
  std::vector<std::vector<std::uint64_t>> busy_reports_;
  std::optional<std::uint64_t> last_backlog_;
};

} // namespace braid
