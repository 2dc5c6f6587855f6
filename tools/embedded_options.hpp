// The command line of a program that embeds a node.
#pragma once

#include "tools/configuration.hpp"
#include "tools/endpoint.hpp"

#include "actors/deployment.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace braid {

struct embedded_options {
  submission asked; ///< all but the topology
  std::filesystem::path config;
  bool http = false;
  std::optional<endpoint> http_at;
  std::optional<log_level> level;
  bool verbose = false;
  bool help = false;
};

/// Reads arguments: `--NAME VALUE...` is a setting of the topology, several
/// values are joined by commas, and without a value it is "true"; but some
/// names are options of the program, which `embedded_help` lists.
///
/// @throws std::invalid_argument whose what() is "problem; remedy".
embedded_options
parse_embedded_options(const std::vector<std::string>& arguments);

/// What --help prints.
std::string embedded_help(const std::string& program);

} // namespace braid
