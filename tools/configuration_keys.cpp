#include "tools/configuration_keys.hpp"

#include "tools/configuration_scaling.hpp"
#include "tools/configuration_section.hpp"

namespace braid {

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t KiB = std::uint64_t{1} << 10;
constexpr std::uint64_t MiB = std::uint64_t{1} << 20;
constexpr std::uint64_t GiB = std::uint64_t{1} << 30;

using settings = node_configuration;

configuration_section node_section() {
  return section_of("node", &settings::node, "Who this node is.")
    .key("name", &settings::node_settings::name, plain_name(),
         "What the node is called in logs, on pages and by braidctl; unique in "
         "the cluster.")
    .key("supervisor", &settings::node_settings::supervisor, boolean(),
         "Whether this node takes in topologies and supervises them.")
    .key("max_partitions", &settings::node_settings::max_partitions,
         whole_number(0, 65536),
         "How many partitions of a run it takes at most, but for those of lost "
         "nodes; 0: any number.")
    .built();
}

configuration_section cluster_section() {
  return section_of("cluster", &settings::cluster,
                    "Which nodes belong together, and when one counts as lost.")
    .key("nodes", &settings::cluster_settings::nodes, remote_addresses(),
         "Control addresses of the nodes to look for, this one's own allowed, "
         "in any order; empty: the node is alone.")
    .key("heartbeat", &settings::cluster_settings::heartbeat,
         duration(10ms, 1min),
         "How often a node tells the others that it is alive.")
    .key("lost_after", &settings::cluster_settings::lost_after,
         duration(20ms, 10min),
         "Silence after which a node counts as lost and its work is restored "
         "elsewhere; at least two heartbeats.")
    .built();
}

configuration_section journal_section() {
  return section_of("journal", &settings::journal,
                    "What outlives the process of a supervising node.")
    .key("folder", &settings::journal_settings::folder, optional_file(),
         "Where a supervising node writes its decisions down, so that it can "
         "be started again; empty: nowhere, and the runs end with it.")
    .key("wait", &settings::journal_settings::wait, duration(100ms, 1h),
         "How long it then waits for the nodes of its runs, before they count "
         "as lost.")
    .built();
}

configuration_section control_section() {
  return section_of("control", &settings::control,
                    "Where other nodes send commands and reports.")
    .key("listen", &settings::listen_settings::listen, listen_address(),
         "The node's control address, by which other nodes find it.")
    .built();
}

configuration_section data_section() {
  return section_of("data", &settings::data,
                    "Where other nodes send batches and state.")
    .key("listen", &settings::listen_settings::listen, listen_address(),
         "A port of its own keeps heavy traffic away from commands.")
    .built();
}

configuration_section http_section() {
  return section_of("http", &settings::http,
                    "Where people and braidctl look at the node.")
    .key("listen", &settings::listen_settings::listen, listen_address(),
         "Address of the dashboard and of braidctl's requests.")
    .built();
}

configuration_section security_section() {
  return section_of("security", &settings::security,
                    "Who may reach the node. Closed by default.")
    .key("insecure", &settings::security_settings::insecure, boolean(),
         "Allows listening on more than loopback, unencrypted and open to "
         "everybody who can connect.")
    .built();
}

configuration_section plugins_section() {
  return section_of("plugins", &settings::plugins,
                    "Code that the node loads when it starts.")
    .key("topologies", &settings::plugin_settings::topologies, readable_files(),
         "Shared libraries that define topologies; relative paths start at "
         "this file's folder.")
    .built();
}

configuration_section scheduler_section() {
  return section_of("scheduler", &settings::scheduler,
                    "How the actors of this node share its cores.")
    .key("threads", &settings::scheduler_settings::threads,
         whole_number(0, 1024), "Worker threads; 0: one a core, and two more.")
    .key("messages_per_turn", &settings::scheduler_settings::messages_per_turn,
         whole_number(1, 10000),
         "Messages an actor handles before the next one has its turn: fewer "
         "are fairer, more are faster.")
    .built();
}

configuration_section epochs_section() {
  return section_of("epochs", &settings::epochs,
                    "How sources cut their streams into epochs.")
    .key("length", &settings::epoch_settings::length, duration(100us, 10s),
         "An epoch this old is closed: shorter lowers latency, longer lowers "
         "overhead.")
    .key("idle_length", &settings::epoch_settings::idle_length,
         duration(1ms, 1min),
         "How often a source without input closes an empty epoch.")
    .key("in_flight", &settings::epoch_settings::in_flight,
         whole_number(1, 1024),
         "Epochs a sender may be ahead of a receiver; bounds memory and "
         "latency under load.")
    .key("max_tuples", &settings::epoch_settings::max_tuples,
         whole_number(1, 16 * MiB),
         "An epoch with this many tuples is closed early.")
    .key("max_bytes", &settings::epoch_settings::max_bytes, size(KiB, GiB),
         "An epoch of this size is closed early.")
    .built();
}

configuration_section batches_section() {
  return section_of("batches", &settings::batches,
                    "How tuples travel between partitions.")
    .key("size", &settings::batch_settings::size, size(KiB, 16 * MiB),
         "A batch of this size is sent without waiting for the end of its "
         "epoch.")
    .built();
}

configuration_section checkpoints_section() {
  return section_of("checkpoints", &settings::checkpoints,
                    "How runs outlive the nodes that they run on.")
    .key("enabled", &settings::checkpoint_settings::enabled, boolean(),
         "Whether runs on several nodes survive the loss of nodes; false saves "
         "the work.")
    .key("interval", &settings::checkpoint_settings::interval,
         duration(10ms, 1h),
         "How often runs take a checkpoint: shorter makes recovery quicker and "
         "buffers smaller, longer costs less.")
    .key("replicas", &settings::checkpoint_settings::replicas,
         whole_number(1, 16),
         "On how many other nodes each checkpoint is kept: as many nodes may "
         "be lost at once.")
    .key("replay_budget", &settings::checkpoint_settings::replay_budget,
         duration(10ms, 1h),
         "Processing since the last checkpoint, by any partition, stays below "
         "it: that much at most is done again after a loss. Checkpoints are "
         "taken earlier for it, one at a time.")
    .key("replay_memory", &settings::checkpoint_settings::replay_memory,
         size(64 * KiB, 1024 * GiB),
         "How much memory this node gives to what its partitions sent and may "
         "have to send again: as it fills, a checkpoint is taken early; when "
         "it is full, sources hold data back until one is stable.")
    .key("max_attempts", &settings::checkpoint_settings::max_attempts,
         whole_number(1, 1000),
         "How often code may fail: a tuple that does it so often becomes a "
         "dead letter, any other failure ends the run.")
    .key("memory", &settings::checkpoint_settings::memory,
         size(MiB, 1024 * GiB),
         "How much memory this node gives to checkpoints of other nodes.")
    .built();
}

configuration_section savepoints_section() {
  return section_of("savepoints", &settings::savepoints,
                    "Where the node that supervises writes down runs, to start "
                    "them again.")
    .key("directory", &settings::savepoint_settings::directory, optional_file(),
         "The folder for them; empty: savepoints, where the node was started.")
    .key("interval", &settings::savepoint_settings::interval,
         duration(0s, 24h * 7),
         "How often one is taken of every run; 0us: only when asked for.")
    .key("keep", &settings::savepoint_settings::keep, whole_number(1, 1000),
         "How many of those taken by the clock stay of each run.")
    .built();
}

configuration_section timeouts_section() {
  return section_of("timeouts", &settings::timeouts,
                    "How long to wait before giving up.")
    .key("request", &settings::timeout_settings::request, duration(10ms, 1h),
         "For the answer of another node.")
    .key("connect", &settings::timeout_settings::connect, duration(10ms, 1h),
         "For a connection to another node.")
    .key("stop", &settings::timeout_settings::stop, duration(10ms, 1h),
         "For everything to end in good order when the node is stopped.")
    .key("submit", &settings::timeout_settings::submit, duration(10ms, 1h),
         "For all partitions of a new topology to be in place.")
    .built();
}

configuration_section logging_section() {
  return section_of("logging", &settings::logging,
                    "What the node writes about its work.")
    .key("level", &logging_settings::level, level(),
         "The least important messages that are written.")
    .key("format", &logging_settings::format, format(),
         "text for people; json for programs, one object a line.")
    .key("file", &logging_settings::file, optional_file(),
         "Where messages are appended; empty: standard error.")
    .built();
}

configuration_section levels_section() {
  configuration_section result{
    "logging.levels",
    "Levels of single parts of the node; empty: as logging.level.",
    {}};
  for (const auto& [name, about] : log_components) {
    std::string component{name};
    auto get = [=](const node_configuration& from) -> std::optional<log_level> {
      auto found = from.logging.levels.find(component);
      if (found == from.logging.levels.end())
        return std::nullopt;
      return found->second;
    };
    auto set = [=](node_configuration& into, std::optional<log_level> value) {
      if (value)
        into.logging.levels[component] = *value;
      else
        into.logging.levels.erase(component);
    };
    result.keys.push_back(
      make_key(result.name, component, optional_level(), get, set));
    result.keys.back().why = about;
  }
  return result;
}

} // namespace

const std::vector<configuration_section>& configuration_sections() {
  static const std::vector<configuration_section> sections{
    node_section(),       cluster_section(), journal_section(),
    control_section(),    data_section(),    http_section(),
    security_section(),   plugins_section(), scheduler_section(),
    epochs_section(),     batches_section(), checkpoints_section(),
    savepoints_section(), scaling_section(), pool_section(),
    timeouts_section(),   logging_section(), levels_section(),
  };
  return sections;
}

} // namespace braid
