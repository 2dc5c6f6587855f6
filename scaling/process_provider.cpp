#include "scaling/process_provider.hpp"

#include <optional>
#include <system_error>
#include <utility>

namespace braid {

namespace {

std::string mark_of(const node_order& order) {
  return "BRAID_POOL_NODE=" + order.name + '@' + order.address;
}

} // namespace

process_provider::process_provider(options values)
  : options_(std::move(values)) {
  check_command("pool.command", options_.command);
}

void process_provider::start(const node_order& order, time_point) {
  // One of an earlier life may not have come back to the cluster yet.
  if (knows(order.name) || adopt(order))
    return;
  auto output = options_.output.empty()
                  ? std::filesystem::path{}
                  : options_.output / (order.name + ".log");
  try {
    auto process = std::make_unique<child_process>(
      command_for(options_.command, order), output, mark_of(order));
    events_.push_back({node_event::kind::started, order.name,
                       "process " + std::to_string(process->id())});
    nodes_[order.name].process = std::move(process);
  } catch (const std::system_error& error) {
    events_.push_back({node_event::kind::failed, order.name, error.what()});
  }
}

bool process_provider::adopt(const node_order& order) {
  if (knows(order.name))
    return true;
  auto id = orphan_process::find(mark_of(order));
  if (!id)
    return false;
  try {
    auto process = std::make_unique<orphan_process>(*id);
    events_.push_back(
      {node_event::kind::started, order.name,
       "by an earlier life of this node, process " + std::to_string(*id)});
    adopted_[order.name].process = std::move(process);
  } catch (const std::system_error&) {
    return false; // it has just ended
  }
  return true;
}

bool process_provider::knows(const std::string& name) const {
  return nodes_.contains(name) || adopted_.contains(name);
}

void process_provider::stop(const std::string& name, time_point now) {
  stop(nodes_, name, now);
  stop(adopted_, name, now);
}

template <class Process>
void process_provider::stop(running_nodes<Process>& nodes,
                            const std::string& name, time_point now) {
  auto found = nodes.find(name);
  if (found == nodes.end())
    return;
  found->second.is_to_stop = true;
  found->second.process->stop(now, options_.stop_limit);
}

std::vector<node_event> process_provider::poll(time_point now) {
  take_ends(adopted_, [&](orphan_process& process) {
    return process.poll(now)
             ? std::optional{"process " + std::to_string(process.id())}
             : std::nullopt;
  });
  take_ends(nodes_, [&](child_process& process) -> std::optional<std::string> {
    auto end = process.poll(now);
    if (!end)
      return std::nullopt;
    auto line = process.last_line();
    return to_string(*end) + (line.empty() ? "" : ": " + line);
  });
  return std::exchange(events_, {});
}

template <class Process, class EndOf>
void process_provider::take_ends(running_nodes<Process>& nodes,
                                 EndOf&& end_of) {
  for (auto i = nodes.begin(); i != nodes.end();) {
    auto& node = i->second;
    auto end = end_of(*node.process);
    if (!end) {
      ++i;
      continue;
    }
    auto what =
      node.is_to_stop ? node_event::kind::stopped : node_event::kind::ended;
    events_.push_back({what, i->first, std::move(*end)});
    i = nodes.erase(i);
  }
}

} // namespace braid
