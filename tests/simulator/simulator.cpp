#include "tests/simulator/simulator.hpp"

#include "tests/simulator/replay_watch.hpp"
#include "tests/simulator/simulated_supervisor.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace braid::simulator {

namespace {

/// What all nodes are told of the run.
deployment plan_of(const assignment& owners, const simulation_options& options,
                   const partition_settings& settings) {
  deployment result;
  result.run = 1;
  result.name = "simulated";
  result.owners = owners;
  auto nodes = options.first_nodes == 0 ? options.nodes : options.first_nodes;
  for (std::uint32_t i = 0; i < nodes; ++i)
    result.nodes.push_back({simulation::node_name(i), 1, {}, 0});
  result.checkpoints = options.first_nodes != 1;
  result.settings.checkpoint_interval_us = settings.checkpoints.taken ? 1 : 0;
  result.settings.replicas = options.replicas;
  constexpr std::uint64_t no_limit = 1'000'000;
  result.settings.max_attempts =
    options.max_attempts == 0 ? no_limit : options.max_attempts;
  return result;
}

} // namespace

simulation::simulation(const topology& graph, assignment owners,
                       const partition_settings& settings, std::uint64_t seed,
                       simulation_options options)
  : graph_(&graph), settings_(settings), options_(std::move(options)),
    random_(seed) {
  network_ = std::make_unique<simulated_network>(options_, random_);
  flights_ =
    std::make_unique<flight_watch>(graph, settings.flow.in_flight, report_);
  schedule_ = std::make_unique<simulated_schedule>();
  // Each operator on the way hears of it within the epochs in flight; sources
  // may be at one by then, and what fills the buffers is another.
  auto under_way = 2 + graph.operators().size() * settings.flow.in_flight;
  replay_ = std::make_unique<replay_watch>(under_way, report_);
  drains_ =
    std::make_unique<drain_watch>(graph, report_.drains, [this](auto node) {
      return nodes_[node] && !nodes_[node]->hosted().empty();
    });
  world_ = std::make_unique<simulated_world>(simulated_world{
    graph_, &settings_, &options_, &random_, &report_, network_.get(),
    flights_.get(), schedule_.get(), replay_.get(), drains_.get(), &clock_});
  world_->name_of = [this](node_index node) -> auto& {
    return names_.at(node);
  };
  world_->newest = [this] { return newest_epoch(); };
  journal_ = std::make_shared<simulated_journal>();
  auto plan = plan_of(owners, options_, settings_);
  // What only the first node has must not be lost.
  if (!plan.checkpoints)
    losses_ = options_.replicas;
  supervisor_ = std::make_unique<simulated_supervisor>(*world_, plan, journal_);
  for (auto& node : plan.nodes)
    add_node(node.name);
  supervisor_->begin();
}

simulation::~simulation() = default;

simulation_report simulation::run() {
  auto logic = [this]() -> auto& {
    return supervisor_->logic();
  };
  while (!is_over(logic().state())) {
    turn();
    if (report_.turns == options_.stop_after)
      break;
  }
  if (logic().state() == run_state::failed)
    throw simulation_failure{logic().reason()};
  report_.stable = logic().stable();
  report_.duration = clock_ - beginning;
  // What successors may still have to read is kept.
  if (options_.replicas > 0 && report_.hand_overs == 0)
    check_trimmed();
  return report_;
}

void simulation::turn() {
  if (++report_.turns > options_.most_turns)
    throw simulation_failure{"not done after "
                             + std::to_string(options_.most_turns) + " turns\n"
                             + describe_instances()};
  clock_ += options_.turn_length;
  if (clock_ >= schedule_->next_wake())
    schedule_->wake_sleepers(clock_);
  if (options_.crash_odds != 0)
    disturb();
  if (options_.naming_odds != 0 && random_.below(options_.naming_odds) == 0
      && network_->busy_channels() > 0)
    supervisor_->name_checkpoint();
  if (options_.replay_limit != 0 || options_.busy_ns != 0)
    supervisor_->name_if_due();
  auto channels = network_->busy_channels();
  auto& ready = schedule_->ready();
  auto choices = channels + ready.size();
  if (choices == 0)
    return skip_to_next_wake();
  // Now and then somebody is asked who has nothing new.
  auto choice = random_.below(choices + 1);
  if (choice < channels)
    deliver(choice);
  else if (choice < choices)
    step(*ready[choice - channels]);
  else if (random_.below(16) == 0)
    if (auto* x = random_instance())
      step(*x);
}

void simulation::deliver(std::size_t channel) {
  if (random_.below(network_->slowness_of(channel)) != 0
      || paused_.contains(network_->receiver_of(channel)))
    return;
  auto what = network_->take(channel);
  if (!what)
    return;
  ++report_.messages;
  if (what->to.node == at_supervisor)
    supervisor_->receive(std::move(*what));
  else if (auto& node = nodes_[what->to.node])
    node->receive(std::move(*what));
}

void simulation::step(simulated_instance& x) {
  if (random_.below(x.slowness) != 0 || paused_.contains(x.node))
    return;
  step_result result;
  try {
    result = x.logic->step(clock_);
  } catch (const operator_error& error) {
    return fail(x, error);
  }
  if (result.done && !x.done)
    nodes_[x.node]->note_done(x);
  if (result.worked) {
    watch_replay(x);
    return schedule_->make_ready(x);
  }
  if (result.wake_at && *result.wake_at <= clock_ && !result.done)
    throw simulation_failure{x.name
                             + " did nothing, but wants to be called again at "
                               "once: it would spin\n"
                             + describe_instances()};
  schedule_->put_to_sleep(x, result.wake_at);
}

/// After an epoch's work.
void simulation::watch_replay(simulated_instance& x) {
  auto& load = *x.logic->shared_load();
  load.busy_ns += options_.busy_ns;
  auto& node = *nodes_[x.node];
  report_.most_unstable_ns =
    std::max(report_.most_unstable_ns, load.busy_ns - x.busy_when_stable);
  if (!node.account() || options_.crash_odds != 0)
    return;
  if (!graph_->outputs_of(x.place.id).empty())
    replay_->note_closed(x.node, *node.account(), load.epoch, newest_epoch(),
                         supervisor_->named());
}

epoch_number simulation::newest_epoch() const {
  epoch_number result = 0;
  for (auto& node : nodes_)
    if (node)
      for (auto& [number, x] : node->hosted())
        result = std::max<epoch_number>(result, x->logic->load().epoch);
  return result;
}

void simulation::fail(simulated_instance& x, const operator_error& error) {
  if (options_.max_attempts == 0)
    throw error;
  ++report_.failures;
  partition_failure why{error.what(), true, x.logic->load().epoch + 1,
                        error.tuple()};
  nodes_[x.node]->fail(world_->number_of(x.place), std::move(why));
}

void simulation::skip_to_next_wake() {
  if (supervisor_->is_coming_back() && lead_on())
    return;
  paused_.clear();
  note_stopped();
  // Of those that nobody hears of nothing is left.
  while (!cuts_.empty())
    if (mend(0))
      return;
  if (!zombies_.empty())
    return crash_node(*zombies_.begin());
  for (auto& name : names_down())
    if (bring_back(name))
      return;
  auto next = std::min(schedule_->next_wake(), supervisor_->next_look());
  if (next == end_of_time)
    throw simulation_failure{"deadlock: nobody has anything to do\n"
                             + describe_instances()};
  clock_ = std::max(clock_, next);
  schedule_->wake_sleepers(clock_);
}

/// Of those that were started; null if none is found.
simulated_instance* simulation::random_instance() {
  auto& node = nodes_[random_.below(nodes_.size())];
  if (!node || node->hosted().empty())
    return nullptr;
  auto at = node->hosted().begin();
  std::advance(
    at, static_cast<std::ptrdiff_t>(random_.below(node->hosted().size())));
  return at->second->started ? at->second.get() : nullptr;
}

std::string simulation::describe_instances() const {
  auto& logic = supervisor_->logic();
  auto result = "  run " + to_string(logic.state()) + ", stable epoch "
                + std::to_string(logic.stable()) + ", named "
                + std::to_string(supervisor_->named())
                + (supervisor_->next_look() == end_of_time ? "" : ", owed")
                + ", generation " + std::to_string(logic.generation())
                + (logic.is_recovering() ? ", recovering" : "")
                + (supervisor_->is_coming_back() ? ", coming back" : "") + ", "
                + std::to_string(network_->busy_channels())
                + " channels busy\n";
  for (auto node : logic.awaited())
    result += "  waits for node " + std::to_string(node) + "\n";
  for (node_index node = 0; node < nodes_.size(); ++node) {
    if (!nodes_[node])
      continue;
    for (auto& [number, x] : nodes_[node]->hosted()) {
      auto& load = x->logic->load();
      result +=
        "  " + x->name + ", node " + std::to_string(node) + ", incarnation "
        + std::to_string(x->incarnation) + ": " + to_string(load.state)
        + ", processed epoch " + std::to_string(load.epoch) + ", "
        + std::to_string(load.queued_epochs) + " epochs queued, "
        + std::to_string(load.replay_bytes) + " bytes kept"
        + (x->done ? "" : ", goes on") + (x->started ? "" : ", not started")
        + (x->incarnation == logic.generation_of(x->place) ? "\n"
                                                           : ", replaced\n");
    }
  }
  return result;
}

assignment scattered(const topology& graph, std::uint32_t most_partitions,
                     random_generator& random, std::uint32_t nodes) {
  parallelism_options options;
  for (auto& node : graph.operators())
    options.by_operator[node.name] =
      static_cast<std::uint32_t>(1 + random.below(most_partitions));
  auto result = assign_evenly(graph, options, 1);
  for (auto& owners : result) {
    for (auto i = owners.table.size(); i > 1; --i)
      std::swap(owners.table[i - 1], owners.table[random.below(i)]);
    if (nodes > 1)
      for (auto& node : owners.nodes)
        node = static_cast<node_index>(random.below(nodes));
  }
  return result;
}

assignment dealt(const topology& graph, std::uint32_t partitions) {
  auto result = assign_evenly(graph, {partitions, {}}, 1);
  for (auto& owners : result)
    for (slice_id slice = 0; slice < owners.slices(); ++slice)
      owners.table[slice] = slice % owners.partitions();
  return result;
}

} // namespace braid::simulator
