// The command line of a cluster: braidctl COMMAND. docs/braidctl.md is its
// reference.
#include "tools/braidctl_commands.hpp"
#include "tools/braidctl_tables.hpp"
#include "tools/run_node.hpp"
#include "tools/spelling.hpp"
#include "tools/units.hpp"
#include "tools/version.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <unistd.h>

namespace {

using namespace braid;
using namespace std::chrono_literals;

/// What stands on the command line.
struct arguments {
  std::string node = "http://127.0.0.1:4780";
  std::string format = "table";
  std::string timeout = "30s";
  std::string name; ///< of a run, or of a topology to submit
  std::vector<std::string> settings;
  std::vector<std::string> parallelism_of;
  submission asked;
  std::uint64_t count_cuts = 0;
  bool wait = false;
  std::string limit;
  std::string savepoint; ///< what it is to be called, or which one
  bool watch = false;
  std::string operator_name;
  std::uint32_t partitions = 0;
  bool dry_run = false;
};

/// The two sides of "key=value".
std::pair<std::string, std::string> split(const std::string& text,
                                          const std::string& option) {
  auto equals = text.find('=');
  if (equals == 0 || equals == std::string::npos)
    throw std::invalid_argument(option + " \"" + text
                                + "\" lacks a name or a value; write it like "
                                + option + " NAME=VALUE");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::uint32_t parse_partitions(const std::string& text,
                               const std::string& option) {
  std::uint32_t result = 0;
  if (!CLI::detail::lexical_cast(text, result) || result == 0
      || text.starts_with('-'))
    throw std::invalid_argument(option + ": \"" + text
                                + "\" is no number of partitions; give a whole "
                                  "number from 1");
  return result;
}

submission submission_of(const arguments& given) {
  auto result = given.asked;
  result.topology = given.name;
  for (auto& text : given.settings)
    result.settings.insert_or_assign(split(text, "--set").first,
                                     split(text, "--set").second);
  for (auto& text : given.parallelism_of) {
    auto [name, partitions] = split(text, "--parallelism-of");
    result.parallelism_of[name] =
      parse_partitions(partitions, "--parallelism-of " + name);
  }
  if (given.count_cuts != 0)
    result.count_cuts = given.count_cuts;
  return result;
}

bool is_terminal() {
  const char* kind = std::getenv("TERM");
  return isatty(STDOUT_FILENO) && kind && std::string_view{kind} != "dumb";
}

void add_submit(CLI::App& app, arguments& into) {
  // Commands made from here on take the general options behind them, too.
  app.fallthrough();
  auto* command = app.add_subcommand("submit", "runs a topology");
  command->add_option("NAME", into.name, "the topology")->required();
  command
    ->add_option("--set", into.settings,
                 "settings of the topology; nodes open paths, so absolute ones "
                 "are best")
    ->type_name("KEY=VALUE");
  command
    ->add_option("--parallelism", into.asked.parallelism,
                 "partitions of every operator (default: one a core of the "
                 "cluster)")
    ->check(CLI::Range(1, 65536))
    ->type_name("N");
  command
    ->add_option("--parallelism-of", into.parallelism_of,
                 "partitions of one operator")
    ->type_name("OPERATOR=N");
  command
    ->add_option("--count-cuts", into.count_cuts,
                 "every epoch of a source slice has just so many tuples")
    ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{0xffffffff}))
    ->type_name("N");
  command
    ->add_option("--record-cuts", into.asked.record_cuts,
                 "writes down where sources cut their streams")
    ->type_name("DIR");
  command
    ->add_option("--repeat-cuts", into.asked.repeat_cuts,
                 "cuts where an earlier run did")
    ->type_name("DIR");
  auto* from = command
                 ->add_option("--from", into.asked.from,
                              "begins from a savepoint: a name in the "
                              "supervising node's folder, or a path")
                 ->type_name("SAVEPOINT");
  command
    ->add_option("--drop", into.asked.drop,
                 "operators whose state in the savepoint is left behind")
    ->needs(from)
    ->type_name("OPERATOR");
  command
    ->add_flag("--allow-missing", into.asked.allow_missing,
               "leaves behind all state whose operator is not there any more")
    ->needs(from);
  auto* wait =
    command->add_flag("--wait", into.wait, "returns when the run is over");
  command->add_option("--limit", into.limit, "waits no longer, such as 5m")
    ->needs(wait)
    ->type_name("TIME");
}

void add_savepoint(CLI::App& app, arguments& into) {
  auto* command = app.add_subcommand(
    "savepoint", "writes down all that a run needs to start again");
  command->add_option("NAME", into.name,
                      "the run; its first letters are enough");
  command
    ->add_option("--as", into.savepoint,
                 "what to call it (default: the run and the time)")
    ->type_name("SAVEPOINT");
  command->add_subcommand("list", "lists all savepoints");
  command->add_subcommand("verify", "reads one from end to end")
    ->add_option("SAVEPOINT", into.savepoint,
                 "a name in the supervising node's folder, or a path")
    ->required();
  command->require_subcommand(0, 1);
}

void add_scaling(CLI::App& app, arguments& into) {
  auto* scale = app.add_subcommand(
    "scale", "gives an operator of a run other partitions, while it goes on");
  scale->add_option("NAME", into.name, "the run; its first letters are enough")
    ->required();
  auto* name = scale->add_option("OPERATOR", into.operator_name);
  auto* partitions =
    scale->add_option("N", into.partitions, "how many partitions")
      ->check(CLI::Range(1, 65536));
  name->needs(partitions);
  auto* rebalance = app.add_subcommand(
    "rebalance", "evens out what the partitions of operators have to do");
  rebalance
    ->add_option("NAME", into.name, "the run; its first letters are enough")
    ->required();
  rebalance->add_option("OPERATOR", into.operator_name, "only this one");
  auto* drain = app.add_subcommand(
    "drain", "takes all partitions away from a node, while they go on");
  drain->add_option("NODE", into.name)->required();
  for (auto* command : {scale, rebalance, drain})
    command->add_flag("--dry-run", into.dry_run, "only says what it would do");
  scale->add_subcommand("abort", "takes back what is under way");
  scale->require_subcommand(0, 1);
}

void add_commands(CLI::App& app, arguments& into) {
  add_submit(app, into);
  add_savepoint(app, into);
  add_scaling(app, into);
  app.add_subcommand("list", "lists all runs");
  auto* status = app.add_subcommand("status", "shows one run in detail");
  auto* history =
    app.add_subcommand("history", "shows how a run was scaled, and why");
  auto* cancel = app.add_subcommand("cancel", "stops a run");
  auto* wait = app.add_subcommand("wait", "returns when a run is over");
  for (auto* command : {status, history, cancel, wait})
    command
      ->add_option("NAME", into.name, "the run; its first letters are enough")
      ->required();
  wait->add_option("--limit", into.limit, "waits no longer, such as 5m")
    ->type_name("TIME");
  app.add_subcommand("nodes", "lists all nodes");
  app.add_subcommand("tree", "shows the actors of all nodes")
    ->add_flag("--watch", into.watch, "again every second, until Ctrl-C");
  app.require_subcommand(1);
}

void add_options(CLI::App& app, arguments& into) {
  app
    .add_option("--node", into.node,
                "where any node of the cluster serves HTTP")
    ->envname("BRAID_NODE")
    ->type_name("URL")
    ->capture_default_str();
  app.add_option("--output", into.format, "for people, or for programs")
    ->check(CLI::IsMember({"table", "json"}))
    ->type_name("FORMAT")
    ->capture_default_str();
  app.add_option("--timeout", into.timeout, "for an answer of the node")
    ->type_name("TIME")
    ->capture_default_str();
  app.set_version_flag("--version", std::string{"braidctl "} + version());
}

void carry_out(const std::string& command, const arguments& given,
               const braidctl& cluster, braidctl::time_limit limit) {
  if (command == "submit") {
    // Programs want one JSON document, people want to know at once.
    auto announce = !given.wait || given.format == "table";
    auto run = cluster.submit(submission_of(given), announce);
    if (given.wait)
      cluster.wait(run, limit);
  } else if (command == "list") {
    cluster.list();
  } else if (command == "status") {
    cluster.status(given.name);
  } else if (command == "history") {
    cluster.history(given.name);
  } else if (command == "cancel") {
    cluster.cancel(given.name);
  } else if (command == "wait") {
    cluster.wait(given.name, limit);
  } else if (command == "savepoint list") {
    cluster.list_savepoints();
  } else if (command == "savepoint verify") {
    cluster.verify_savepoint(given.savepoint);
  } else if (command == "savepoint") {
    if (given.name.empty())
      throw std::invalid_argument("savepoint: NAME is required; name a run, or "
                                  "say list or verify");
    cluster.savepoint(given.name, given.savepoint);
  } else if (command == "scale abort") {
    cluster.abort_scaling(given.name);
  } else if (command == "scale") {
    if (given.operator_name.empty())
      throw std::invalid_argument("scale: OPERATOR and N are required; or say "
                                  "scale NAME abort");
    cluster.scale(given.name, given.operator_name, given.partitions,
                  given.dry_run);
  } else if (command == "rebalance") {
    cluster.rebalance(given.name, given.operator_name, given.dry_run);
  } else if (command == "drain") {
    cluster.drain(given.name, given.dry_run);
  } else if (command == "nodes") {
    cluster.nodes();
  } else if (given.watch) {
    cluster.watch_tree(1s, is_terminal() ? "\x1b[H\x1b[J" : "");
  } else {
    cluster.tree();
  }
}

int run(const std::string& command, const arguments& given) {
  try {
    auto limit = given.limit.empty()
                   ? braidctl::time_limit{}
                   : braidctl::time_limit{parse_duration(given.limit)};
    braidctl_client client{parse_node_address(given.node),
                           parse_duration(given.timeout)};
    auto colour = is_terminal() && !std::getenv("NO_COLOR");
    braidctl cluster{
      client,
      given.format == "json" ? output_format::answers : output_format::tables,
      colour ? text_table::emphasis{colour_states} : text_table::emphasis{},
      std::cout};
    carry_out(command, given, cluster, limit);
    return succeeded;
  } catch (const std::invalid_argument& wrong) {
    std::cerr << "braidctl: " << wrong.what() << '\n';
    return misused;
  } catch (const std::exception& failed) {
    std::cerr << "braidctl: " << failed.what() << '\n';
    return failed_running;
  }
}

/// What the library says, but for misspelt commands, which it only misses.
std::string explain(const CLI::ParseError& wrong, const CLI::App& app) {
  auto rest = app.remaining();
  if (rest.empty() || !app.get_subcommands().empty())
    return wrong.what();
  std::vector<std::string> commands;
  for (auto* command : app.get_subcommands({}))
    commands.push_back(command->get_name());
  auto meant = nearest(rest.front(), commands);
  return "there is no command '" + rest.front() + "'"
         + (meant ? "; did you mean '" + *meant + "'?" : "");
}

/// The command on the command line, with the one below it: "savepoint list".
std::string command_of(const CLI::App& app) {
  auto* command = app.get_subcommands().front();
  auto result = command->get_name();
  for (auto* below : command->get_subcommands())
    result += ' ' + below->get_name();
  return result;
}

int run_program(int argc, char** argv) {
  CLI::App app{"Submits topologies to a Braid cluster and looks at it."};
  arguments given;
  add_options(app, given);
  add_commands(app, given);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    if (wrong.get_exit_code() == 0)
      return app.exit(wrong);
    std::cerr << "braidctl: " << explain(wrong, app)
              << "; see braidctl --help\n";
    return misused;
  }
  return run(command_of(app), given);
}

} // namespace

int main(int argc, char** argv) {
  try {
    return run_program(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "braidctl: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
