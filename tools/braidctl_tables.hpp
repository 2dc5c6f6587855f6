// What braidctl prints for people, from the JSON that nodes answer.
#pragma once

#include "tools/json_reports.hpp"
#include "tools/text_table.hpp"

#include <cstdint>
#include <string>

namespace braid {

/// Colours states for a terminal: what is well green, what is lost or failed
/// red.
std::string colour_states(const std::string& cell);

/// From GET /api/topologies. `now`: microseconds since 1970.
std::string runs_text(const json& answer, std::int64_t now,
                      const text_table::emphasis& emphasise = {});

/// From GET /api/topologies/NAME.
std::string run_text(const json& run, std::int64_t now,
                     const text_table::emphasis& emphasise = {});

/// From GET /api/nodes.
std::string nodes_text(const json& answer,
                       const text_table::emphasis& emphasise = {});

/// From GET /api/savepoints.
std::string savepoints_text(const json& answer,
                            const text_table::emphasis& emphasise = {});

/// From POST /api/savepoints/verify.
std::string savepoint_text(const json& savepoint,
                           const text_table::emphasis& emphasise = {});

/// From GET /api/topologies/NAME/history.
std::string history_text(const json& answer,
                         const text_table::emphasis& emphasise = {});

/// From GET /api/tree.
std::string tree_text(const json& answer,
                      const text_table::emphasis& emphasise = {});

} // namespace braid
