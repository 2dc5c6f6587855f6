// Nodes as processes on loopback, and braidctl to ask them.
#pragma once

#include "tests/cluster/process.hpp"

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace braid::testing {

/// A running braid-node, by default with ports that nobody else has.
class node_process {
public:
  /// `settings`: "section.key=value".
  explicit node_process(const std::vector<std::string>& settings);

  process& running() {
    return *process_;
  }

  /// Addresses in the line that says that the node is ready, for which these
  /// wait.
  const std::string& control();
  const std::string& data();
  const std::string& http(); ///< with "http://"

private:
  void await();

  std::unique_ptr<process> process_;
  std::string control_;
  std::string data_;
  std::string http_;
};

/// The plug-in of a topology, in `braid-node`'s words.
std::string plugin_setting(const std::vector<std::string>& names);

/// Nodes that look for each other: node 0, "supervisor", and "worker-1",
/// "worker-2" ... with all plug-ins of the tests.
class cluster {
public:
  explicit cluster(std::size_t nodes, std::vector<std::string> settings = {});

  /// Starts one; in any order.
  void start(std::size_t number);

  /// Starts those that are not yet, and waits until all have met.
  void start_all();

  node_process& node(std::size_t number) {
    return *nodes_.at(number);
  }

  static std::string name_of(std::size_t number);

  /// Runs braidctl against node 0, or `asked`.
  ended control(std::vector<std::string> arguments, std::size_t asked = 0);

  /// The same, which must succeed; what it answers in JSON.
  nlohmann::json ask(std::vector<std::string> arguments, std::size_t asked = 0);

  /// Submits a topology, which must succeed; returns the name of the run.
  std::string submit(std::vector<std::string> arguments);

  /// Asks again until `enough` holds for the answer.
  nlohmann::json
  ask_until(const std::vector<std::string>& arguments,
            const std::function<bool(const nlohmann::json&)>& enough);

private:
  std::vector<std::string> settings_;
  std::vector<std::string> addresses_;
  std::vector<std::unique_ptr<node_process>> nodes_;
};

} // namespace braid::testing
