#include "actors/node_supervisor.hpp"

#include "actors/log.hpp"
#include "actors/topology_supervisor.hpp"

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

control_reply failure(const std::string& error) {
  return {error, {}, false};
}

control_reply no_answer(const std::string& error) {
  return {error, {}, true};
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
  result.topologies = parts.registry->names();
  result.partitions = local->report();
  return result;
}

introduction node_supervisor_state::introduce() const {
  introduction result;
  result.self = own_report();
  result.data_host = parts.settings.data.host;
  result.data_port = parts.settings.data.port;
  if (auto* known = members.find(supervising))
    result.supervising = known->who.self.control;
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
  auto anew = !known || known->lost
              || known->who.self.incarnation != who.self.incarnation;
  if (known && !known->lost
      && known->who.self.incarnation < who.self.incarnation)
    lose(node, "it was started again");
  if (!members.join(who, clock_type::now()))
    return "a newer life of node '" + node + "' is known";
  if (anew)
    log("node")->info("met {} at {}{}", node, who.self.control,
                      who.self.supervisor ? ", which supervises" : "");
  // After a reconnect the handle looks the same, but only the new one works.
  peers[node] = handle;
  self->monitor(handle);
  if (who.self.supervisor && parts.settings.supervisor)
    log("node")->warn("{} supervises as well; set node.supervisor = false in "
                      "all nodes but one",
                      node);
  else if (who.self.supervisor)
    supervising = node;
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
    supervising.clear();
    // Nobody leads them any more.
    local->stop_all();
  }
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
  for (auto& silent : members.silent(now, parts.settings.lost_after))
    lose(silent, "it was silent for too long");
  auto beat = request_of(request_kind::heartbeat, own_report());
  for (auto& [node, peer] : peers)
    self->send(peer, beat);
}

// -- requests -----------------------------------------------------------------

caf::result<control_reply>
node_supervisor_state::on_request(control_request& request) {
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
      lose(from_body<std::string>(request.body), "it was stopped");
      return ok();
    case request_kind::deploy: {
      caf::actor here{self};
      local->deploy(
        self, from_body<deployment>(request.body),
        [here](const partition_event& event) { caf::anon_send(here, event); });
      return ok();
    }
    case request_kind::start:
      local->start(from_body<run_id>(request.body));
      return ok();
    case request_kind::stop:
      return {"", to_body(local->stop(from_body<run_id>(request.body)))};
    case request_kind::partition_event:
      on_partition_event(from_body<partition_event>(request.body));
      return ok();
    case request_kind::local_report:
      return {"", to_body(own_report())};
    default:
      return failure("this node does not know the request; is it of another "
                     "version?");
  }
}

control_reply
node_supervisor_state::answer_hello(const control_request& request) {
  auto stranger = caf::actor_cast<caf::actor>(self->current_sender());
  auto error = meet(from_body<introduction>(request.body), stranger);
  if (!error.empty())
    return failure(error);
  return {"", to_body(introduce())};
}

/// Clients may ask any node; the one that supervises answers.
caf::result<control_reply>
node_supervisor_state::forward(control_request& request) {
  auto found = peers.find(supervising);
  if (found == peers.end())
    return no_answer("node '" + parts.settings.name
                     + "' has not met a node that supervises; check "
                       "cluster.nodes and start that node");
  auto promise = self->make_response_promise<control_reply>();
  caf::duration limit{parts.settings.submit_limit};
  self->request(found->second, limit, std::move(request))
    .then([=](const control_reply& reply) mutable { promise.deliver(reply); },
          [=, this](const caf::error&) mutable {
            promise.deliver(
              no_answer("node '" + supervising + "' did not answer in time"));
          });
  return promise;
}

caf::result<control_reply> node_supervisor_state::report_cluster() {
  struct gathering {
    cluster_report report;
    std::size_t missing = 0;
  };
  auto all = std::make_shared<gathering>();
  all->report.nodes.push_back(own_report());
  for (auto& run : runs_in_order)
    all->report.runs.push_back(runs[run].report);
  auto promise = self->make_response_promise<control_reply>();
  auto finish = [=]() mutable {
    if (all->missing == 0)
      promise.deliver(control_reply{"", to_body(all->report)});
  };
  auto now = clock_type::now();
  for (auto& [node, member] : members.all()) {
    auto known = member.who.self;
    known.lost = member.lost;
    known.last_heard_us =
      std::chrono::duration_cast<std::chrono::microseconds>(now - member.heard)
        .count();
    auto peer = peers.find(node);
    if (member.lost || peer == peers.end()) {
      all->report.nodes.push_back(known);
      continue;
    }
    ++all->missing;
    caf::duration limit{parts.settings.request_limit / 2};
    // Not with high priority: CAF loses the replies to such requests on their
    // way back from another node (docs/decisions/0001-two-planes.md).
    self
      ->request(peer->second, limit,
                control_request{request_kind::local_report, {}})
      .then(
        [=](const control_reply& reply) mutable {
          all->report.nodes.push_back(from_body<node_report>(reply.body));
          --all->missing;
          finish();
        },
        [=](const caf::error&) mutable {
          // What it said last is better than nothing.
          all->report.nodes.push_back(known);
          --all->missing;
          finish();
        });
  }
  finish();
  return promise;
}

// -- runs that this node supervises -------------------------------------------

caf::result<control_reply>
node_supervisor_state::submit(const submission& asked) {
  auto graph = parts.registry->compose(asked.topology, asked.settings);
  auto plan =
    plan_run(asked, *graph, nodes_for(asked.topology, introduce(), members),
             parts.settings.runs);
  plan.run = next_run++;
  plan.name = asked.topology + "-" + std::to_string(++runs_of[asked.topology]);
  supervised_run run;
  run.number = plan.run;
  run.report = first_report(plan, *graph);
  run.report.submitted_at =
    std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::system_clock::now().time_since_epoch())
      .count();
  run.report.supervisor = parts.settings.name;
  run_begin begin;
  for (auto& node : plan.nodes) {
    run.nodes.push_back(node.name);
    begin.nodes.push_back(node.name == parts.settings.name ? caf::actor{self}
                                                           : peers[node.name]);
  }
  begin.plan = plan;
  begin.report = run.report;
  begin.home = caf::actor{self};
  begin.limit = parts.settings.submit_limit / 2;
  auto promise = self->make_response_promise<control_reply>();
  run.submitters.push_back(promise);
  run.supervisor =
    self->spawn<caf::linked>(topology_supervisor, std::move(begin));
  runs_in_order.push_back(plan.name);
  runs.emplace(plan.name, std::move(run));
  return promise;
}

void node_supervisor_state::cancel(const std::string& run_name) {
  auto found = runs.find(run_name);
  if (found == runs.end())
    throw std::runtime_error{"there is no run '" + run_name
                             + "'; 'braidctl list' shows them"};
  auto& run = found->second;
  if (is_over(run.report.state))
    throw std::runtime_error{"run '" + run_name + "' is "
                             + to_string(run.report.state) + " already"};
  self->send(run.supervisor, stop_atom::value);
}

void node_supervisor_state::on_run_report(const run_report& report) {
  auto found = runs.find(report.name);
  if (found == runs.end())
    return;
  auto& run = found->second;
  run.report = report;
  if (report.state == run_state::starting)
    return;
  auto reply = report.state == run_state::failed
                 ? failure(report.reason)
                 : control_reply{"", to_body(report.name)};
  for (auto& submitter : run.submitters)
    submitter.deliver(reply);
  run.submitters.clear();
}

/// From a partition of this node, or from another node that has one of ours.
void node_supervisor_state::on_partition_event(const partition_event& event) {
  if (event.failed)
    log("partition")->error("{}", event.reason);
  if (!parts.settings.supervisor) {
    if (auto found = peers.find(supervising); found != peers.end())
      self->send(found->second,
                 request_of(request_kind::partition_event, event));
    return;
  }
  for (auto& [known_as, run] : runs)
    if (run.number == event.run)
      self->send(run.supervisor, event);
}

/// Frames were lost. A run cannot go on without them.
void node_supervisor_state::on_link_down(const link_down& down) {
  for (auto run : local->runs_with(down.peer))
    on_partition_event({run, no_partition, 0, true,
                        "the data link between node " + parts.settings.name
                          + " and node " + down.peer
                          + " broke: " + down.reason});
}

caf::behavior node_supervisor(caf::stateful_actor<node_supervisor_state>* self,
                              node_parts parts) {
  auto& state = self->state;
  state.self = self;
  state.parts = std::move(parts);
  // Runs of different lives of a supervising node must not be mixed up.
  state.next_run = static_cast<run_id>(state.parts.incarnation << 8) | 1;
  state.local = std::make_unique<local_runs>(
    state.parts.settings.name, *state.parts.registry, *state.parts.plane);
  self->set_down_handler(
    [=](const caf::down_msg& down) { self->state.on_down(down); });
  // A topology supervisor that ends does so because this one does.
  self->set_exit_handler([=](const caf::exit_msg& message) {
    if (message.reason == caf::exit_reason::kill
        || message.reason == caf::exit_reason::user_shutdown)
      self->quit(message.reason);
  });
  self->send(self, tick_atom::value);
  return {
    [=](control_request& request) { return self->state.on_request(request); },
    [=](const control_reply&) {
      // To what was sent and not requested: heartbeats, events.
    },
    [=](const partition_event& event) {
      self->state.on_partition_event(event);
    },
    [=](const run_report& report) { self->state.on_run_report(report); },
    [=](const link_down& down) { self->state.on_link_down(down); },
    [=](const bound_addresses& bound) {
      self->state.parts.settings.control = bound.control;
      self->state.parts.settings.http = bound.http;
    },
    [=](join_atom, const std::string& host, std::uint16_t port) {
      self->state.connect({host, port});
    },
    [=](tick_atom) { self->state.on_tick(); },
    [=](stop_atom) {
      auto& own = self->state;
      for (auto& [node, peer] : own.peers)
        self->send(peer,
                   request_of(request_kind::leave, own.parts.settings.name));
      own.local->stop_all();
      self->quit(caf::exit_reason::user_shutdown);
      return true;
    },
  };
}

} // namespace braid
