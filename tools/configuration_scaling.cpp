#include "tools/configuration_scaling.hpp"

#include "tools/configuration_section.hpp"

#include "operators/slice.hpp"

namespace braid {

using namespace std::chrono_literals;

namespace {

constexpr std::string_view prefix = "scaling.";

configuration_section scaling_keys(const std::string& name,
                                   section_of<scaling_settings>::place settings,
                                   std::string why) {
  using s = scaling_settings;
  return section_of<s>(name, std::move(settings), std::move(why))
    .key("policy", &s::policy, policy(),
         "Who decides how many partitions operators have: people alone, the "
         "busiest partition, or the rates at which tuples come and go.")
    .key("dry_run", &s::dry_run, boolean(),
         "Whether the policy's decisions are only recorded, for braidctl "
         "history.")
    .key("interval", &s::interval, duration(100ms, 1h),
         "How often partitions are measured.")
    .key("consecutive", &s::consecutive, whole_number(1, 1000),
         "Measurements in a row that must say the same before an operator gets "
         "more partitions.")
    .key("threshold", &s::threshold, whole_number(1, 99),
         "threshold: a partition that is busy for more per cent of its time "
         "than this is a bottleneck.")
    .key("lower_bound", &s::lower_bound, whole_number(1, 99),
         "threshold: an operator gets fewer partitions as far as they stay "
         "below this many per cent; below threshold.")
    .key("target", &s::target, whole_number(1, 99),
         "rate: for how many per cent of their time partitions are to be busy.")
    .key("cool_down", &s::cool_down, duration(0s, 24h),
         "Nothing is decided for so long after a change.")
    .key("scale_in_after", &s::scale_in_after, duration(100ms, 24h),
         "An operator gets fewer partitions once they would have been enough "
         "all this time; at least interval.")
    .key("max_backlog", &s::max_backlog, duration(1ms, 1h),
         "No operator gets fewer partitions while more work than this waits "
         "anywhere.")
    .key("catch_up", &s::catch_up, duration(100ms, 24h),
         "rate: a backlog is to be worked off within this time.")
    .key("min_parallelism", &s::min_parallelism, whole_number(1, max_slices),
         "No operator is given fewer partitions by a policy.")
    .key("max_parallelism", &s::max_parallelism, whole_number(1, max_slices),
         "No operator is given more partitions by a policy.")
    .built();
}

} // namespace

configuration_section scaling_section() {
  return scaling_keys(
    "scaling",
    [](node_configuration& of) -> scaling_settings& { return of.scaling; },
    "When operators get more or fewer partitions. [scaling.NAME] has the same "
    "keys, for one topology.");
}

configuration_section scaling_section_of(const std::string& topology) {
  return scaling_keys(
    std::string{prefix} + topology,
    [topology](node_configuration& of) -> scaling_settings& {
      return of.scaling_of.try_emplace(topology, of.scaling).first->second;
    },
    "As [scaling], for one topology.");
}

configuration_section pool_section() {
  using provider = provider_settings;
  auto pool = [](node_configuration& of) -> pool_settings& { return of.pool; };
  auto nodes_from = [](node_configuration& of) -> provider& {
    return of.pool.nodes_from;
  };
  auto result =
    section_of<provider>("pool", nodes_from,
                         "Where the node that supervises gets more nodes.")
      .key("provider", &provider::provider, node_provider_kind(),
           "Who starts nodes: people, who are asked; this node, as processes "
           "beside it; or a command of yours.")
      .key("command", &provider::command, words(),
           "What starts a node: a program and its arguments, with {name} and "
           "{address}, where it finds the cluster.")
      .key("stop_command", &provider::stop_command, words(),
           "command: what stops a node; empty: nothing need be done.")
      .key("attempts", &provider::attempts, whole_number(1, 100),
           "command: how often a command is tried.")
      .key("time_limit", &provider::time_limit, duration(100ms, 24h),
           "command: how long it may take.")
      .key("output", &provider::output, optional_file(),
           "A folder for what commands and nodes print; empty: where this "
           "node's output goes.")
      .built();
  auto more =
    section_of<pool_settings>("pool", pool, "")
      .key("spares", &pool_settings::spares, whole_number(0, 1024),
           "So many nodes are kept without work, for partitions to come. "
           "Process and command start more when what was decided finds no room "
           "(node.max_partitions).")
      .key("most_nodes", &pool_settings::most_nodes, whole_number(1, 1024),
           "No more nodes than this are ordered.")
      .key("join_limit", &pool_settings::join_limit, duration(1s, 24h),
           "A node that was started and has not joined by then is stopped.")
      .key("give_back_after", &pool_settings::give_back_after,
           duration(1s, 24h),
           "An ordered node is stopped when it was one spare too many for this "
           "long.")
      .built();
  for (auto& key : more.keys)
    result.keys.push_back(std::move(key));
  return result;
}

std::string topology_of_section(const std::string& section) {
  return section.starts_with(prefix) ? section.substr(prefix.size())
                                     : std::string{};
}

} // namespace braid
