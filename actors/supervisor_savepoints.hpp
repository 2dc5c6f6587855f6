// The topology supervisor's part in savepoints.
#pragma once

#include "actors/savepoint_gatherer.hpp"
#include "actors/savepoint_taking.hpp"

#include <chrono>
#include <deque>
#include <optional>
#include <string>

namespace braid {

/// What a topology supervisor is told about savepoints when it begins.
struct savepoint_begin {
  savepoint_settings settings;
  savepoint_manifest form; ///< all but what is known when one is taken
};

/// A savepoint that is being taken.
struct savepoint_under_way {
  savepoint_order order;
  savepoint_report report;
  savepoint_taking taking{checkpoint_naming::clock::now()};
  std::chrono::steady_clock::time_point deadline;
  std::string last_trouble; ///< of an attempt that is made again
};

/// Savepoints of one run, one at a time.
struct supervisor_savepoints {
  using clock = std::chrono::steady_clock;

  savepoint_begin given;
  std::deque<savepoint_order> waiting;
  std::optional<savepoint_under_way> current;
  bool ticking = false; ///< a tick is on its way
};

struct topology_supervisor_state;
using topology_supervisor_pointer =
  caf::stateful_actor<topology_supervisor_state>*;

/// Begins periodic savepoints, if there are to be any.
void begin_savepoints(topology_supervisor_pointer self);

void order_savepoint(topology_supervisor_pointer self,
                     const savepoint_order& order);

/// The clock, the logic and nodes have news that concern savepoints.
void on_savepoint_tick(topology_supervisor_pointer self);
void on_periodic_savepoint(topology_supervisor_pointer self);
void on_savepoint_stable(topology_supervisor_pointer self);
void on_savepoint_refused(topology_supervisor_pointer self, epoch_number epoch);
void on_savepoint_loss(topology_supervisor_pointer self);
void on_gathering(topology_supervisor_pointer self,
                  const gathering_report& report);

using savepoint_tick_atom = caf::atom_constant<caf::atom("sptick")>;
using savepoint_period_atom = caf::atom_constant<caf::atom("spperiod")>;

} // namespace braid
