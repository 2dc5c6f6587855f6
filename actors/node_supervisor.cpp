#include "actors/node_supervisor.hpp"

#include "actors/log.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <fstream>
#include <thread>
#include <unistd.h>

namespace braid {

namespace {

using clock_type = membership::clock;

control_reply ok() {
  return {};
}

std::uint64_t resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

address address_of(const std::string& text) {
  auto colon = text.rfind(':');
  return {text.substr(0, colon),
          static_cast<std::uint16_t>(std::stoul(text.substr(colon + 1)))};
}

} // namespace

// -- membership ---------------------------------------------------------------

node_report node_supervisor_state::own_report() const {
  node_report result;
  auto& settings = parts.settings;
  result.name = settings.name;
  result.incarnation = parts.incarnation;
  result.supervisor = settings.supervisor;
  result.control = to_string(settings.control);
  result.data = to_string(settings.data);
  result.http = to_string(settings.http);
  result.process = static_cast<std::uint64_t>(getpid());
  result.cores = std::max(1u, std::thread::hardware_concurrency());
  result.memory_bytes = resident_bytes();
  result.actor = self->id();
  result.holder_actor = holder.id();
  result.backup_bytes = *held_bytes;
  result.topologies = parts.registry->names();
  result.partitions = local->report();
  return result;
}

introduction node_supervisor_state::introduce() const {
  introduction result;
  result.self = own_report();
  result.data_host = parts.settings.data.host;
  result.data_port = parts.settings.data.port;
  result.most_partitions = parts.settings.most_partitions;
  if (auto* known = members.find(supervising))
    result.supervising = known->who.self.control;
  result.runs = local->all();
  result.keeps_journal = parts.journal != nullptr;
  return result;
}

void node_supervisor_state::connect(const address& where) {
  if (where == parts.settings.control) {
    parts.dial->settle(where);
    return;
  }
  auto middleman = self->system().middleman().actor_handle();
  caf::duration limit{parts.settings.connect_limit};
  self
    ->request(middleman, limit, caf::connect_atom::value, where.host,
              where.port)
    .then(
      [=, this](caf::node_id&, caf::strong_actor_ptr& who,
                std::set<std::string>&) {
        if (who)
          greet(caf::actor_cast<caf::actor>(who), where);
      },
      [=](const caf::error&) {
        // The dialer tries again.
      });
}

void node_supervisor_state::greet(const caf::actor& stranger,
                                  const address& where) {
  caf::duration limit{parts.settings.request_limit};
  self->request(stranger, limit, request_of(request_kind::hello, introduce()))
    .then(
      [=, this](const control_reply& reply) {
        auto error = reply.error;
        if (error.empty())
          error = meet(from_body<introduction>(reply.body), stranger);
        if (!error.empty())
          log("node")->error("cannot join the node at {}: {}", to_string(where),
                             error);
        parts.dial->settle(where);
      },
      [=](const caf::error&) {
        // The dialer tries again.
      });
}

/// Returns what is wrong, or nothing.
std::string node_supervisor_state::meet(const introduction& who,
                                        const caf::actor& handle) {
  auto& node = who.self.name;
  if (node == parts.settings.name)
    return "both nodes are named '" + node + "'; set node.name in one of them";
  auto* known = members.find(node);
  auto was_lost = known && known->lost;
  auto anew =
    !known || was_lost || known->who.self.incarnation != who.self.incarnation;
  if (known && !known->lost
      && known->who.self.incarnation < who.self.incarnation)
    lose(node, "it was started again");
  if (!members.join(who, clock_type::now()))
    return "a newer life of node '" + node + "' is known";
  if (anew)
    log("node")->info("met {} at {}{}", node, who.self.control,
                      who.self.supervisor ? ", which supervises" : "");
  if (was_lost && parts.settings.supervisor)
    self->send(handle, control_request{request_kind::abandon, {}});
  if (parts.settings.supervisor)
    stop_forgotten(who, handle);
  // After a reconnect the handle looks the same, but only the new one works.
  peers[node] = handle;
  self->monitor(handle);
  parts.dial->settle(address_of(who.self.control));
  if (anew)
    offer(who);
  if (who.self.supervisor && parts.settings.supervisor)
    log("node")->warn("{} supervises as well; set node.supervisor = false in "
                      "all nodes but one",
                      node);
  else if (who.self.supervisor)
    follow(who);
  else if (!who.supervising.empty() && !parts.settings.supervisor
           && supervising.empty())
    parts.dial->look_for(address_of(who.supervising));
  return {};
}

void node_supervisor_state::lose(const std::string& node,
                                 const std::string& reason) {
  auto* known = members.find(node);
  if (!known || known->lost)
    return;
  log("node")->warn("lost {}: {}", node, reason);
  members.lose(node);
  peers.erase(node);
  parts.plane->link().remove_peer(node);
  for (auto& [known_as, run] : runs)
    if (!is_over(run.report.state)
        && std::find(run.nodes.begin(), run.nodes.end(), node)
             != run.nodes.end())
      self->send(run.supervisor, link_down{node, reason});
  if (node == supervising) {
    // What runs here goes on, as far as it can, until it is led again.
    supervising.clear();
    parts.dial->look_for(address_of(known->who.self.control));
  }
  // Others may not have noticed anything; what waited for the link is gone.
  if (!parts.settings.supervisor)
    for (auto run : local->runs_with(node))
      on_link_report({run, parts.settings.name, node, reason, false});
  for (auto& where : parts.settings.look_for)
    if (to_string(where) == known->who.self.control)
      parts.dial->look_for(where);
}

void node_supervisor_state::on_down(const caf::down_msg& down) {
  for (auto& [node, handle] : peers)
    if (handle.address() == down.source) {
      // `lose` changes `peers`.
      auto lost = node;
      lose(lost, "its control connection broke");
      return;
    }
}

void node_supervisor_state::on_tick() {
  self->delayed_send(self, parts.settings.heartbeat, tick_atom::value);
  auto now = clock_type::now();
  local->sample(now);
  local->watch_replay(now);
  auto late = now - ticked_at > parts.settings.lost_after / 2;
  if (late && ticked_at != clock_type::time_point{})
    members.excuse_all(now);
  ticked_at = now;
  for (auto& silent : members.silent(now, parts.settings.lost_after))
    lose(silent, "it was silent for too long");
  give_up_links();
  look_after_pool(now);
  auto beat = request_of(request_kind::heartbeat, own_report());
  for (auto& [node, peer] : peers)
    self->send(peer, beat);
}

// -- requests -----------------------------------------------------------------

caf::result<control_reply>
node_supervisor_state::on_request(control_request& request) {
  if (request.decided_in != 0 && request.decided_in < led_by)
    return failure("an earlier life of the supervising node decided this; "
                   "node '"
                   + parts.settings.name + "' follows a later one");
  try {
    switch (request.kind) {
      case request_kind::submit:
        if (!parts.settings.supervisor)
          return forward(request);
        return submit(from_body<submission>(request.body));
      case request_kind::cancel:
        if (!parts.settings.supervisor)
          return forward(request);
        cancel(from_body<std::string>(request.body));
        return ok();
      case request_kind::report:
        if (!parts.settings.supervisor)
          return forward(request);
        return report_cluster();
      case request_kind::rescale:
        if (!parts.settings.supervisor)
          return forward(request);
        return rescale(from_body<scaling_order>(request.body));
      case request_kind::savepoint:
        if (!parts.settings.supervisor)
          return forward(request);
        return order_savepoint(from_body<savepoint_order>(request.body));
      case request_kind::savepoints:
      case request_kind::savepoint_status:
      case request_kind::verify_savepoint:
        if (!parts.settings.supervisor)
          return forward(request);
        return ask(keeper, request);
      case request_kind::pull_savepoint:
        return ask(keeper, request);
      case request_kind::pin_copies:
      case request_kind::pull_copies:
      case request_kind::release_copies:
        return ask(holder, request);
      case request_kind::recover:
        return recover(from_body<recovery>(request.body));
      default:
        return answer(request);
    }
  } catch (const std::exception& error) {
    return failure(error.what());
  }
}

/// Requests that are answered at once. Throws for the caller to report.
control_reply node_supervisor_state::answer(const control_request& request) {
  switch (request.kind) {
    case request_kind::hello:
      return answer_hello(request);
    case request_kind::heartbeat:
      members.heard(from_body<node_report>(request.body), clock_type::now());
      return ok();
    case request_kind::leave:
      on_leave(from_body<std::string>(request.body));
      return ok();
    case request_kind::partition_event:
      on_partition_event(from_body<partition_event>(request.body));
      return ok();
    case request_kind::refuse_checkpoint:
      on_refused_checkpoint(from_body<run_epoch>(request.body));
      return ok();
    case request_kind::checkpointed:
      on_checkpoint(from_body<checkpoint_report>(request.body));
      return ok();
    case request_kind::wish_checkpoint:
      on_wish(from_body<checkpoint_wish>(request.body));
      return ok();
    case request_kind::keep_refused:
      on_refusal(from_body<checkpoint_refusal>(request.body));
      return ok();
    case request_kind::hand_over_notice:
      on_hand_over(from_body<hand_over_notice>(request.body));
      return ok();
    case request_kind::link_broken:
      on_link_report(from_body<link_report>(request.body));
      return ok();
    case request_kind::local_report:
      return {"", to_body(own_report())};
    default:
      return order(request);
  }
}

/// What supervisors order of the runs here.
control_reply node_supervisor_state::order(const control_request& request) {
  switch (request.kind) {
    case request_kind::deploy:
      local->deploy(from_body<deployment>(request.body));
      return ok();
    case request_kind::start:
      local->start(from_body<run_id>(request.body));
      return ok();
    case request_kind::stop: {
      auto run = from_body<run_id>(request.body);
      told.forget(run);
      return {"", to_body(local->stop(run))};
    }
    case request_kind::resume:
      local->resume(from_body<resumption>(request.body));
      return ok();
    case request_kind::newest_epoch: {
      auto run = from_body<run_id>(request.body);
      return {"", to_body(run_epoch{run, local->newest_epoch(run)})};
    }
    case request_kind::measure:
      return {"", to_body(local->measure(from_body<run_id>(request.body)))};
    case request_kind::name_checkpoint:
      local->name_checkpoint(from_body<run_epoch>(request.body));
      return ok();
    case request_kind::stable: {
      auto stable = from_body<run_epoch>(request.body);
      told.on_stable(stable);
      local->on_stable(stable);
      return ok();
    }
    case request_kind::adopt:
      local->adopt(from_body<placement_change>(request.body));
      return ok();
    case request_kind::stop_origins: {
      auto what = from_body<run_epoch>(request.body);
      local->stop_origins(what.run, what.epoch);
      return ok();
    }
    case request_kind::abandon:
      told.forget_all();
      local->stop_all();
      return ok();
    default:
      return failure("this node does not know the request; is it of another "
                     "version?");
  }
}

control_reply
node_supervisor_state::answer_hello(const control_request& request) {
  // CAF may have lost the way back already.
  if (!self->current_sender())
    return failure("nobody knows where the answer goes");
  auto stranger = caf::actor_cast<caf::actor>(self->current_sender());
  auto error = meet(from_body<introduction>(request.body), stranger);
  if (!error.empty())
    return failure(error);
  return {"", to_body(introduce())};
}

namespace {

/// What partitions of this node tell about their checkpoints.
caf::message_handler
checkpoint_handlers(caf::stateful_actor<node_supervisor_state>* self) {
  return {
    [=](const checkpoint_report& report) { self->state.on_checkpoint(report); },
    [=](const run_epoch& refused) {
      self->state.on_refused_checkpoint(refused);
    },
    [=](const checkpoint_refusal& refusal) { self->state.on_refusal(refusal); },
    [=](const checkpoint_wish& wish) {
      if (self->state.local->on_wish(wish))
        self->state.on_wish(wish);
    },
    [=](const replay_room&) { self->state.local->on_replay_room(); },
    [=](const hand_over_notice& x) { self->state.on_hand_over(x); },
  };
}

/// Ends what runs here, and tells the others.
void leave(node_supervisor_state& own) {
  auto* self = own.self;
  for (auto& [node, peer] : own.peers)
    self->send(peer, request_of(request_kind::leave, own.parts.settings.name));
  own.local->stop_all();
  self->send_exit(own.holder, caf::exit_reason::user_shutdown);
  self->send_exit(own.keeper, caf::exit_reason::user_shutdown);
  self->quit(caf::exit_reason::user_shutdown);
}

void spawn_keepers(caf::stateful_actor<node_supervisor_state>* self) {
  auto& state = self->state;
  state.held_bytes = std::make_shared<std::atomic<std::uint64_t>>(0);
  state.holder = self->spawn<caf::linked>(
    backup_holder,
    holder_begin{state.parts.settings.name, state.parts.settings.backup_bytes,
                 &state.parts.plane->link(), caf::actor{self},
                 state.held_bytes});
  state.parts.plane->give_backups_to(state.holder);
  state.keeper = self->spawn<caf::linked>(
    savepoint_keeper, state.parts.settings.savepoints.directory);
}

void host_runs(caf::stateful_actor<node_supervisor_state>* self) {
  auto& state = self->state;
  caf::actor here{self};
  state.local = std::make_unique<local_runs>(
    state.parts.settings.name, *state.parts.registry, *state.parts.plane, self,
    state.holder,
    local_runs::callbacks{
      [here](const partition_event& x) { caf::anon_send(here, x); },
      [here](const checkpoint_report& x) { caf::anon_send(here, x); },
      [here](const run_epoch& x) { caf::anon_send(here, x); },
      [here](const checkpoint_refusal& x) { caf::anon_send(here, x); },
      [here](const checkpoint_wish& x) { caf::anon_send(here, x); },
      [here](const hand_over_notice& x) { caf::anon_send(here, x); },
      [self](const recovery& what, std::vector<lost_partition> places) {
        self->state.fetch(what, std::move(places));
      }});
  state.local->limit_replay(state.parts.settings.replay_bytes);
}

} // namespace

caf::behavior node_supervisor(caf::stateful_actor<node_supervisor_state>* self,
                              node_parts parts) {
  auto& state = self->state;
  state.self = self;
  state.parts = std::move(parts);
  if (state.parts.settings.supervisor)
    state.led_by = state.parts.incarnation;
  // Runs of different lives of a supervising node must not be mixed up.
  state.next_run = static_cast<run_id>(state.parts.incarnation << 8) | 1;
  spawn_keepers(self);
  host_runs(self);
  self->set_down_handler(
    [=](const caf::down_msg& down) { self->state.on_down(down); });
  // A topology supervisor that ends does so because this one does.
  self->set_exit_handler([=](const caf::exit_msg& message) {
    if (message.reason == caf::exit_reason::kill
        || message.reason == caf::exit_reason::user_shutdown)
      self->quit(message.reason);
  });
  if (state.parts.journal)
    state.restore_runs();
  self->send(self, tick_atom::value);
  return caf::message_handler{
    [=](control_request& request) { return self->state.on_request(request); },
    [=](const control_reply&) {
      // To what was sent and not requested: heartbeats, events.
    },
    [=](const partition_event& event) {
      self->state.on_partition_event(event);
    },
    [=](const run_report& report) { self->state.on_run_report(report); },
    [=](const savepoint_report& report) {
      self->send(self->state.keeper, report);
    },
    [=](const savepoint_pruning& what) {
      self->send(self->state.keeper, what);
    },
    [=](recovered_part& part) { self->state.local->on_part(std::move(part)); },
    [=](const partition_loaded& loaded) {
      self->state.local->on_loaded(loaded);
    },
    [=](const link_down& down) { self->state.on_link_down(down); },
    [=](const link_up& up) { self->state.links.on_up(up.peer); },
    [=](const bound_addresses& bound) {
      self->state.parts.settings.control = bound.control;
      self->state.parts.settings.http = bound.http;
    },
    [=](join_atom, const std::string& host, std::uint16_t port) {
      self->state.connect({host, port});
    },
    [=](tick_atom) { self->state.on_tick(); },
    [=](stop_atom) {
      leave(self->state);
      return true;
    },
  }
    .or_else(checkpoint_handlers(self));
}

} // namespace braid
