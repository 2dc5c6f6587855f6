// How other partitions are asked for in JSON:
//   {"operator": "counts", "partitions": 4}
#pragma once

#include "tools/json_reports.hpp"

#include "actors/scaling_messages.hpp"

#include <string>
#include <string_view>

namespace braid {

/// Reads what is asked of a run.
///
/// @throws std::invalid_argument whose what() is one line for the user.
scaling_order parse_scaling_order(std::string_view text, scaling_kind kind,
                                  const std::string& run);

/// Reads what is asked of a node: {"dry_run": true}, or nothing.
///
/// @throws std::invalid_argument likewise.
scaling_order parse_drain_order(std::string_view text, const std::string& node);

/// {"steps": [...]}
json scaling_json(const scaling_answer& answer);

/// {"run": ..., "decisions": [...]}, the oldest first.
json history_json(const run_report& run);

} // namespace braid
