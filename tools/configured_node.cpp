#include "tools/configured_node.hpp"

namespace braid {

namespace {

address address_of(const endpoint& where) {
  return {where.host, where.port};
}

run_settings run_settings_of(const node_configuration& configuration) {
  auto in_us = [](std::chrono::microseconds x) {
    return static_cast<std::uint64_t>(x.count());
  };
  auto& epochs = configuration.epochs;
  run_settings result;
  result.epoch_length_us = in_us(epochs.length);
  result.idle_length_us = in_us(epochs.idle_length);
  result.max_tuples = epochs.max_tuples;
  result.max_bytes = epochs.max_bytes;
  result.in_flight = epochs.in_flight;
  result.batch_bytes = configuration.batches.size;
  auto& checkpoints = configuration.checkpoints;
  result.checkpoint_interval_us =
    checkpoints.enabled ? in_us(checkpoints.interval) : 0;
  result.replicas = checkpoints.replicas;
  result.replay_budget_us = in_us(checkpoints.replay_budget);
  result.max_attempts = checkpoints.max_attempts;
  return result;
}

} // namespace

node_settings node_settings_of(const node_configuration& configuration) {
  node_settings result;
  result.name = configuration.node.name;
  result.supervisor = configuration.node.supervisor;
  result.most_partitions =
    static_cast<std::uint32_t>(configuration.node.max_partitions);
  result.control = address_of(configuration.control.listen);
  result.data = address_of(configuration.data.listen);
  result.http = address_of(configuration.http.listen);
  for (auto& where : configuration.cluster.nodes)
    result.look_for.push_back(address_of(where));
  result.heartbeat = configuration.cluster.heartbeat;
  result.lost_after = configuration.cluster.lost_after;
  result.journal = configuration.journal.folder;
  result.return_limit = configuration.journal.wait;
  auto& timeouts = configuration.timeouts;
  result.request_limit = timeouts.request;
  result.connect_limit = timeouts.connect;
  result.submit_limit = timeouts.submit;
  result.stop_limit = timeouts.stop;
  result.threads = configuration.scheduler.threads;
  result.messages_per_turn = configuration.scheduler.messages_per_turn;
  result.backup_bytes = configuration.checkpoints.memory;
  result.replay_bytes = configuration.checkpoints.replay_memory;
  auto& savepoints = configuration.savepoints;
  auto folder =
    savepoints.directory.empty() ? "savepoints" : savepoints.directory;
  result.savepoints.directory = std::filesystem::absolute(folder).string();
  result.savepoints.interval_us =
    static_cast<std::uint64_t>(savepoints.interval.count());
  result.savepoints.keep = savepoints.keep;
  result.scaling = configuration.scaling;
  result.scaling_of = configuration.scaling_of;
  result.pool = configuration.pool;
  result.runs = run_settings_of(configuration);
  return result;
}

topology_registry load_plugins(const node_configuration& configuration) {
  topology_registry result;
  for (auto& library : configuration.plugins.topologies)
    result.load(library);
  return result;
}

} // namespace braid
