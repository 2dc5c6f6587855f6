// The supervisor of a simulated run: what `topology_supervisor` is around
// `run_logic` and the journal. What it hears and says takes its time. It may
// crash: the next one knows what was written down, and is told the rest.
#pragma once

#include "tests/simulator/simulated_node.hpp"

#include "actors/checkpoint_naming.hpp"
#include "actors/run_logic.hpp"
#include "actors/run_recorder.hpp"

#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace braid::simulator {

/// What outlives a supervisor.
class simulated_journal {
public:
  void save(const saved_run& run) {
    memory_.apply(run_memory::run_record(run).bytes());
  }

  void save_stable(const run_epoch& stable) {
    memory_.apply(run_memory::stable_record(stable).bytes());
  }

  /// The only run that there is.
  const saved_run& run() const {
    return memory_.runs().front();
  }

private:
  run_memory memory_;
};

class simulated_supervisor {
public:
  simulated_supervisor(simulated_world& world, const deployment& plan,
                       std::shared_ptr<simulated_journal> journal);

  /// The next life of one that has crashed: waits for its nodes.
  simulated_supervisor(simulated_world& world,
                       std::shared_ptr<simulated_journal> journal);

  /// To be called once there are nodes.
  void begin();

  /// It waits for nodes to come back.
  bool is_coming_back() const {
    return back_.has_value();
  }

  /// Those that it waits for.
  const std::set<node_index>& awaited() const {
    return back_->awaited;
  }

  /// Who is not back by now is lost. Returns the nodes that take part anew,
  /// under the numbers that follow those of all earlier ones.
  std::vector<node_address> go_on();

  void receive(simulated_network::delivery what);

  /// A node is there that has nothing. Returns whether it takes part, under the
  /// number that follows those of all earlier ones.
  bool on_joined(const node_address& node);

  /// Slices are to change hands, or a node to be drained.
  void change(const scaling_plan& what);

  /// But not those that are about to.
  void abort_hand_overs();

  /// Asks sources for a checkpoint.
  void name_checkpoint();

  /// The same if somebody wishes for one, and it is time.
  void name_if_due();

  /// When to look whether it is.
  event_time next_look() const;

  /// The newest epoch that was named.
  epoch_number named() const {
    return newest_name_;
  }

  const run_logic& logic() const {
    return *logic_;
  }

  /// Who runs where, by the latest recovery.
  const assignment& owners() const {
    return logic_->plan().owners;
  }

private:
  struct coming_back {
    std::set<node_index> awaited;
    std::set<node_index> returned;
    std::vector<node_address> joined;
    bool started = true;
  };

  void carry_out(const run_logic::actions& actions);
  void note_recovery();
  void note_hand_over();
  void tell(const run_logic::action& action);
  void send(node_index to, message what);
  void name(epoch_number epoch);
  bool may_name() const;
  std::optional<node_index> living_node(const std::string& name) const;
  checkpoint_naming::time now() const;
  void plant_after_loss();
  void resume_early();

  void on(node_index from, const command_answer& what);
  void on(node_index from, const checkpoint_report& what);
  void on(node_index from, const partition_event& what);
  void on(node_index from, const node_lost& what);
  void on(node_index from, const link_report& what);
  void on(node_index from, const checkpoint_refusal& what);
  void on(node_index from, const hand_over_notice& what);
  void on(node_index from, const node_returned& what);
  void on(node_index from, const naming_refused& what);
  void on(node_index from, const checkpoint_wish& what);

  simulated_world* world_;
  std::unique_ptr<run_logic> logic_;
  run_recorder<simulated_journal> recorder_;
  std::optional<coming_back> back_;
  bool was_recovering_ = false;
  generation_number noted_ = 0;
  generation_number committed_ = 0;      ///< the latest hand-over that was
  std::vector<checkpoint_report> heard_; ///< for a planted bug
  checkpoint_naming naming_;
  epoch_number newest_name_ = 0; ///< with a wish
};

} // namespace braid::simulator
