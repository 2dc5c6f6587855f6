// A program that is a node, for one topology of its own:
//
//     int main(int argc, char** argv) {
//       braid::embedded_node node{argc, argv, braid::topologies_here()};
//       return node.run("word_count");
//     }
#pragma once

#include "operators/plugin.hpp"

#include <string>
#include <vector>

namespace braid {

struct embedded_options;

class embedded_node {
public:
  embedded_node(int argc, char** argv,
                std::vector<const topology_entry*> topologies);

  /// Runs `topology` with the settings on the command line until it is
  /// complete, or cancels it at SIGINT or SIGTERM. Returns the exit status: 0;
  /// 1 if the run failed or was cancelled; 2 for a mistake on the command line.
  /// Whatever is wrong is one line on standard error. To be called before the
  /// program has other threads.
  int run(const std::string& topology);

private:
  int run_given(const embedded_options& given, const std::string& topology);

  std::string program_;
  std::vector<std::string> arguments_;
  std::vector<const topology_entry*> topologies_;
};

} // namespace braid
