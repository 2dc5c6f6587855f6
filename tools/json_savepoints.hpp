// What is said about savepoints, as the JSON of the HTTP interface.
#pragma once

#include "tools/json_reports.hpp"

#include "actors/savepoint_messages.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// All savepoints, the newest last.
json savepoints_json(const std::vector<savepoint_report>& all);

/// One with its operators.
json savepoint_json(const savepoint_report& report);

/// Reads the body of an order: {"name": "daily", "limit_us": 30000000}, both of
/// which may be left out.
///
/// @throws std::invalid_argument whose what() is one line for the user.
savepoint_order parse_savepoint_order(std::string_view text,
                                      const std::string& run);

/// Reads {"name": "daily"}. Throws as `parse_savepoint_order`.
std::string parse_savepoint_name(std::string_view text);

} // namespace braid
