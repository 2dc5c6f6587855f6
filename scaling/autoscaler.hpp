// Makes decisions of what a policy proposes: limits, cool-down, scale-in.
#pragma once

#include "scaling/decision_history.hpp"
#include "scaling/scaling_policy.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace braid {

/// Decides for one topology how many partitions its operators have. Pure:
/// figures and outcomes in, decisions out.
///
/// One decision is under way at a time, and nothing is decided for `cool_down`
/// after it; for twice as long after each failure in a row. Reports of
/// intervals that overlap a change say nothing about either side of it and are
/// passed over.
///
/// Operators are scaled out as soon as the policy wants it, but no further than
/// to where the heaviest slice is what keeps a partition busy. They are scaled
/// in to the most that was enough at any time in the last `scale_in_after`, all
/// of it after the last change: a short lull takes nothing away, and noise has
/// shown its peaks before it can [the stabilisation window of Kubernetes'
/// HorizontalPodAutoscaler]. Nothing is scaled in while more than `max_backlog`
/// of work waits anywhere: what looks idle downstream of a backlog is not.
class autoscaler {
public:
  /// @throws scaling_error if `settings` cannot work.
  explicit autoscaler(const scaling_settings& settings);

  /// Takes the figures of an interval. Returns what is to be carried out, if
  /// anything: whoever does tells of its end. In a dry run never anything.
  std::optional<scaling_decision> on_report(const load_report& report);

  /// What a person asks for, whatever the policy; `max_parallelism`, cool-down
  /// and dry run do not bind people. Nothing, if the operator has as many
  /// partitions already.
  ///
  /// @throws scaling_error if it cannot be, or not now, naming the remedy.
  std::optional<scaling_decision> on_request(const std::string& operator_name,
                                             std::uint64_t parallelism,
                                             const load_report& newest);

  /// Slices of these operators are to lie elsewhere, and no operator is to have
  /// other partitions: `reason` says what a person asks for.
  ///
  /// @throws scaling_error if it cannot be now, naming the remedy.
  scaling_decision on_request_to_move(const std::vector<operator_id>& operators,
                                      const std::string& reason,
                                      const load_report& newest);

  /// The decision under way was carried out at `at`; slices stood still for at
  /// most `pause`. News of any other decision are passed over.
  void on_carried_out(std::uint64_t number, std::chrono::microseconds at,
                      std::chrono::microseconds pause);

  /// It was given up at `at`; the old parallelism is in force.
  void on_failure(std::uint64_t number, std::chrono::microseconds at,
                  std::string problem);

  /// What made decisions fail has changed: the next one waits no longer than
  /// after one that was carried out.
  void forget_failures() {
    failures_ = 0;
  }

  /// Goes on with the decisions of an earlier autoscaler of the topology, which
  /// ended for `problem`.
  void restore(const std::vector<scaling_decision>& decisions,
               const std::string& problem) {
    history_.restore(decisions, problem);
  }

  const decision_history& history() const {
    return history_;
  }

private:
  /// What would have been enough in one interval.
  struct sufficient {
    std::chrono::microseconds from;
    std::vector<std::uint32_t> partitions; ///< by operator
  };

  bool is_usable(const load_report& report) const;
  void remember(const load_report& report,
                const std::vector<proposal>& proposals);
  std::vector<operator_change>
  scale_out(const load_report& report,
            const std::vector<proposal>& proposals) const;
  std::optional<operator_change> scale_out(const load_report& report,
                                           operator_id id,
                                           const proposal& proposed) const;
  std::vector<operator_change>
  scale_in(const load_report& report,
           const std::vector<proposal>& proposals) const;
  bool has_backlog(const load_report& report) const;
  std::uint32_t limited(const operator_figures& figures,
                        std::uint32_t partitions) const;

  std::optional<scaling_decision> decide(policy_kind by,
                                         const load_report& report,
                                         std::vector<operator_change> changes);
  bool repeats_dry_run(const std::vector<operator_change>& changes) const;
  void end_of_change(std::chrono::microseconds at);
  std::chrono::microseconds cool_down() const;

  scaling_settings settings_;
  std::unique_ptr<scaling_policy> policy_;
  decision_history history_;
  std::optional<std::uint64_t> under_way_;
  std::optional<std::uint64_t> unmeasured_; ///< carried out, no figures since
  std::optional<std::chrono::microseconds> changed_at_;
  std::uint32_t failures_ = 0;    ///< in a row
  std::deque<sufficient> window_; ///< since the last change, oldest first
};

} // namespace braid
