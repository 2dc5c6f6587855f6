// The node process: braid-node --config FILE
#include "tools/configuration.hpp"
#include "tools/run_node.hpp"
#include "tools/version.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>

namespace {

int run_program(int argc, char** argv) {
  using namespace braid;
  CLI::App app{"Runs a node of a Braid cluster until SIGINT or SIGTERM."};
  node_options options;
  bool check = false;
  bool print_defaults = false;
  app.add_option("--config", options.config, "configuration file (TOML)")
    ->type_name("FILE");
  app
    .add_option("--set", options.overrides,
                "overrides a key of the file; may be repeated")
    ->type_name("SECTION.KEY=VALUE")
    ->allow_extra_args(false);
  app.add_flag("--check", check,
               "only says whether the configuration is valid and its plug-ins "
               "can be loaded");
  app.add_flag("--print-defaults", print_defaults,
               "prints a complete configuration file with all defaults");
  app.set_version_flag("--version", std::string{"braid-node "} + version());
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    if (wrong.get_exit_code() == 0)
      return app.exit(wrong);
    std::cerr << "braid-node: " << wrong.what() << "; see braid-node --help\n";
    return misused;
  }
  if (print_defaults) {
    std::cout << default_configuration();
    return succeeded;
  }
  return check ? check_node(options) : run_node(options);
}

} // namespace

int main(int argc, char** argv) {
  try {
    return run_program(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "braid-node: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
