// Writes down what is new about one run.
#pragma once

#include "actors/run_memory.hpp"

#include "operators/archive.hpp"

#include <algorithm>
#include <memory>

namespace braid {

/// Tells decisions from what needs not be remembered. `Journal` has the
/// functions `save` and `save_stable` of `supervisor_journal`.
template <class Journal>
class run_recorder {
public:
  /// Without a journal nothing is remembered. `saved` is what the journal
  /// knows of the run already.
  explicit run_recorder(std::shared_ptr<Journal> journal = nullptr,
                        const saved_run& saved = {})
    : journal_(std::move(journal)) {
    if (saved.plan.run != 0)
      note(saved);
  }

  /// Writes down what differs from the last time. If this throws, it will be
  /// tried again the next time.
  void record(const saved_run& now) {
    if (!journal_)
      return;
    if (decisions_of(now) != decisions_)
      journal_->save(now);
    else if (now.stable > stable_)
      journal_->save_stable({now.plan.run, now.stable});
    else
      return;
    note(now);
  }

private:
  /// Figures change all the time, and are known again soon.
  static byte_buffer decisions_of(saved_run run) {
    run.stable = 0;
    auto& report = run.report;
    report.stable_epoch = 0;
    if (!is_over(report.state)) {
      report.actor = 0;
      report.operators.clear();
      report.partitions.clear();
    }
    return encoded(run);
  }

  void note(const saved_run& now) {
    decisions_ = decisions_of(now);
    stable_ = now.stable;
  }

  std::shared_ptr<Journal> journal_;
  byte_buffer decisions_;
  epoch_number stable_ = 0;
};

} // namespace braid
