#include "scaling/process_provider.hpp"

#include <system_error>
#include <utility>

namespace braid {

process_provider::process_provider(options values)
  : options_(std::move(values)) {
  check_command("pool.command", options_.command);
}

void process_provider::start(const node_order& order, time_point) {
  if (nodes_.count(order.name) > 0)
    return;
  auto output = options_.output.empty()
                  ? std::filesystem::path{}
                  : options_.output / (order.name + ".log");
  try {
    auto process = std::make_unique<child_process>(
      command_for(options_.command, order), output);
    events_.push_back({node_event::kind::started, order.name,
                       "process " + std::to_string(process->id())});
    nodes_[order.name].process = std::move(process);
  } catch (const std::system_error& error) {
    events_.push_back({node_event::kind::failed, order.name, error.what()});
  }
}

void process_provider::stop(const std::string& name, time_point now) {
  auto found = nodes_.find(name);
  if (found == nodes_.end())
    return;
  found->second.is_to_stop = true;
  found->second.process->stop(now, options_.stop_limit);
}

std::vector<node_event> process_provider::poll(time_point now) {
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
