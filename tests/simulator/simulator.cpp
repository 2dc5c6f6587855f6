#include "tests/simulator/simulator.hpp"

#include "tests/simulator/simulated_holder.hpp"
#include "tests/simulator/simulated_network.hpp"

#include <algorithm>
#include <utility>

namespace braid::simulator {

simulation::simulation(const topology& graph, assignment owners,
                       const partition_settings& settings, std::uint64_t seed,
                       simulation_options options)
  : graph_(&graph), owners_(std::move(owners)), settings_(settings),
    options_(std::move(options)), random_(seed) {
  std::size_t count = 0;
  for (auto& one : owners_)
    count += one.partitions();
  holder_ = std::make_unique<simulated_holder>(count);
  network_ =
    std::make_unique<simulated_network>(graph, owners_, settings.flow.in_flight,
                                        options_, random_, report_, *holder_);
  for (operator_id id = 0; id < owners_.size(); ++id)
    for (partition_index i = 0; i < owners_[id].partitions(); ++i) {
      auto index = members_.size();
      auto& name = graph.operators()[id].name;
      members_.push_back(
        {.name = "'" + name + "' " + std::to_string(i), .place = {id, i}});
      auto& made = members_.back();
      made.logic = make(index, {});
      if (settings.checkpoints.taken)
        holder_->put(index, made.logic->checkpoint());
      ready_.push_back(index);
      if (options_.slow.contains(name))
        made.slowness = options_.slowness;
      else if (options_.uneven && random_.below(8) == 0)
        made.slowness = random_.below(2) == 0 ? 10 : 100;
    }
}

std::unique_ptr<partition> simulation::make(std::size_t index,
                                            const restoring& restored) {
  auto settings = settings_;
  if (restored.generation != 0 && settings.checkpoints.hold_cuts)
    settings.cuts.known = std::make_shared<recorded_cuts>(*options_.held_cuts);
  return make_partition(
    *graph_, owners_, members_[index].place, settings,
    {network_->outbox_of(index), [this, index] { make_ready(index); }},
    restored);
}

simulation::~simulation() = default;

simulation_report simulation::run() {
  while (network_->busy_channels() > 0
         || !std::all_of(members_.begin(), members_.end(),
                         [](auto& x) { return x.done; }))
    turn();
  report_.stable = holder_->stable();
  report_.duration = clock_ - beginning;
  return report_;
}

void simulation::turn() {
  if (++report_.turns > options_.most_turns)
    throw simulation_failure{"not done after "
                             + std::to_string(options_.most_turns) + " turns\n"
                             + describe_members()};
  clock_ += options_.turn_length;
  if (clock_ >= next_wake_)
    wake_sleepers();
  if (options_.crash_odds != 0) {
    if (random_.below(options_.crash_odds) == 0)
      crash_some();
    if (!down_.empty() && random_.below(200) == 0)
      recover();
    if (random_.below(20) == 0)
      trim_to_stable();
  }
  auto channels = network_->busy_channels();
  auto choices = channels + ready_.size();
  if (choices == 0)
    return skip_to_next_wake();
  // Now and then somebody is asked who has nothing new.
  auto choice = random_.below(choices + 1);
  if (choice < channels)
    deliver(choice);
  else if (choice < choices)
    step(ready_[choice - channels]);
  else if (random_.below(16) == 0)
    step(random_.below(members_.size()));
}

void simulation::deliver(std::size_t channel) {
  if (random_.below(network_->slowness_of(channel)) != 0)
    return;
  auto receiver = network_->receiver_of(channel);
  if (!receiver)
    return network_->deliver(channel, nullptr);
  network_->deliver(channel, members_[*receiver].logic.get());
  make_ready(*receiver);
}

void simulation::step(std::size_t index) {
  auto& member = members_[index];
  if (!member.logic || random_.below(member.slowness) != 0)
    return;
  auto result = member.logic->step(clock_);
  member.done = result.done;
  if (result.worked)
    return make_ready(index);
  if (result.wake_at && *result.wake_at <= clock_ && !result.done)
    throw simulation_failure{member.name
                             + " did nothing, but wants to be called again at "
                               "once: it would spin\n"
                             + describe_members()};
  if (member.ready) {
    member.ready = false;
    ready_.erase(std::find(ready_.begin(), ready_.end(), index));
  }
  member.wake_at = result.wake_at;
  if (result.wake_at)
    next_wake_ = std::min(next_wake_, *result.wake_at);
}

/// One to three partitions at once, as if they shared a node.
void simulation::crash_some() {
  for (auto many = 1 + random_.below(3); many > 0; --many) {
    auto index = random_.below(members_.size());
    auto& member = members_[index];
    if (!member.logic || report_.crashes == options_.most_crashes)
      continue;
    ++report_.crashes;
    member.logic.reset();
    member.done = false;
    member.wake_at.reset();
    if (std::exchange(member.ready, false))
      ready_.erase(std::find(ready_.begin(), ready_.end(), index));
    down_.push_back(index);
  }
}

/// Restores all that are down as of the stable epoch, and tells the others.
void simulation::recover() {
  ++generation_;
  for (auto index : down_) {
    network_->restart(index);
    holder_->forget_beyond_stable(index);
  }
  for (auto index : down_)
    members_[index].logic =
      make(index, {generation_, holder_->at_stable(index).get()});
  for (auto index : std::exchange(down_, {})) {
    members_[index].logic->ask_for_replay();
    make_ready(index);
    announce(index);
  }
}

/// Tells whoever is downstream that its channel begins anew.
void simulation::announce(std::size_t index) {
  auto& place = members_[index].place;
  for (auto& edge : graph_->outputs_of(place.id))
    for (partition_index i = 0; i < owners_[edge.to].partitions(); ++i)
      network_->send_renewal(network_->partition_at(edge.to, i), edge.id,
                             place.index, generation_);
}

void simulation::trim_to_stable() {
  if (!holder_->advance())
    return;
  for (std::size_t i = 0; i < members_.size(); ++i)
    network_->send_stable(i, holder_->stable());
}

void simulation::make_ready(std::size_t index) {
  if (members_[index].ready || !members_[index].logic)
    return;
  members_[index].ready = true;
  ready_.push_back(index);
}

void simulation::wake_sleepers() {
  next_wake_ = end_of_time;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    auto& at = members_[i].wake_at;
    if (!at)
      continue;
    if (*at <= clock_) {
      at.reset();
      make_ready(i);
    } else {
      next_wake_ = std::min(next_wake_, *at);
    }
  }
}

void simulation::skip_to_next_wake() {
  if (!down_.empty())
    return recover();
  if (next_wake_ == end_of_time)
    throw simulation_failure{"deadlock: nobody has anything to do\n"
                             + describe_members()};
  clock_ = std::max(clock_, next_wake_);
  wake_sleepers();
}

std::string simulation::describe_members() const {
  std::string result;
  for (auto& member : members_) {
    if (!member.logic) {
      result += "  " + member.name + ": down\n";
      continue;
    }
    auto& load = member.logic->load();
    result += "  " + member.name + ": " + to_string(load.state)
              + ", processed epoch " + std::to_string(load.epoch) + ", "
              + std::to_string(load.queued_epochs) + " epochs queued\n";
  }
  return result;
}

assignment scattered(const topology& graph, std::uint32_t most_partitions,
                     random_generator& random) {
  parallelism_options options;
  for (auto& node : graph.operators())
    options.by_operator[node.name] =
      static_cast<std::uint32_t>(1 + random.below(most_partitions));
  auto result = assign_evenly(graph, options, 1);
  for (auto& owners : result)
    for (auto i = owners.table.size(); i > 1; --i)
      std::swap(owners.table[i - 1], owners.table[random.below(i)]);
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
