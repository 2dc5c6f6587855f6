// The HTTP interface of a node, without its sockets: requests in, answers out.
// docs/http_api.md is its reference.
#pragma once

#include "actors/deployment.hpp"
#include "actors/reports.hpp"
#include "actors/savepoint_messages.hpp"
#include "actors/scaling_messages.hpp"

#include <functional>
#include <string>
#include <vector>

namespace braid {

class node;

/// What the interface does for its clients.
struct cluster_access {
  /// These throw `request_error`, as the members of `node` do.
  std::function<cluster_report()> report;
  std::function<std::string(const submission&)> submit;
  std::function<void(const std::string& run)> cancel;
  std::function<std::string(const savepoint_order&)> savepoint{};
  std::function<std::vector<savepoint_report>()> savepoints{};
  std::function<savepoint_report(const std::string& name)> savepoint_status{};
  std::function<savepoint_report(const std::string& name)> verify{};
  std::function<scaling_answer(const scaling_order&)> rescale{};
};

/// By way of `here`, which must outlive the result.
cluster_access access_through(node& here);

struct http_question {
  std::string method; ///< such as "GET"
  std::string path;   ///< without escapes: "/api/nodes"
  std::string host;   ///< the header; empty: none
  std::string content_type;
  std::string body;
};

struct http_answer {
  int status = 200;
  std::string body; ///< one JSON document
};

/// An answer {"error": ...}.
http_answer http_failure(int status, const std::string& error);

/// Thread-safe if the access is.
class http_api {
public:
  explicit http_api(cluster_access cluster);

  /// Never throws: errors become answers with one line for the user.
  http_answer answer(const http_question& asked) const;

private:
  cluster_access cluster_;
};

} // namespace braid
