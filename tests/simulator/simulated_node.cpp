#include "tests/simulator/simulated_node.hpp"

#include "tests/simulator/encoded_batch.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace braid::simulator {

namespace {

constexpr run_id run = 1;

std::uint64_t part_bytes(const simulated_world& world) {
  return world.options->small_parts ? 200 : max_part_bytes;
}

checkpoint_sender::settings sending(const simulated_world& world) {
  return {part_bytes(world), 4 * part_bytes(world)};
}

/// Says that nothing changed in slices that did.
void forget_changes(partition_checkpoint& checkpoint) {
  for (auto& [slice, base] : checkpoint.bases)
    checkpoint.slices[slice] = {};
}

} // namespace

lost_partition lost_one(const assignment& owners, const partition_place& place,
                        incarnation_number successor) {
  return {place, hosted_slices{owners[place.id].table, place.index}.ids(),
          successor};
}

/// Where one instance's messages go.
class simulated_node::instance_outbox final : public outbox {
public:
  instance_outbox(simulated_node& node, simulated_instance& instance)
    : node_(&node), instance_(&instance) {}

  void send_batch(const batch_target& to, batch_ptr tuples) override {
    auto& world = node_->world();
    auto& edge = world.graph->edges()[to.edge];
    auto from = instance_->place.index;
    if (!world.probe) {
      world.flights->note_sent(from, to, tuples->size(), node_->stable());
      world.replay->note_sent(instance_->node, to.epoch, tuples->bytes());
    }
    if (world.random->below(100) < world.options->encoded_percent) {
      tuples = encoded_and_decoded(*tuples, edge.decode);
      ++world.report->encoded_batches;
    }
    node_->send_data(*instance_, edge.to, to.to,
                     batch_message{{to.edge, from, to.generation, to.epoch},
                                   std::move(tuples)});
  }

  void send_close(const close_notice& notice,
                  std::span<const close_receiver> receivers) override {
    auto& world = node_->world();
    if (!world.probe && notice.first > notice.last)
      throw simulation_failure{instance_->name
                               + " cannot send epochs again that are trimmed"};
    node_->note_seen(*instance_, notice.last);
    // About what a close takes in a buffer.
    constexpr std::uint64_t close_bytes = 100;
    for (auto& receiver : receivers) {
      if (!world.probe)
        world.replay->note_sent(instance_->node, notice.first, close_bytes);
      if (!world.probe && !notice.handed_over)
        world.flights->note_sent(
          instance_->place.index,
          {notice.edge, receiver.to, receiver.generation, notice.last}, 0,
          node_->stable());
      auto copy = notice;
      copy.generation = receiver.generation;
      copy.tuples = receiver.tuples;
      node_->send_data(*instance_, world.graph->edges()[notice.edge].to,
                       receiver.to, std::move(copy));
    }
  }

  void send_credit(const credit_notice& notice) override {
    auto& world = node_->world();
    auto sent = notice;
    if (world.has(planted_bug::sources_not_held))
      sent.replay_full = false;
    auto hidden = instance_->hidden.find({notice.edge, notice.to});
    if (hidden != instance_->hidden.end())
      sent.generation = hidden->second;
    world.flights->note_finished(sent);
    if (!world.options->lose_credits)
      node_->send_data(*instance_, world.graph->edges()[notice.edge].from,
                       notice.to, sent);
  }

  void send_checkpoint(partition_checkpoint&& checkpoint) override {
    node_->back_up(*instance_, std::move(checkpoint));
  }

  lost_copies take_lost_copies() override {
    return instance_->checkpoints.take_lost();
  }

  void leave_out_checkpoint(epoch_number epoch) override {
    node_->leave_out(epoch);
  }

  void send_cuts(cut_notice&& cuts) override {
    node_->keep_cuts(*instance_, cuts);
  }

  void ask_for_checkpoint(epoch_number epoch) override {
    node_->wish_checkpoint(epoch);
  }

  void tell_caught_up() override {
    node_->tell_caught_up(*instance_);
  }

private:
  simulated_node* node_;
  simulated_instance* instance_;
};

simulated_node::simulated_node(simulated_world& world, node_index own,
                               std::string name)
  : world_(&world), own_(own), name_(std::move(name)),
    led_by_(world.network->supervisor_life()),
    held_(name_, {}, part_bytes(world)) {
  if (world.options->replay_limit == 0)
    return;
  account_ = std::make_shared<replay_account>(world.options->replay_limit);
  account_->on_room([this] {
    world_->replay->note_room(own_);
    if (!world_->has(planted_bug::room_not_told))
      send(own_, replay_room{});
  });
}

simulated_node::~simulated_node() {
  for (auto& [number, x] : hosted_)
    world_->schedule->remove(*x);
}

simulated_instance&
simulated_node::make(const partition_place& place, const restoring& restored,
                     std::shared_ptr<const recorded_cuts> known) {
  auto& world = *world_;
  auto number = world.number_of(place);
  drop(number);
  auto& name = world.graph->operators()[place.id].name;
  auto made = std::make_unique<simulated_instance>(
    simulated_instance{place,
                       own_,
                       restored.generation,
                       "'" + name + "' " + std::to_string(place.index),
                       nullptr,
                       nullptr,
                       {run, place, restored.generation, sending(world)},
                       {run, place, restored.generation, {}}});
  auto& x = *made;
  x.out = std::make_unique<instance_outbox>(*this, x);
  auto settings = *world.settings;
  settings.cuts.known = std::move(known);
  settings.checkpoints = checkpoints_of(place);
  x.logic = make_partition(
    *world.graph, owners_for(*plan_, place), place, settings,
    {*x.out, [&x, schedule = world.schedule] { schedule->make_ready(x); }},
    restored);
  if (world.options->slow.contains(name))
    x.slowness = world.options->slowness;
  else if (world.options->uneven && world.random->below(8) == 0)
    x.slowness = world.random->below(2) == 0 ? 10 : 100;
  hosted_[number] = std::move(made);
  return x;
}

checkpoint_settings
simulated_node::checkpoints_of(const partition_place& place) const {
  auto& world = *world_;
  auto result = world.settings->checkpoints;
  auto is_source =
    world.graph->operators()[place.id].kind == operator_kind::source;
  if (!is_source || !world.has(planted_bug::sources_not_held))
    result.account = account_;
  result.later = result.taken;
  if (!plan_->checkpoints) {
    result.taken = result.hold_cuts = false;
    result.every = 0;
  }
  return result;
}

void simulated_node::drop(std::size_t partition) {
  auto found = hosted_.find(partition);
  if (found == hosted_.end())
    return;
  world_->schedule->remove(*found->second);
  hosted_.erase(found);
}

void simulated_node::fail(std::size_t partition, partition_failure why) {
  auto& x = *hosted_.at(partition);
  tell_supervisor(partition_event{run, x.place.id, x.place.index, x.incarnation,
                                  true, std::move(why)});
  drop(partition);
}

void simulated_node::note_done(simulated_instance& x) {
  x.done = true;
  tell_supervisor(
    partition_event{run, x.place.id, x.place.index, x.incarnation, false, {}});
}

simulated_instance* simulated_node::find(std::size_t partition) const {
  auto found = hosted_.find(partition);
  return found == hosted_.end() ? nullptr : found->second.get();
}

simulated_instance* simulated_node::find(const partition_place& place,
                                         incarnation_number incarnation) const {
  auto* result = find(world_->number_of(place));
  return result && result->incarnation == incarnation ? result : nullptr;
}

// -- sending ------------------------------------------------------------------

void simulated_node::send(node_index to, message what) {
  world_->network->send({own_}, {to}, std::move(what));
}

void simulated_node::tell_supervisor(message what) {
  if (auto* report = std::get_if<checkpoint_report>(&what))
    told_.add(*report);
  if (auto* event = std::get_if<partition_event>(&what))
    told_.add(*event);
  auto* broken = std::get_if<link_report>(&what);
  if (broken && !follows())
    told_.add(*broken);
  if (follows())
    world_->network->send({own_}, {at_supervisor}, std::move(what));
}

void simulated_node::send_data(const simulated_instance& from, operator_id to,
                               partition_index index, message what) {
  if (world_->probe)
    return world_->probe(what);
  world_->network->send(
    {own_, world_->number_of(from.place)},
    {owners_[to].nodes[index], world_->number_of({to, index})},
    std::move(what));
}

backup_holders simulated_node::holders_of(const partition_place& place) const {
  return {own_,
          upstream_nodes(*world_->graph, owners_, place.id, place.index),
          {routed_alive_.begin(), routed_alive_.end()},
          world_->options->replicas,
          plan_->is_leaving(place)};
}

std::vector<node_index>
simulated_node::cut_holders_of(const partition_place& place) const {
  return cut_holders(holders_of(place), place);
}

void simulated_node::back_up(simulated_instance& from,
                             partition_checkpoint checkpoint) {
  auto& newest = world_->newest_checkpoint;
  newest = std::max(newest, checkpoint.epoch);
  from.busy_at.emplace(checkpoint.epoch, from.logic->load().busy_ns);
  if (!world_->backs_up())
    return;
  if (world_->has(planted_bug::changes_forgotten))
    forget_changes(checkpoint);
  auto holders = holders_of(from.place);
  if (cut_holders(holders, from.place).empty())
    return keep_here(from, std::move(checkpoint));
  from.checkpoints.begin(std::move(checkpoint), holders);
  send_parts(from);
}

/// Nobody lives who could survive this node.
void simulated_node::keep_here(simulated_instance& from,
                               partition_checkpoint checkpoint) {
  auto ahead = checkpoint.ahead;
  checkpoint_sender::completion done{checkpoint.epoch, checkpoint.ended};
  held_.put(
    {run, from.place, from.incarnation, 0, !ahead, std::move(checkpoint)});
  if (!ahead)
    report_backed_up(from, done);
}

void simulated_node::report_backed_up(
  simulated_instance& from, const checkpoint_sender::completion& what) {
  // Any figure will do, so that partitions go to any node.
  from.told_busy_ns += world_->random->below(1'000);
  tell_supervisor(checkpoint_report{run, from.place, from.incarnation,
                                    what.epoch, what.ended, from.told_busy_ns,
                                    what.bytes});
}

void simulated_node::send_parts(simulated_instance& from) {
  for (auto& each : from.checkpoints.take_messages())
    send(each.to, std::move(each.backup));
}

void simulated_node::leave_out(epoch_number epoch) {
  tell_supervisor(naming_refused{epoch, 0});
}

void simulated_node::wish_checkpoint(epoch_number epoch) {
  ++world_->report->wishes;
  tell_supervisor(checkpoint_wish{run, epoch});
}

void simulated_node::tell_caught_up(const simulated_instance& x) {
  tell_supervisor(hand_over_notice{run, x.place, x.incarnation, 0});
}

void simulated_node::keep_cuts(simulated_instance& from,
                               const cut_notice& cuts) {
  note_told(from, cuts);
  send_cuts(from.cuts.begin(cuts));
  from.last_cut = cuts.last;
  // The instance before this one had cut the epoch already.
  if (cuts.last <= from.cuts.held()
      || world_->has(planted_bug::closes_not_held))
    tell_held(from, cuts.last);
  note_if_alone(from);
}

/// Not at once: it may be amidst a step.
void simulated_node::tell_held(const simulated_instance& x,
                               epoch_number epoch) {
  endpoint self{own_, world_->number_of(x.place)};
  world_->network->send(self, self, cuts_held{epoch});
}

void simulated_node::note_told(simulated_instance& from,
                               const cut_notice& cuts) {
  for (auto epoch = cuts.first; epoch <= cuts.last; ++epoch)
    if (epoch > from.seen)
      from.told.emplace(epoch, cuts.cuts);
}

/// Nobody needs to wait for others where there are none.
void simulated_node::note_if_alone(const simulated_instance& x) {
  if (x.last_cut > x.cuts.held() && cut_holders_of(x.place).empty())
    tell_held(x, x.last_cut);
}

void simulated_node::send_cuts(
  const std::vector<cut_sender::message>& messages) {
  for (auto& each : messages)
    send(each.to, each.cuts);
}

/// Tells partitions here where all others are, and which nodes there are.
void simulated_node::route() {
  owners_ = plan_->owners;
  routed_alive_ = alive_;
  for (auto& [number, x] : hosted_) {
    x->checkpoints.set_holders(holders_of(x->place));
    auto changed = x->cuts.set_holders(cut_holders_of(x->place));
    send_cuts(changed.messages);
    note_held(*x, changed.held);
    note_if_alone(*x);
    x->logic->on_placement(owners_, plan_->hand_overs);
    world_->schedule->make_ready(*x);
    // The copy of its end may be gone with a holder, and there is no later one.
    if (x->done && plan_->checkpoints && world_->settings->checkpoints.taken)
      back_up(*x, x->logic->checkpoint());
  }
}

void simulated_node::note_held(simulated_instance& x,
                               std::optional<epoch_number> held) {
  if (!held)
    return;
  x.logic->on_cuts_held(*held);
  world_->schedule->make_ready(x);
}

void simulated_node::note_seen(simulated_instance& x, epoch_number epoch) {
  auto end = x.told.upper_bound(epoch);
  auto& source = world_->graph->operators()[x.place.id].name;
  for (auto at = x.told.begin(); at != end; ++at)
    world_->options->held_cuts->add(source, at->first, at->second);
  x.told.erase(x.told.begin(), end);
  x.seen = std::max(x.seen, epoch);
}

bool simulated_node::cuts_are_held() const {
  return std::all_of(hosted_.begin(), hosted_.end(), [&](auto& each) {
    auto& cuts = each.second->cuts;
    if (cuts.held() < each.second->known_cuts)
      return false;
    // What was closed while there was nobody else counts as well.
    auto visible = std::max(cuts.held(), each.second->seen);
    for (auto holder : cut_holders_of(each.second->place))
      for (auto& missing : cuts.unconfirmed(holder))
        if (missing.cuts.first <= visible)
          return false;
    return true;
  });
}

} // namespace braid::simulator
