// What the cluster says about itself, as the JSON of the HTTP interface.
// docs/http_api.md is the reference of its fields.
#pragma once

#include "actors/reports.hpp"

#include <nlohmann/json_fwd.hpp>

namespace braid {

/// Fields in the order in which they were written.
using json = nlohmann::ordered_json;

/// All nodes, the supervising one first, with what each runs in sum.
json nodes_json(const cluster_report& cluster);

/// All runs, newest last, and the topologies that can be submitted.
json runs_json(const cluster_report& cluster);

/// One run of `cluster` with its operators and their partitions.
json run_json(const cluster_report& cluster, const run_report& run);

/// The actors of all nodes, each with its `children`. Runs that are over have
/// no actors.
json tree_json(const cluster_report& cluster);

} // namespace braid
