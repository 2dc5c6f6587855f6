// The part of the node supervisor that is about runs: those that it supervises,
// and what its partitions tell those who supervise them.
#include "actors/log.hpp"
#include "actors/node_supervisor.hpp"

#include <caf/all.hpp>

namespace braid {

namespace {

using clock_type = membership::clock;

control_reply failure(const std::string& error) {
  return {error, {}, false};
}

control_reply no_answer(const std::string& error) {
  return {error, {}, true};
}

} // namespace

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
  auto promise = self->make_response_promise<control_reply>();
  run.submitters.push_back(promise);
  supervise(plan, std::move(run), std::move(begin));
  return promise;
}

/// Begins to lead a run, or to lead it on.
void node_supervisor_state::supervise(const deployment& plan,
                                      supervised_run run, run_begin begin) {
  begin.plan = plan;
  begin.report = run.report;
  begin.home = caf::actor{self};
  begin.limit = parts.settings.submit_limit / 2;
  begin.incarnation = parts.incarnation;
  begin.journal = parts.journal;
  run.supervisor =
    self->spawn<caf::linked>(topology_supervisor, std::move(begin));
  runs_in_order.push_back(plan.name);
  runs.emplace(plan.name, std::move(run));
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

/// Runs of a topology that a new node knows may use it.
void node_supervisor_state::offer(const introduction& node) {
  auto& known = node.self.topologies;
  node_address where{node.self.name, node.self.incarnation, node.data_host,
                     node.data_port};
  for (auto& [known_as, run] : runs) {
    if (is_over(run.report.state)
        || std::find(known.begin(), known.end(), run.report.topology)
             == known.end())
      continue;
    run.nodes.push_back(node.self.name);
    auto has_a_part = std::find(node.runs.begin(), node.runs.end(), run.number)
                      != node.runs.end();
    self->send(run.supervisor,
               node_joined{where, peers[node.self.name], has_a_part});
  }
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
  if (!parts.settings.supervisor)
    told.add(event);
  to_supervisor_of(event.run, request_kind::partition_event, event);
}

/// The end of the other node, or of the connection alone: who supervises will
/// know.
void node_supervisor_state::on_link_down(const link_down& down) {
  links.on_down(down.peer);
  for (auto run : local->runs_with(down.peer))
    on_link_report({run, parts.settings.name, down.peer, down.reason, false});
}

/// Two nodes that live but cannot connect: who supervises decides.
void node_supervisor_state::give_up_links() {
  if (!parts.settings.supervisor && supervising.empty())
    return links.begin_anew();
  auto limit = 2 * parts.settings.lost_after;
  for (auto& peer : links.overdue(local->peers(), clock_type::now(), limit))
    for (auto run : local->runs_with(peer))
      on_link_report({run, parts.settings.name, peer,
                      "no data connection for "
                        + std::to_string(limit / std::chrono::seconds{1})
                        + " s",
                      true});
}

void node_supervisor_state::on_link_report(const link_report& report) {
  if (!parts.settings.supervisor && supervising.empty())
    told.add(report);
  to_supervisor_of(report.run, request_kind::link_broken, report);
}

void node_supervisor_state::on_refused_checkpoint(const run_epoch& refused) {
  to_supervisor_of(refused.run, request_kind::refuse_checkpoint, refused);
}

void node_supervisor_state::on_checkpoint(const checkpoint_report& report) {
  if (!parts.settings.supervisor)
    told.add(report);
  to_supervisor_of(report.run, request_kind::checkpointed, report);
}

/// To the actor here, or else the node that has it.
template <class T>
void node_supervisor_state::to_supervisor_of(run_id number, request_kind kind,
                                             const T& what) {
  if (!parts.settings.supervisor) {
    if (auto found = peers.find(supervising); found != peers.end())
      self->send(found->second, request_of(kind, what));
    return;
  }
  for (auto& [known_as, run] : runs)
    if (run.number == number && run.supervisor)
      self->send(run.supervisor, what);
}

/// Answers once this node's part is done.
caf::result<control_reply>
node_supervisor_state::recover(const recovery& what) {
  auto promise = self->make_response_promise<control_reply>();
  local->recover(what, [promise](const std::string& problem) mutable {
    promise.deliver(problem.empty() ? control_reply{} : failure(problem));
  });
  return promise;
}

} // namespace braid
