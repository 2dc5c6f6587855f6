#include "tools/http_api.hpp"

#include "tools/endpoint.hpp"
#include "tools/json_reports.hpp"
#include "tools/json_savepoints.hpp"
#include "tools/json_scaling.hpp"
#include "tools/json_submission.hpp"
#include "tools/spelling.hpp"

#include "actors/node.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>

namespace braid {

namespace {

http_answer with_json(const json& body, int status = 200) {
  // Reasons of failures may hold bytes of the user's data, in any encoding.
  return {status, body.dump(-1, ' ', false, json::error_handler_t::replace)};
}

/// The caller made a mistake.
struct bad_question : std::runtime_error {
  bad_question(int with_status, const std::string& what)
    : std::runtime_error(what), status(with_status) {}

  int status;
};

const run_report& find_run(const cluster_report& cluster,
                           const std::string& name) {
  for (auto& run : cluster.runs)
    if (run.name == name)
      return run;
  throw bad_question(404, "there is no run '" + name
                            + "'; GET /api/topologies lists them");
}

// -- who may ask --------------------------------------------------------------

bool is_ip_address(const std::string& host) {
  return host.find_first_not_of("0123456789.") == std::string::npos
         || host.find(':') != std::string::npos;
}

/// A page of another site can have a browser ask under a name of its own that
/// leads to loopback; our own clients use addresses or localhost.
void check_host(const std::string& header) {
  if (header.empty())
    return;
  auto host = header;
  try {
    // The port may be left out.
    auto port_follows =
      header.rfind(':') != std::string::npos && !header.ends_with(']');
    host = parse_endpoint(port_follows ? header : header + ":80").host;
  } catch (const std::invalid_argument&) {
    throw bad_question(400, "the Host header is malformed");
  }
  if (host != "localhost" && !is_ip_address(host))
    throw bad_question(400, "the host '" + host
                              + "' is not this node's; ask by its address");
}

/// The same page could send plain text here unasked, but not JSON.
void check_content_type(const http_question& asked) {
  auto type = asked.content_type.substr(0, asked.content_type.find(';'));
  if (type != "application/json")
    throw bad_question(400, "the body is not JSON; send the header "
                            "Content-Type: application/json");
}

// -- what is asked ------------------------------------------------------------

http_answer get_nodes(const cluster_access& cluster, const http_question&) {
  return with_json(nodes_json(cluster.report()));
}

http_answer get_tree(const cluster_access& cluster, const http_question&) {
  return with_json(tree_json(cluster.report()));
}

http_answer get_runs(const cluster_access& cluster, const http_question&) {
  return with_json(runs_json(cluster.report()));
}

http_answer post_run(const cluster_access& cluster,
                     const http_question& asked) {
  check_content_type(asked);
  auto name = cluster.submit(parse_submission(asked.body));
  return with_json({{"name", name}}, 201);
}

constexpr std::string_view runs_path = "/api/topologies";

std::string run_in(const http_question& asked) {
  return asked.path.substr(runs_path.size() + 1);
}

http_answer get_run(const cluster_access& cluster, const http_question& asked) {
  auto report = cluster.report();
  return with_json(run_json(report, find_run(report, run_in(asked))));
}

http_answer delete_run(const cluster_access& cluster,
                       const http_question& asked) {
  auto name = run_in(asked);
  find_run(cluster.report(), name);
  cluster.cancel(name);
  return with_json({{"name", name}}, 202);
}

// -- savepoints ---------------------------------------------------------------

constexpr std::string_view savepoints_path = "/api/savepoints";
constexpr std::string_view savepoints_of_run = "/savepoints";

http_answer post_savepoint(const cluster_access& cluster,
                           const http_question& asked) {
  check_content_type(asked);
  auto run = run_in(asked);
  run.resize(run.size() - savepoints_of_run.size());
  find_run(cluster.report(), run);
  auto name = cluster.savepoint(parse_savepoint_order(asked.body, run));
  return with_json({{"name", name}}, 202);
}

http_answer get_savepoints(const cluster_access& cluster,
                           const http_question&) {
  return with_json(savepoints_json(cluster.savepoints()));
}

http_answer get_savepoint(const cluster_access& cluster,
                          const http_question& asked) {
  auto name = asked.path.substr(savepoints_path.size() + 1);
  return with_json(savepoint_json(cluster.savepoint_status(name)));
}

http_answer post_verify(const cluster_access& cluster,
                        const http_question& asked) {
  check_content_type(asked);
  return with_json(
    savepoint_json(cluster.verify(parse_savepoint_name(asked.body))));
}

// -- other partitions ---------------------------------------------------------

constexpr std::string_view nodes_path = "/api/nodes";
constexpr std::string_view scaling_of_run = "/scaling";
constexpr std::string_view history_of_run = "/history";
constexpr std::string_view abort_of_run = "/scaling/abort";
constexpr std::string_view rebalance_of_run = "/rebalance";
constexpr std::string_view drain_of_node = "/drain";

http_answer post_order(const cluster_access& cluster,
                       const http_question& asked, scaling_kind kind,
                       std::string_view suffix) {
  check_content_type(asked);
  auto run = run_in(asked);
  run.resize(run.size() - suffix.size());
  find_run(cluster.report(), run);
  return with_json(
    scaling_json(cluster.rescale(parse_scaling_order(asked.body, kind, run))),
    202);
}

http_answer get_history(const cluster_access& cluster,
                        const http_question& asked) {
  auto run = run_in(asked);
  run.resize(run.size() - history_of_run.size());
  return with_json(history_json(find_run(cluster.report(), run)));
}

http_answer post_scaling(const cluster_access& cluster,
                         const http_question& asked) {
  return post_order(cluster, asked, scaling_kind::scale, scaling_of_run);
}

http_answer post_rebalance(const cluster_access& cluster,
                           const http_question& asked) {
  return post_order(cluster, asked, scaling_kind::rebalance, rebalance_of_run);
}

http_answer post_abort(const cluster_access& cluster,
                       const http_question& asked) {
  return post_order(cluster, asked, scaling_kind::abort, abort_of_run);
}

http_answer post_drain(const cluster_access& cluster,
                       const http_question& asked) {
  check_content_type(asked);
  auto node = asked.path.substr(nodes_path.size() + 1);
  node.resize(node.size() - drain_of_node.size());
  auto all = cluster.report().nodes;
  if (std::none_of(all.begin(), all.end(),
                   [&](auto& known) { return known.name == node; }))
    throw bad_question(404, "there is no node '" + node
                              + "'; GET /api/nodes lists them");
  return with_json(
    scaling_json(cluster.rescale(parse_drain_order(asked.body, node))), 202);
}

// -- health -------------------------------------------------------------------

http_answer get_health(const cluster_access&, const http_question&) {
  return with_json({{"status", "alive"}});
}

http_answer get_readiness(const cluster_access& cluster, const http_question&) {
  // Ready is who reaches the node that supervises.
  cluster.report();
  return with_json({{"status", "ready"}});
}

// -- which question it is -----------------------------------------------------

struct route {
  std::string_view method;
  std::string_view path;
  http_answer (*answer)(const cluster_access&, const http_question&);
};

/// Stands for a path below `runs_path`.
constexpr std::string_view one_run = "/api/topologies/NAME";

constexpr std::string_view savepoints_of_one_run =
  "/api/topologies/NAME/savepoints";
constexpr std::string_view one_savepoint = "/api/savepoints/NAME";
constexpr std::string_view verification = "/api/savepoints/verify";

constexpr std::string_view scaling_of_one_run = "/api/topologies/NAME/scaling";
constexpr std::string_view history_of_one_run = "/api/topologies/NAME/history";
constexpr std::string_view abort_of_one_run =
  "/api/topologies/NAME/scaling/abort";
constexpr std::string_view rebalance_of_one_run =
  "/api/topologies/NAME/rebalance";
constexpr std::string_view drain_of_one_node = "/api/nodes/NAME/drain";

constexpr std::array<route, 17> routes{{
  {"GET", "/api/nodes", get_nodes},
  {"GET", runs_path, get_runs},
  {"POST", runs_path, post_run},
  {"GET", one_run, get_run},
  {"DELETE", one_run, delete_run},
  {"POST", savepoints_of_one_run, post_savepoint},
  {"GET", savepoints_path, get_savepoints},
  {"POST", verification, post_verify},
  {"GET", one_savepoint, get_savepoint},
  {"GET", history_of_one_run, get_history},
  {"POST", scaling_of_one_run, post_scaling},
  {"POST", abort_of_one_run, post_abort},
  {"POST", rebalance_of_one_run, post_rebalance},
  {"POST", drain_of_one_node, post_drain},
  {"GET", "/api/tree", get_tree},
  {"GET", "/healthz", get_health},
  {"GET", "/readyz", get_readiness},
}};

/// What stands for one name below `parent`, or nothing.
std::string_view name_below(std::string_view path, std::string_view parent) {
  auto below = path.starts_with(parent) && path.size() > parent.size() + 1
               && path[parent.size()] == '/'
               && path.find('/', parent.size() + 1) == path.npos;
  return below ? path.substr(parent.size() + 1) : std::string_view{};
}

std::string_view route_path(std::string_view path) {
  if (path == verification)
    return path;
  if (!name_below(path, savepoints_path).empty())
    return one_savepoint;
  if (!name_below(path, runs_path).empty())
    return one_run;
  auto is_below = [&](std::string_view parent, std::string_view suffix) {
    return path.ends_with(suffix)
           && !name_below(path.substr(0, path.size() - suffix.size()), parent)
                 .empty();
  };
  if (is_below(runs_path, savepoints_of_run))
    return savepoints_of_one_run;
  if (is_below(runs_path, abort_of_run))
    return abort_of_one_run;
  if (is_below(runs_path, history_of_run))
    return history_of_one_run;
  if (is_below(runs_path, scaling_of_run))
    return scaling_of_one_run;
  if (is_below(runs_path, rebalance_of_run))
    return rebalance_of_one_run;
  if (is_below(nodes_path, drain_of_node))
    return drain_of_one_node;
  return path;
}

[[noreturn]] void no_such_path(const std::string& path) {
  std::vector<std::string> known(routes.size());
  std::transform(routes.begin(), routes.end(), known.begin(),
                 [](auto& each) { return std::string{each.path}; });
  auto meant = nearest(path, known);
  throw bad_question(404, "there is no '" + path + "'"
                            + (meant ? "; did you mean '" + *meant + "'?"
                                     : "; docs/http_api.md lists what is"));
}

const route& route_of(const http_question& asked) {
  auto path = route_path(asked.path);
  std::string allowed;
  for (auto& each : routes) {
    if (each.path != path)
      continue;
    if (each.method == asked.method)
      return each;
    allowed += (allowed.empty() ? "" : ", ") + std::string{each.method};
  }
  if (allowed.empty())
    no_such_path(asked.path);
  throw bad_question(405, "'" + asked.path + "' does not take " + asked.method
                            + "; it takes " + allowed);
}

} // namespace

cluster_access access_through(node& here) {
  return {
    [&here] { return here.report(); },
    [&here](const submission& asked) { return here.submit(asked); },
    [&here](const std::string& run) { here.cancel(run); },
    [&here](const savepoint_order& order) { return here.savepoint(order); },
    [&here] { return here.savepoints(); },
    [&here](const std::string& name) { return here.savepoint_status(name); },
    [&here](const std::string& name) { return here.verify_savepoint(name); },
    [&here](const scaling_order& order) { return here.rescale(order); }};
}

http_answer http_failure(int status, const std::string& error) {
  return with_json({{"error", error}}, status);
}

http_api::http_api(cluster_access cluster) : cluster_(std::move(cluster)) {}

http_answer http_api::answer(const http_question& asked) const {
  try {
    check_host(asked.host);
    return route_of(asked).answer(cluster_, asked);
  } catch (const bad_question& error) {
    return http_failure(error.status, error.what());
  } catch (const request_error& error) {
    return http_failure(error.unanswered ? 503 : 400, error.what());
  } catch (const std::invalid_argument& error) {
    return http_failure(400, error.what());
  } catch (const std::exception& error) {
    return http_failure(500, error.what());
  }
}

} // namespace braid
