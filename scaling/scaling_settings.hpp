// What can be set about scaling, and what makes such settings impossible.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace braid {

/// Thrown for settings and requests that will not do; what() is
/// "place: problem; remedy" in one line.
class scaling_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Who decides how many partitions an operator has.
enum class policy_kind : std::uint8_t {
  manual,    ///< people alone
  threshold, ///< `threshold_policy`
  rate,      ///< `rate_policy`
};

std::string to_string(policy_kind x);

/// The policy of that name, or nothing.
std::optional<policy_kind> to_policy_kind(std::string_view name);

/// How one topology is scaled. The initial values are the defaults. Shares are
/// in per cent of a partition's time.
struct scaling_settings {
  policy_kind policy = policy_kind::manual;

  /// Decisions are recorded, and not carried out.
  bool dry_run = false;

  /// One report of figures comes every so often.
  std::chrono::microseconds interval = std::chrono::seconds{5};

  /// Reports in a row that must say the same before an operator is scaled out.
  std::uint64_t consecutive = 2;

  /// `threshold`: a partition that is busier than this is a bottleneck.
  std::uint64_t threshold = 70;

  /// `threshold`: an operator is scaled in as far as the partitions that are
  /// left stay below.
  std::uint64_t lower_bound = 50;

  /// `rate`: how busy partitions are to be.
  std::uint64_t target = 85;

  /// Nothing is decided for so long after a change.
  std::chrono::microseconds cool_down = std::chrono::seconds{10};

  /// An operator is scaled in to what would have been enough all this time.
  std::chrono::microseconds scale_in_after = std::chrono::minutes{2};

  /// Nothing is scaled in while more work than this is waiting anywhere.
  std::chrono::microseconds max_backlog = std::chrono::seconds{1};

  /// A backlog is to be worked off within this time.
  std::chrono::microseconds catch_up = std::chrono::minutes{1};

  /// Bounds for each operator that may be scaled.
  std::uint64_t min_parallelism = 1;
  std::uint64_t max_parallelism = 64;

  friend bool operator==(const scaling_settings&,
                         const scaling_settings&) = default;
};

/// Refuses settings that cannot work.
///
/// @throws scaling_error that names the key and the remedy.
void check(const scaling_settings& settings);

} // namespace braid
