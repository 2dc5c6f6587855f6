// The part of the node supervisor that is about runs: those that it supervises,
// and what its partitions tell those who supervise them.
#include "actors/log.hpp"
#include "actors/node_supervisor.hpp"
#include "actors/savepoint_fetcher.hpp"
#include "actors/savepoint_folder.hpp"

#include <caf/all.hpp>

namespace braid {

namespace {

using clock_type = membership::clock;

control_reply no_answer(const std::string& error) {
  return {error, {}, true};
}

/// Large savepoints take long to read.
caf::duration limit_of(request_kind kind, const node_settings& settings) {
  auto reads =
    kind == request_kind::submit || kind == request_kind::verify_savepoint;
  return caf::duration{reads ? savepoint_limit(settings)
                             : settings.submit_limit};
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
  auto limit = limit_of(request.kind, parts.settings);
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
  all->report.notes = pool_notes;
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

/// What there is of a run before it begins.
struct node_supervisor_state::new_run {
  std::unique_ptr<topology> graph;
  deployment plan;
  std::shared_ptr<savepoint_origin> origin; ///< null: at the beginning
};

caf::result<control_reply>
node_supervisor_state::submit(const submission& asked) {
  if (!asked.from.empty()) {
    auto promise = self->make_response_promise<control_reply>();
    // All of it is read before anything is touched.
    self->request(keeper, caf::infinite, open_savepoint_atom::value, asked.from)
      .then([=, this](const opened_savepoint& opened) mutable {
        submit_from(asked, opened, promise);
      });
    return promise;
  }
  new_run run;
  run.graph = parts.registry->compose(asked.topology, asked.settings);
  run.plan =
    plan_run(asked, *run.graph, nodes_for(asked.topology, introduce(), members),
             parts.settings.runs);
  // Whoever has a promise cannot be answered by an exception.
  auto promise = self->make_response_promise<control_reply>();
  begin_run(std::move(run), promise);
  return promise;
}

/// Settings are those of the savepoint, as far as nothing else is said.
void node_supervisor_state::submit_from(submission asked,
                                        const opened_savepoint& opened,
                                        caf::response_promise promise) {
  if (!opened.file)
    return promise.deliver(failure(opened.error));
  // A later life of this node may have another folder.
  asked.from = std::filesystem::absolute(opened.file->path()).string();
  auto& saved = opened.file->manifest();
  if (saved.topology == asked.topology)
    asked.settings.insert(saved.settings.begin(), saved.settings.end());
  if (!asked.count_cuts)
    asked.count_cuts = saved.count_cuts;
  try {
    new_run run;
    run.graph = parts.registry->compose(asked.topology, asked.settings);
    run.plan = plan_run(asked, *run.graph,
                        nodes_for(asked.topology, introduce(), members),
                        parts.settings.runs);
    run.plan.begins_after = saved.epoch;
    run.origin = std::make_shared<savepoint_origin>(
      opened.file, *run.graph, run.plan.owners,
      dropped_operators{asked.drop, asked.allow_missing});
    begin_run(std::move(run), promise);
  } catch (const std::exception& error) {
    promise.deliver(failure(error.what()));
  }
}

void node_supervisor_state::begin_run(new_run&& what,
                                      const caf::response_promise& promise) {
  auto& plan = what.plan;
  auto& asked = plan.asked;
  plan.run = next_run++;
  plan.name = asked.topology + "-" + std::to_string(++runs_of[asked.topology]);
  supervised_run run;
  run.number = plan.run;
  run.report = first_report(plan, *what.graph);
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
  begin.savepoints = {parts.settings.savepoints,
                      savepoint_form(plan, *what.graph)};
  if (what.origin)
    self->send(keeper, run_origin{plan.run, std::move(what.origin)});
  run.submitters.push_back(promise);
  supervise(plan, std::move(run), std::move(begin));
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
  begin.scaling = parts.settings.scaling_for(plan.asked.topology);
  run.supervisor =
    self->spawn<caf::linked>(topology_supervisor, std::move(begin));
  runs_in_order.push_back(plan.name);
  runs.emplace(plan.name, std::move(run));
}

/// Answers once it is under way; `savepoint_status` tells how it goes on.
caf::result<control_reply>
node_supervisor_state::order_savepoint(savepoint_order order) {
  auto found = runs.find(order.run);
  if (found == runs.end())
    throw std::runtime_error{"there is no run '" + order.run
                             + "'; 'braidctl list' shows them"};
  auto& run = found->second;
  if (is_over(run.report.state))
    throw std::runtime_error{"run '" + order.run + "' is "
                             + to_string(run.report.state)
                             + "; only one that runs can be saved"};
  savepoint_report first;
  first.taken_at = std::chrono::duration_cast<std::chrono::microseconds>(
                     std::chrono::system_clock::now().time_since_epoch())
                     .count();
  if (order.name.empty())
    order.name = savepoint_name(order.run, first.taken_at);
  check_savepoint_name(order.name);
  auto path = savepoint_path(parts.settings.savepoints.directory, order.name);
  if (std::filesystem::exists(path))
    throw std::runtime_error{"there is a savepoint '" + order.name
                             + "' already; choose another name"};
  first.name = order.name;
  first.run = order.run;
  first.topology = run.report.topology;
  first.path = path.string();
  self->send(keeper, first);
  self->send(run.supervisor, order);
  return control_reply{"", to_body(order.name)};
}

/// Of a savepoint that the node that supervises has.
void node_supervisor_state::fetch(const recovery& what,
                                  std::vector<lost_partition> places) {
  auto begin = std::make_shared<fetching_begin>();
  begin->run = what.plan.run;
  begin->epoch = what.stable;
  begin->places = {places.begin(), places.end()};
  begin->home = caf::actor{self};
  begin->limit = parts.settings.request_limit;
  if (parts.settings.supervisor)
    begin->from = caf::actor{self};
  else if (auto found = peers.find(supervising); found != peers.end())
    begin->from = found->second;
  else
    return; // it is lost, and with it the run
  self->spawn(savepoint_fetcher, std::move(begin));
}

/// Lets an actor of this node answer.
caf::result<control_reply>
node_supervisor_state::ask(const caf::actor& whom,
                           const control_request& request) {
  auto promise = self->make_response_promise<control_reply>();
  self->request(whom, caf::infinite, request)
    .then([=](const control_reply& reply) mutable { promise.deliver(reply); },
          [=](const caf::error&) mutable {
            promise.deliver(no_answer("the node is being stopped"));
          });
  return promise;
}

/// Of one run, or of all that run.
caf::result<control_reply>
node_supervisor_state::rescale(const scaling_order& order) {
  std::vector<caf::actor> asked;
  for (auto& [known_as, run] : runs)
    if (order.run.empty() ? !is_over(run.report.state) : known_as == order.run)
      asked.push_back(run.supervisor);
  if (asked.empty() && !order.run.empty())
    throw std::runtime_error{"there is no run '" + order.run
                             + "'; 'braidctl list' shows them"};
  if (asked.size() == 1)
    return ask(asked.front(), request_of(request_kind::rescale, order));
  struct gathering {
    scaling_answer answer;
    std::string error;
    std::size_t missing = 0;
  };
  auto all = std::make_shared<gathering>();
  all->missing = asked.size();
  auto promise = self->make_response_promise<control_reply>();
  if (asked.empty())
    promise.deliver(control_reply{"", to_body(all->answer), false});
  auto finish = [=]() mutable {
    if (--all->missing == 0)
      promise.deliver(control_reply{all->error, to_body(all->answer), false});
  };
  for (auto& supervisor : asked)
    self
      ->request(supervisor, caf::infinite,
                request_of(request_kind::rescale, order))
      .then(
        [=](const control_reply& reply) mutable {
          all->error = reply.error.empty() ? all->error : reply.error;
          if (reply.error.empty())
            for (auto& step : from_body<scaling_answer>(reply.body).steps)
              all->answer.steps.push_back(step);
          finish();
        },
        [=](const caf::error&) mutable { finish(); });
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

/// Runs of a topology that a new node knows may use it.
void node_supervisor_state::offer(const introduction& node) {
  auto& known = node.self.topologies;
  auto where = address_in_run(node);
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
  if (is_over(report.state))
    self->send(keeper, run_origin{run.number, nullptr});
}

/// From a partition of this node, or from another node that has one of ours.
void node_supervisor_state::on_partition_event(const partition_event& event) {
  if (event.failed)
    log("partition")->error("{}", event.failure.reason);
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

void node_supervisor_state::on_refusal(const checkpoint_refusal& refusal) {
  to_supervisor_of(refusal.run, request_kind::keep_refused, refusal);
}

void node_supervisor_state::on_wish(const checkpoint_wish& wish) {
  to_supervisor_of(wish.run, request_kind::wish_checkpoint, wish);
}

void node_supervisor_state::on_hand_over(const hand_over_notice& notice) {
  to_supervisor_of(notice.run, request_kind::hand_over_notice, notice);
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
