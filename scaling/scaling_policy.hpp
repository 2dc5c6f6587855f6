// When to scale: the interface of the policies.
#pragma once

#include "scaling/load_report.hpp"
#include "scaling/scaling_settings.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace braid {

/// What a policy makes of one operator.
struct proposal {
  /// More partitions than there are: scale out now. As many as there are: no.
  std::uint32_t wanted = 1;
  /// Partitions that would have been enough in this interval. May be less than
  /// there are; when that is worth a change is for `autoscaler` to say.
  std::uint32_t enough = 1;
  /// Both in words, with the figures that they come from.
  std::string reason{};
};

/// Judges a topology from what was measured of it. Pure: time passes only
/// through reports, so tests need no clock.
///
/// A policy knows nothing of limits, cool-down or changes under way: those are
/// the same for all, and `autoscaler`'s.
class scaling_policy {
public:
  virtual ~scaling_policy() = default;

  /// Takes the figures of the next interval; returns one proposal an operator.
  /// Reports of intervals in which the parallelism changed are not for here.
  virtual std::vector<proposal> judge(const load_report& report) = 0;

  /// The parallelism has changed: reports in a row are counted anew.
  virtual void on_change() = 0;
};

/// The policy that `settings` name. `manual` proposes nothing, ever.
std::unique_ptr<scaling_policy> make_policy(const scaling_settings& settings);

} // namespace braid
