#include "scaling/process_provider.hpp"

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
  if (nodes_.count(order.name) > 0 || adopt(order))
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
  if (nodes_.count(order.name) > 0 || adopted_.count(order.name) > 0)
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

void process_provider::stop(const std::string& name, time_point now) {
  if (auto adopted = adopted_.find(name); adopted != adopted_.end()) {
    adopted->second.is_to_stop = true;
    adopted->second.process->stop(now, options_.stop_limit);
  }
  auto found = nodes_.find(name);
  if (found == nodes_.end())
    return;
  found->second.is_to_stop = true;
  found->second.process->stop(now, options_.stop_limit);
}

void process_provider::poll_adopted(time_point now) {
  for (auto i = adopted_.begin(); i != adopted_.end();) {
    auto& node = i->second;
    if (!node.process->poll(now)) {
      ++i;
      continue;
    }
    auto what =
      node.is_to_stop ? node_event::kind::stopped : node_event::kind::ended;
    events_.push_back(
      {what, i->first, "process " + std::to_string(node.process->id())});
    i = adopted_.erase(i);
  }
}

std::vector<node_event> process_provider::poll(time_point now) {
  poll_adopted(now);
  for (auto i = nodes_.begin(); i != nodes_.end();) {
    auto& node = i->second;
    auto end = node.process->poll(now);
    if (!end) {
      ++i;
      continue;
    }
    auto text = to_string(*end);
    if (auto line = node.process->last_line(); !line.empty())
      text += ": " + line;
    auto what =
      node.is_to_stop ? node_event::kind::stopped : node_event::kind::ended;
    events_.push_back({what, i->first, std::move(text)});
    i = nodes_.erase(i);
  }
  return std::exchange(events_, {});
}

} // namespace braid
