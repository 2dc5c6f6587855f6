// Scaling by true processing rates: all operators are sized in one decision.
#pragma once

#include "scaling/scaling_policy.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace braid {

/// Computes the parallelism that each operator needs from what the sources take
/// in, how many tuples operators make of one, and what a partition can process.
///
/// As DS2, in Kalavri, Liagouris, Hoffmann, Dimitrova, Forshaw, Roscoe: Three
/// Steps Is All You Need (OSDI 2018). A partition's *true rate* is tuples by
/// the time spent on them, without that spent waiting; it is the same however
/// far the partition is held up by others, and so is an edge's *selectivity*,
/// tuples along it by tuples taken in. From the rates at which tuples arrive at
/// the sources, the rate each operator is to take in follows, edge by edge; by
/// the true rate of a partition, this is the operator's *demand*, in
/// partitions.
///
/// Beyond the paper: partitions are to be busy for `target`, not always. An
/// operator triggers a decision only when its demand leaves less than half of
/// what `target` leaves free, in `consecutive` reports in a row; what was
/// computed for all others then counts as well. A backlog adds to the demand
/// what works it off in `catch_up`, with partitions that are always busy.
///
/// A source that does not know what arrives and was held back is taken to have
/// up to `growth` times what it read: the right size is then approached in
/// steps. While it goes on being held back, the next step waits for half of
/// `catch_up`: it may just read what was left outside before.
class rate_policy final : public scaling_policy {
public:
  static constexpr double growth = 2;

  explicit rate_policy(const scaling_settings& settings)
    : settings_(settings) {}

  std::vector<proposal> judge(const load_report& report) override;
  void on_change() override;

private:
  /// A ratio that is learnt over reports, of sums in which the latest weigh
  /// most: an interval in which little happened says little.
  class learnt_ratio {
  public:
    void add(double above, double below);

    /// Nothing as long as nothing has been added below.
    std::optional<double> value() const;

  private:
    double above_ = 0;
    double below_ = 0;
  };

  /// In partitions that are always busy.
  struct demand {
    double steady = 0;      ///< for what arrives
    double catching_up = 0; ///< and for the backlog, in time
    double rate = 0;        ///< tuples per second, of `steady`
  };

  void learn(const load_report& report);
  bool may_be_catching_up(const load_report& report) const;
  std::vector<proposal> wait(const load_report& report);
  std::vector<std::optional<demand>> demands(const load_report& report) const;
  proposal judge(operator_id id, const operator_figures& figures,
                 const std::optional<demand>& needed) const;

  /// Partitions for `needed`.
  std::uint32_t size_for(const demand& needed) const;
  bool is_short(const operator_figures& figures, const demand& needed) const;

  double target() const {
    return static_cast<double>(settings_.target) / 100;
  }

  scaling_settings settings_;
  std::vector<learnt_ratio> costs_;       ///< by operator, seconds for a tuple
  std::vector<learnt_ratio> selectivity_; ///< by edge of a report
  std::vector<std::uint64_t> short_reports_; ///< in a row, by operator
  bool has_changed_ = false;                 ///< since the last report
  std::optional<std::chrono::microseconds> changed_at_;
};

} // namespace braid
