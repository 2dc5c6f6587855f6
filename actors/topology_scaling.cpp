// The part of the topology supervisor that is about when to scale: it has loads
// measured, and what is decided carried out.
#include "actors/log.hpp"
#include "actors/topology_steps.hpp"

#include <caf/all.hpp>

#include <utility>

namespace braid::topology_steps {

namespace {

/// A load that has found no room may have fallen since.
constexpr std::chrono::minutes nodes_are_wanted_for{5};

/// So many warnings of a run are shown.
constexpr std::size_t most_warnings = 20;

void warn(self_pointer self, const std::vector<std::string>& warnings) {
  auto& report = self->state.given.report;
  for (auto& each : warnings) {
    log("topology")->warn("{}: {}", report.name, each);
    report.warnings.push_back(each);
    if (report.warnings.size() > most_warnings)
      report.warnings.erase(report.warnings.begin());
  }
}

void on_measured(self_pointer self,
                 const std::optional<node_answers>& answers) {
  if (!answers)
    return;
  auto& state = self->state;
  std::vector<load_counts> counts;
  for (auto& each : *answers)
    counts.push_back(from_body<load_counts>(each));
  auto decision =
    state.scaling->on_counts(scaling_clock(), counts, *state.logic);
  warn(self, state.scaling->take_warnings());
  if (decision)
    carry_out_decision(self, *decision);
  report(self);
}

} // namespace

std::chrono::microseconds scaling_clock() {
  using namespace std::chrono;
  static const auto begin = system_clock::now().time_since_epoch()
                            - steady_clock::now().time_since_epoch();
  return duration_cast<microseconds>(begin
                                     + steady_clock::now().time_since_epoch());
}

void begin_scaling(self_pointer self) {
  auto& state = self->state;
  auto& report = state.given.report;
  std::vector<load_meter::metered_operator> operators;
  for (auto& each : report.operators)
    operators.push_back({each.name, each.kind != "operator"});
  state.scaling.emplace(state.given.scaling, std::move(operators),
                        report.decisions);
  self->delayed_send(self, state.given.scaling.interval, measure_atom::value);
}

void measure(self_pointer self) {
  auto& state = self->state;
  auto& logic = *state.logic;
  if (is_over(logic.state()))
    return;
  self->delayed_send(self, state.given.scaling.interval, measure_atom::value);
  if (scaling_clock() - state.nodes_wanted_since > nodes_are_wanted_for)
    forget_wanted_nodes(self);
  if (logic.state() != run_state::running || logic.is_recovering()
      || state.coming_back)
    return;
  auto number = ++state.measurements;
  ask_nodes(self, request_kind::measure,
            [=](const std::optional<node_answers>& answers) {
              if (number == self->state.measurements)
                on_measured(self, answers);
            });
}

void follow_scaling(self_pointer self) {
  auto& state = self->state;
  state.scaling->on_progress(scaling_clock(), *state.logic);
  auto& kept = state.scaling->history().decisions();
  state.given.report.decisions.assign(kept.begin(), kept.end());
}

void want_nodes(self_pointer self, const no_room_error& error) {
  auto& state = self->state;
  auto there = static_cast<std::uint32_t>(state.logic->alive().size());
  state.given.report.nodes_wanted = there + error.nodes;
  state.nodes_wanted_since = scaling_clock();
  report(self);
}

void forget_wanted_nodes(self_pointer self) {
  if (std::exchange(self->state.given.report.nodes_wanted, 0) != 0)
    report(self);
}

void on_more_room(self_pointer self) {
  if (self->state.given.report.nodes_wanted != 0)
    self->state.scaling->on_more_room();
}

} // namespace braid::topology_steps
