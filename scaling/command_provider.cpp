#include "scaling/command_provider.hpp"

#include "scaling/figures_in_words.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace braid {

namespace {

/// Between asking a command to end and killing it.
constexpr std::chrono::seconds patience{5};

/// Of the pause between attempts.
constexpr std::uint64_t most_pause_doublings = 8;

} // namespace

command_provider::command_provider(options values)
  : options_(std::move(values)) {
  check_command("pool.command", options_.start);
  if (!options_.stop.empty())
    check_command("pool.stop_command", options_.stop);
  if (options_.attempts == 0)
    throw scaling_error{"scaling.attempts: 0 is no attempt at all; give it at "
                        "least 1"};
  if (options_.time_limit <= std::chrono::microseconds::zero())
    throw scaling_error{"scaling.time_limit: no time at all; give it a "
                        "duration above 0, such as \"5m\""};
}

void command_provider::start(const node_order& order, time_point now) {
  auto [node, is_new] = nodes_.try_emplace(order.name);
  if (!is_new)
    return;
  node->second.order = order;
  node->second.run_at = now;
}

bool command_provider::adopt(const node_order& order) {
  auto [node, is_new] = nodes_.try_emplace(order.name);
  if (is_new) {
    node->second.order = order;
    node->second.is_done = true;
  }
  return true;
}

void command_provider::stop(const std::string& name, time_point now) {
  auto found = nodes_.find(name);
  if (found == nodes_.end() || found->second.is_to_stop)
    return;
  auto& node = found->second;
  if (node.command) {
    node.stop_comes_next = true;
    node.command->stop(now, patience);
  } else {
    begin_stop(node, now);
  }
}

std::vector<node_event> command_provider::poll(time_point now) {
  for (auto i = nodes_.begin(); i != nodes_.end();)
    i = go_on(i->second, now) ? nodes_.erase(i) : std::next(i);
  return std::exchange(events_, {});
}

bool command_provider::go_on(node_state& node, time_point now) {
  if (!node.command)
    return !node.is_done && now >= node.run_at && run(node, now);
  if (!node.is_late && now >= node.deadline) {
    node.is_late = true;
    node.command->stop(now, patience);
  }
  auto end = node.command->poll(now);
  return end && on_end(node, *end, now);
}

bool command_provider::run(node_state& node, time_point now) {
  const auto& command = node.is_to_stop ? options_.stop : options_.start;
  if (command.empty())
    return on_success(node);
  auto output = options_.output.empty()
                  ? std::filesystem::path{}
                  : options_.output / (node.order.name + ".log");
  ++node.attempts;
  node.is_late = false;
  node.deadline = now + options_.time_limit;
  try {
    node.command =
      std::make_unique<child_process>(command_for(command, node.order), output);
  } catch (const std::system_error& error) {
    return on_failure(node, error.what(), now);
  }
  return false;
}

bool command_provider::on_end(node_state& node, const process_end& end,
                              time_point now) {
  auto why = "the command "
             + (node.is_late ? "took longer than it may" : to_string(end));
  if (auto line = node.command->last_line(); !line.empty())
    why += ": " + line;
  node.command.reset();
  if (node.stop_comes_next) {
    begin_stop(node, now);
    return run(node, now);
  }
  if (end.is_success() && !node.is_late)
    return on_success(node);
  return on_failure(node, why, now);
}

bool command_provider::on_success(node_state& node) {
  node.is_done = !node.is_to_stop;
  tell(node,
       node.is_to_stop ? node_event::kind::stopped : node_event::kind::started,
       {});
  return node.is_to_stop;
}

bool command_provider::on_failure(node_state& node, const std::string& why,
                                  time_point now) {
  if (node.attempts < options_.attempts) {
    auto doublings = std::min(node.attempts - 1, most_pause_doublings);
    node.run_at = now + options_.first_pause * (std::int64_t{1} << doublings);
    return false;
  }
  tell(node,
       node.is_to_stop ? node_event::kind::stop_failed
                       : node_event::kind::failed,
       why + " (" + count_of(node.attempts, "attempt") + ')');
  return true;
}

void command_provider::begin_stop(node_state& node, time_point now) {
  node.is_to_stop = true;
  node.stop_comes_next = false;
  node.is_done = false;
  node.attempts = 0;
  node.run_at = now;
}

void command_provider::tell(const node_state& node, node_event::kind what,
                            std::string text) {
  events_.push_back({what, node.order.name, std::move(text)});
}

} // namespace braid
