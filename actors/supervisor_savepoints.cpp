#include "actors/supervisor_savepoints.hpp"

#include "actors/log.hpp"
#include "actors/savepoint_folder.hpp"
#include "actors/topology_checkpoints.hpp"
#include "actors/topology_supervisor.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace braid {

namespace {

using namespace std::chrono_literals;
using self_pointer = topology_supervisor_pointer;

constexpr auto tick = 100ms;

/// For a gatherer that should have given up to say so.
constexpr auto grace = 30s;

std::int64_t now() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch())
    .count();
}

void tell(self_pointer self) {
  auto& state = self->state;
  self->send(state.given.home, state.savepoints.current->report);
}

void begin_next(self_pointer self) {
  auto& savepoints = self->state.savepoints;
  if (savepoints.current || savepoints.waiting.empty())
    return;
  auto& current = savepoints.current.emplace();
  current.order = std::move(savepoints.waiting.front());
  savepoints.waiting.pop_front();
  current.deadline = supervisor_savepoints::clock::now()
                     + std::chrono::microseconds{current.order.limit_us};
  auto& report = current.report;
  report.name = current.order.name;
  report.run = savepoints.given.form.run;
  report.topology = savepoints.given.form.topology;
  report.path =
    savepoint_path(savepoints.given.settings.directory, report.name).string();
  report.taken_at = now();
  report.periodic = current.order.periodic;
  if (!std::exchange(savepoints.ticking, true))
    self->send(self, savepoint_tick_atom::value);
}

void end_current(self_pointer self, const std::string& error) {
  auto& savepoints = self->state.savepoints;
  auto& current = *savepoints.current;
  auto& report = current.report;
  report.stage =
    error.empty() ? savepoint_stage::written : savepoint_stage::failed;
  report.reason = error;
  if (error.empty())
    log("topology")
      ->info("{} has savepoint {} of epoch {}, {} bytes", report.run,
             report.name, report.epoch, report.bytes);
  else
    log("topology")
      ->warn("{}: no savepoint {}: {}", report.run, report.name, error);
  tell(self);
  if (error.empty() && current.order.periodic)
    self->send(self->state.given.home,
               savepoint_pruning{report.run, savepoints.given.settings.keep});
  savepoints.current.reset();
  begin_next(self);
}

/// Why it takes so long.
std::string why_overdue(self_pointer self) {
  auto& state = self->state;
  auto& current = *state.savepoints.current;
  if (current.report.stage == savepoint_stage::gathering)
    return "its copies were not all written in time; allow more of it";
  auto named = current.taking.named();
  std::string missing;
  if (named > state.logic->stable())
    for (auto& slice : state.logic->missing(named))
      missing += (missing.empty() ? "" : ", ")
                 + state.given.report.operators.at(slice.of).name + "/slice "
                 + std::to_string(slice.slice);
  if (!missing.empty())
    return "not everything was backed up in time; missing: " + missing;
  if (!current.last_trouble.empty())
    return current.last_trouble;
  return "no epoch became stable in time; allow more of it";
}

/// Names an epoch to sources in place of the one on its way.
void name_for_savepoint(self_pointer self, epoch_number newest) {
  auto& state = self->state;
  if (!state.savepoints.current)
    return;
  auto at = checkpoint_naming::clock::now();
  auto named = state.savepoints.current->taking.on_newest(newest, at);
  if (named == 0)
    return;
  state.naming.replace(named, at);
  tell_named_checkpoint(self, named);
}

void gather(self_pointer self) {
  auto& state = self->state;
  auto& logic = *state.logic;
  auto& current = *state.savepoints.current;
  current.report.stage = savepoint_stage::gathering;
  current.report.epoch = logic.stable();
  auto form = state.savepoints.given.form;
  form.epoch = logic.stable();
  form.taken_at = current.report.taken_at;
  form.periodic = current.order.periodic;
  auto begin = std::make_shared<gathering_begin>(
    gathering_begin{logic.plan().run,
                    logic.stable(),
                    savepoint_gathering{std::move(form), logic.plan().owners},
                    current.report.path,
                    {},
                    !state.takes_checkpoints(),
                    state.given.limit,
                    current.deadline,
                    caf::actor_cast<caf::actor>(self)});
  for (node_index node = 0; node < state.given.nodes.size(); ++node)
    if (logic.is_alive(node))
      begin->nodes.emplace(node, state.given.nodes[node]);
  // Not linked: what goes wrong there must not hurt the run.
  self->spawn(savepoint_gatherer, std::move(begin));
  tell(self);
}

} // namespace

void begin_savepoints(self_pointer self) {
  auto interval = self->state.savepoints.given.settings.interval_us;
  if (interval != 0)
    self->delayed_send(self, std::chrono::microseconds{interval},
                       savepoint_period_atom::value);
}

void on_periodic_savepoint(self_pointer self) {
  auto& state = self->state;
  if (is_over(state.logic->state()))
    return;
  begin_savepoints(self);
  // One that is late is not followed by another at once.
  if (state.savepoints.current || state.logic->state() != run_state::running)
    return;
  auto limit =
    std::max<std::uint64_t>(state.savepoints.given.settings.interval_us,
                            std::chrono::microseconds{1min}.count());
  auto& run = state.savepoints.given.form.run;
  order_savepoint(self, {run, savepoint_name(run, now()), limit, true});
}

void order_savepoint(self_pointer self, const savepoint_order& order) {
  self->state.savepoints.waiting.push_back(order);
  begin_next(self);
}

void on_savepoint_tick(self_pointer self) {
  auto& state = self->state;
  auto& logic = *state.logic;
  state.savepoints.ticking = state.savepoints.current.has_value();
  if (!state.savepoints.ticking)
    return;
  self->delayed_send(self, tick, savepoint_tick_atom::value);
  auto& current = *state.savepoints.current;
  auto late = supervisor_savepoints::clock::now() - current.deadline;
  if (current.report.stage == savepoint_stage::gathering) {
    // Copies are kept for it, whatever becomes of the run.
    if (late >= grace)
      end_current(self, why_overdue(self));
    return;
  }
  if (is_over(logic.state()))
    return end_current(self, "the run is " + to_string(logic.state())
                               + "; there is nothing left to save");
  if (late >= 0s)
    return end_current(self, why_overdue(self));
  if (logic.state() == run_state::running && !logic.is_recovering()
      && !state.coming_back
      && current.taking.is_due(checkpoint_naming::clock::now()))
    ask_for_newest(self, [=](std::optional<epoch_number> newest) {
      if (newest)
        name_for_savepoint(self, *newest);
    });
}

void on_savepoint_stable(self_pointer self) {
  auto& state = self->state;
  if (state.savepoints.current && !is_over(state.logic->state())
      && state.savepoints.current->taking.on_stable(
        state.logic->stable(), checkpoint_naming::clock::now()))
    gather(self);
}

void on_savepoint_refused(self_pointer self, epoch_number epoch) {
  if (auto& current = self->state.savepoints.current)
    current->taking.on_refused(epoch);
}

/// What is being gathered goes on: the copies may all be there.
void on_savepoint_loss(self_pointer self) {
  auto& current = self->state.savepoints.current;
  if (current && current->report.stage == savepoint_stage::waiting)
    current->taking.on_loss();
}

void on_gathering(self_pointer self, const gathering_report& report) {
  auto& current = self->state.savepoints.current;
  if (!current || current->report.epoch != report.epoch)
    return;
  current->report.bytes = report.bytes;
  if (!report.over)
    return tell(self);
  if (!report.again || supervisor_savepoints::clock::now() >= current->deadline)
    return end_current(self, report.error);
  current->last_trouble = report.error;
  current->report.stage = savepoint_stage::waiting;
  current->taking.on_loss();
}

} // namespace braid
