#include "tests/simulator/hand_over_run.hpp"

#include "tests/simulator/random_change.hpp"
#include "tests/simulator/simulator.hpp"

#include <algorithm>

namespace braid::simulator {

namespace {

constexpr node_index nodes_at_first = 3;

deployment plan_for(assignment owners) {
  deployment plan;
  plan.run = 1;
  plan.name = "run";
  plan.owners = std::move(owners);
  for (node_index node = 0; node < nodes_at_first; ++node)
    plan.nodes.push_back({"node" + std::to_string(node), 1, "", 0});
  return plan;
}

} // namespace

/// To partitions by queues, to holders and the supervisor at once.
class hand_over_run::sender final : public outbox {
public:
  sender(hand_over_run& owner, partition_place self,
         generation_number generation)
    : run_(&owner), self_(self), generation_(generation) {}

  void send_batch(const batch_target& to, batch_ptr tuples) override {
    batch_origin from{to.edge, self_.index, to.generation, to.epoch};
    run_->send(
      self_, {run_->graph_->edges()[to.edge].to, to.to}, to.generation,
      [from, tuples](partition& logic) { logic.on_batch(from, tuples); });
  }

  void send_close(const close_notice& notice,
                  std::span<const close_receiver> receivers) override {
    for (auto& receiver : receivers) {
      auto addressed = notice;
      addressed.generation = receiver.generation;
      addressed.tuples = receiver.tuples;
      run_->send(self_, {run_->graph_->edges()[notice.edge].to, receiver.to},
                 receiver.generation,
                 [addressed](partition& logic) { logic.on_close(addressed); });
    }
  }

  void send_credit(const credit_notice& notice) override {
    run_->send(self_, {run_->graph_->edges()[notice.edge].from, notice.to},
               notice.generation,
               [notice](partition& logic) { logic.on_credit(notice); });
  }

  void send_checkpoint(partition_checkpoint&& checkpoint) override {
    checkpoint_report report{
      1, self_, generation_, checkpoint.epoch, checkpoint.ended, 0};
    auto ahead = checkpoint.ahead;
    lost_copies all{{}, true};
    for (auto& [slice, content] : checkpoint.slices)
      all.slices.push_back(slice);
    auto receipt = run_->held_.put(
      {1, self_, generation_, ++parts_, !ahead, std::move(checkpoint)});
    auto kept = receipt.result == put_result::stored
                || receipt.result == put_result::known;
    // Who is far behind may find that what it sent was dropped.
    if (!kept)
      lost_ = std::move(all);
    else if (!ahead) {
      run_->told_.push_back(report);
      run_->tell_supervisor([run = run_, report] {
        run->carry_out(run->logic_->on_checkpoint(report));
      });
    }
  }

  lost_copies take_lost_copies() override {
    return std::exchange(lost_, {});
  }

  void tell_caught_up() override {
    run_->tell_supervisor([run = run_, place = self_, g = generation_] {
      run->carry_out(run->logic_->on_caught_up(place, g));
    });
  }

private:
  hand_over_run* run_;
  partition_place self_;
  generation_number generation_;
  std::uint32_t parts_ = 0;
  lost_copies lost_;
};

hand_over_run::hand_over_run(const topology& graph, assignment owners,
                             settings how, std::uint64_t seed)
  : graph_(&graph), how_(std::move(how)), random_(seed),
    logic_(std::make_unique<run_logic>(plan_for(std::move(owners)))),
    drains_(graph, report_.drains,
            [this](node_index node) { return runs_on(node); }) {
  for (node_index node = 0; node < nodes_at_first; ++node)
    for (auto& place : places_on(node))
      make(logic_->plan(), place, {});
}

hand_over_run::~hand_over_run() = default;

std::vector<partition_place> hand_over_run::places_on(node_index node) const {
  std::vector<partition_place> result;
  auto& owners = logic_->plan().owners;
  for (operator_id id = 0; id < owners.size(); ++id)
    for (partition_index i = 0; i < owners[id].partitions(); ++i)
      if (owners[id].nodes[i] == node && logic_->plan().has({id, i}))
        result.push_back({id, i});
  return result;
}

void hand_over_run::make(const deployment& plan, const partition_place& place,
                         const restoring& from) {
  auto& made = instances_[place];
  made = {};
  made.node = plan.owners[place.id].nodes[place.index];
  made.generation = from.generation;
  made.out = std::make_unique<sender>(*this, place, from.generation);
  made.logic = make_partition(*graph_, owners_for(plan, place), place,
                              how_.partitions, {*made.out, [] {}}, from);
}

// -- messages -----------------------------------------------------------------

void hand_over_run::send(const partition_place& from, const partition_place& to,
                         generation_number generation,
                         std::function<void(partition&)> what) {
  auto one = node_of(from);
  auto other = node_of(to);
  auto broken = void_.find(std::minmax(one, other));
  if (broken != void_.end() && generation <= broken->second)
    return;
  // To an instance: whoever follows at the place does not get it.
  auto found = instances_.find(to);
  auto life = found == instances_.end() ? 0 : found->second.generation;
  network_[{from, to}].push_back([=, this] {
    auto at = instances_.find(to);
    if (at != instances_.end() && at->second.generation == life)
      what(*at->second.logic);
  });
}

void hand_over_run::tell_supervisor(delivery what) {
  reports_.push_back(std::move(what));
}

void hand_over_run::deliver_one() {
  auto at = random_.below(network_.size() + 1);
  if (at == network_.size()) {
    if (reports_.empty())
      return;
    auto what = std::move(reports_.front());
    reports_.pop_front();
    return what();
  }
  auto found = network_.begin();
  std::advance(found, at);
  auto what = std::move(found->second.front());
  found->second.pop_front();
  if (found->second.empty())
    network_.erase(found);
  what();
}

// -- commands -----------------------------------------------------------------

void hand_over_run::carry_out(const run_logic::actions& actions) {
  for (auto& action : actions)
    carry_out(action);
}

void hand_over_run::carry_out(const run_logic::action& action) {
  auto node = action.node;
  auto generation = logic_->generation();
  auto& queue = commands_[node];
  switch (action.what) {
    case run_logic::command::deploy:
      queue.push_back([=, this] { carry_out(logic_->on_deployed(node)); });
      break;
    case run_logic::command::start:
      queue.push_back([=, this] {
        for (auto& place : places_on(node))
          instances_.at(place).may_step = true;
        carry_out(logic_->on_started(node));
      });
      break;
    case run_logic::command::recover:
      queue.push_back([=, this, what = logic_->current_recovery()] {
        recover(what, node);
        carry_out(logic_->on_recovered(node, generation));
      });
      break;
    case run_logic::command::resume:
      queue.push_back([=, this, what = logic_->current_resumption()] {
        resume(what, node);
        carry_out(logic_->on_resumed(node, generation));
      });
      break;
    case run_logic::command::stable:
      queue.push_back([=, this, epoch = logic_->stable()] {
        held_.stable(1, epoch);
        for (auto& [place, x] : instances_)
          if (x.node == node)
            x.logic->on_stable(epoch);
      });
      break;
    case run_logic::command::stop_origins:
      queue.push_back([=, this] { stop_origins(node); });
      break;
    case run_logic::command::adopt:
      queue.push_back([=, this, plan = logic_->plan()] {
        place(node, plan);
        carry_out(logic_->on_adopted(node, generation));
      });
      break;
    case run_logic::command::stop:
      complete_ = logic_->state() == run_state::complete;
      if (!complete_)
        throw simulation_failure{"the run ended: " + logic_->reason()};
      break;
  }
}

void hand_over_run::recover(const recovery& what, node_index node) {
  place(node, what.plan);
  if (what.generation == logic_->generation())
    held_.forget_shadows(1);
  for (auto& lost : what.lost)
    held_.fence(1, lost, what.stable);
  // What begins again elsewhere may live.
  for (auto& lost : what.lost)
    std::erase_if(instances_, [&](auto& each) {
      return each.first == lost.place && each.second.node == node;
    });
  for (auto& lost : what.lost) {
    if (what.plan.owners[lost.place.id].nodes[lost.place.index] != node)
      continue;
    recovery_collector collector{1, lost, what.stable, {"holder"}};
    for (auto& part : held_.parts_of(1, lost, what.stable).parts)
      collector.on_part(part);
    // One holder stands for all: it may be ahead of who is told late of what
    // was taken back.
    if (what.generation != logic_->generation())
      continue;
    if (!collector.problem().empty())
      throw simulation_failure{collector.problem()};
    auto checkpoint = collector.take_checkpoint();
    std::vector<slice_id> held;
    for (auto& [slice, holders] : collector.held_by())
      held.push_back(slice);
    make(what.plan, lost.place,
         {what.generation,
          checkpoint ? &*checkpoint : nullptr,
          false,
          {},
          lost.shadow,
          std::move(held)});
    instances_.at(lost.place)
      .logic->on_placement(what.plan.owners, what.plan.hand_overs);
  }
}

void hand_over_run::place(node_index node, const deployment& plan) {
  std::erase_if(instances_, [&](auto& each) {
    return !plan.keeps(each.first) && each.second.node == node;
  });
  for (auto& [at, x] : instances_)
    if (x.node == node)
      x.logic->on_placement(plan.owners, plan.hand_overs);
}

void hand_over_run::resume(const resumption& what, node_index node) {
  for (auto& [at, x] : instances_) {
    if (x.node != node)
      continue;
    auto listed = std::find(what.restored.begin(), what.restored.end(), at)
                  != what.restored.end();
    auto restored = x.generation == what.generation;
    if (restored || listed) {
      x.may_step = true;
      x.logic->ask_for_replay();
    }
    if (restored)
      continue;
    auto is_reconnected = [&](node_index other) {
      return std::any_of(
        what.reconnected.begin(), what.reconnected.end(), [&](auto& pair) {
          return pair
                 == std::pair{std::min(node, other), std::max(node, other)};
        });
    };
    for (auto& edge : graph_->inputs_of(at.id)) {
      for (auto& anew : what.restored)
        if (anew.id == edge.from)
          x.logic->renew_channel(edge.id, anew.index, what.generation);
      auto& upstream = logic_->plan().owners[edge.from].nodes;
      for (partition_index from = 0; from < upstream.size(); ++from)
        if (is_reconnected(upstream[from]))
          x.logic->renew_channel(edge.id, from, what.generation);
    }
  }
}

void hand_over_run::stop_origins(node_index node) {
  for (auto& what : logic_->plan().hand_overs)
    for (auto origin : what.origins) {
      partition_place place{what.of, origin};
      if (node_of(place) != node)
        continue;
      auto begin = instances_.at(place).logic->stop_for_successors();
      tell_supervisor([=, this, g = what.generation] {
        carry_out(logic_->on_origins_stopped(g, {{place, begin}}));
      });
    }
}

// -- turns --------------------------------------------------------------------

void hand_over_run::step(const partition_place& place, instance& x) {
  if (!x.may_step)
    return;
  auto done = x.logic->step(clock_).done;
  if (done && !std::exchange(x.done, true))
    tell_supervisor([=, this, g = x.generation] {
      carry_out(logic_->on_partition_done(place, g));
    });
}

/// Somebody wants it otherwise, or what is under way comes to nothing.
void hand_over_run::disturb() {
  if (how_.abort_odds != 0 && random_.below(how_.abort_odds) == 0
      && (logic_->phase() != run_logic::hand_over_phase::none
          || logic_->hand_overs_waiting() > 0)) {
    auto before = logic_->generation();
    drains_.on_end(*logic_);
    carry_out(logic_->abort_hand_overs("somebody thought better of it"));
    report_.aborted += logic_->generation() != before;
  }
  if (report_.begun == how_.most_hand_overs
      || random_.below(how_.hand_over_odds) != 0 || !takes_orders(*logic_))
    return;
  auto wanted = random_change(*graph_, *logic_, random_);
  for (auto& plan : wanted.hand_overs)
    report_.joined += plan.origins.size() > 1;
  report_.begun += !wanted.moves_nothing();
  carry_out(logic_->change(wanted));
  drains_.on_order(wanted, *logic_);
}

void hand_over_run::note_progress() {
  drains_.look(*logic_);
  if (logic_->phase() != run_logic::hand_over_phase::adopting
      || logic_->generation() == committed_generation_)
    return;
  committed_generation_ = logic_->generation();
  ++report_.committed;
}

void hand_over_run::turn() {
  clock_ += 20;
  switch (random_.below(4)) {
    case 0: {
      auto all = workers();
      auto& queue = commands_[all[random_.below(all.size())]];
      if (queue.empty())
        break;
      auto what = std::move(queue.front());
      queue.pop_front();
      what();
      break;
    }
    case 1: {
      if (instances_.empty())
        break;
      auto found = instances_.begin();
      std::advance(found, random_.below(instances_.size()));
      step(found->first, found->second);
      break;
    }
    default:
      deliver_one();
  }
  disturb();
  lose_something();
  note_progress();
}

hand_over_run::report hand_over_run::run() {
  carry_out(logic_->begin());
  while (!complete_) {
    if (++report_.turns > how_.most_turns)
      throw simulation_failure{"it does not come to an end: " + describe()};
    turn();
  }
  return report_;
}

std::string hand_over_run::describe() const {
  std::string result =
    "stable epoch " + std::to_string(logic_->stable()) + ", phase "
    + std::to_string(static_cast<int>(logic_->phase())) + ";";
  for (auto& [at, x] : instances_)
    result += " " + graph_->operators()[at.id].name + "/"
              + std::to_string(at.index) + " "
              + to_string(x.logic->load().state) + " "
              + std::to_string(x.logic->load().epoch) + " with "
              + std::to_string(x.logic->load().queued_epochs) + ";";
  for (operator_id id = 0; id < graph_->operators().size(); ++id)
    if (logic_->count_done(id) < logic_->count_hosts(id))
      result += " not done: " + graph_->operators()[id].name + ";";
  result += " " + std::to_string(report_.begun) + " begun, "
            + std::to_string(report_.aborted) + " aborted";
  return result;
}

} // namespace braid::simulator
