// How braidctl talks to a node.
#pragma once

#include "tools/endpoint.hpp"
#include "tools/json_reports.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

namespace braid {

/// A command could not be carried out. what() is one line for the user.
class braidctl_error : public std::runtime_error {
public:
  explicit braidctl_error(const std::string& what, bool later = false)
    : std::runtime_error(what), worth_repeating(later) {}

  /// A node answers, but not the one that supervises.
  bool worth_repeating;
};

/// Reads "http://host:port"; "http://" may be left out.
///
/// @throws std::invalid_argument whose what() is "problem; remedy".
endpoint parse_node_address(const std::string& text);

/// Asks one node over HTTP. Every member throws `braidctl_error` if nobody
/// answers in time, or the answer is an error.
class braidctl_client {
public:
  /// `limit`: for an answer.
  braidctl_client(endpoint node, std::chrono::microseconds limit);

  json get(const std::string& path) const;
  json post(const std::string& path, const json& body) const;
  json remove(const std::string& path) const;

  std::chrono::microseconds limit() const {
    return limit_;
  }

private:
  template <class Ask>
  json ask(Ask&& how) const;

  endpoint node_;
  std::chrono::microseconds limit_;
};

} // namespace braid
