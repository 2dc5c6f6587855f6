// Where a new run goes: which nodes take part, and what each hosts.
#pragma once

#include "actors/deployment.hpp"
#include "actors/membership.hpp"
#include "actors/reports.hpp"

#include "checkpoint/savepoint_file.hpp"

#include "operators/topology.hpp"

#include <string>
#include <vector>

namespace braid {

/// `self` and the members that are alive and can run `topology`, which come in
/// the order of their names.
std::vector<node_address> nodes_for(const std::string& topology,
                                    const introduction& self,
                                    const membership& members);

/// Plans a run of `graph` on `nodes`. Run number and name are left to the
/// caller. Throws `topology_error`, and what sources throw that cannot count
/// their splits.
deployment plan_run(const submission& asked, const topology& graph,
                    std::vector<node_address> nodes,
                    const run_settings& settings);

/// What savepoints of a run say about it.
savepoint_manifest savepoint_form(const deployment& plan,
                                  const topology& graph);

/// What there is to say about a run before it has begun.
run_report first_report(const deployment& plan, const topology& graph);

} // namespace braid
