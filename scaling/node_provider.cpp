#include "scaling/node_provider.hpp"

#include "scaling/command_provider.hpp"
#include "scaling/process_provider.hpp"
#include "scaling/static_provider.hpp"

#include <array>
#include <utility>

namespace braid {

namespace {

constexpr std::array provider_names{
  std::pair{provider_kind::by_hand, std::string_view{"static"}},
  std::pair{provider_kind::process, std::string_view{"process"}},
  std::pair{provider_kind::command, std::string_view{"command"}},
};

/// Calls `visit(placeholder)` for each {lower_case} in `text`; returns the text
/// with each replaced by what that returned.
template <class Visit>
std::string replace(const std::string& text, Visit visit) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz_";
  std::string result;
  std::size_t at = 0;
  while (at < text.size()) {
    auto end = text[at] == '{' ? text.find_first_not_of(letters, at + 1)
                               : std::string::npos;
    if (end == std::string::npos || text[end] != '}' || end == at + 1) {
      result += text[at++];
      continue;
    }
    result += visit(text.substr(at, end + 1 - at));
    at = end + 1;
  }
  return result;
}

} // namespace

std::string to_string(node_event::kind x) {
  switch (x) {
    case node_event::kind::asked:
      return "asked";
    case node_event::kind::started:
      return "started";
    case node_event::kind::failed:
      return "failed";
    case node_event::kind::ended:
      return "ended";
    case node_event::kind::stopped:
      return "stopped";
    case node_event::kind::stop_failed:
      return "stop failed";
  }
  return "unknown";
}

std::string to_string(provider_kind x) {
  for (const auto& [kind, name] : provider_names)
    if (kind == x)
      return std::string{name};
  return "unknown";
}

std::optional<provider_kind> to_provider_kind(std::string_view name) {
  for (const auto& [kind, known] : provider_names)
    if (known == name)
      return kind;
  return std::nullopt;
}

std::unique_ptr<node_provider>
make_provider(const provider_settings& settings) {
  if (!settings.output.empty()
      && !std::filesystem::is_directory(settings.output))
    throw scaling_error{"pool.output: '" + settings.output.string()
                        + "' is no folder; make it, or name another one"};
  switch (settings.provider) {
    case provider_kind::by_hand:
      break;
    case provider_kind::process: {
      process_provider::options options;
      options.command = settings.command;
      options.output = settings.output;
      return std::make_unique<process_provider>(std::move(options));
    }
    case provider_kind::command: {
      command_provider::options options;
      options.start = settings.command;
      options.stop = settings.stop_command;
      options.output = settings.output;
      options.attempts = settings.attempts;
      options.time_limit = settings.time_limit;
      return std::make_unique<command_provider>(std::move(options));
    }
  }
  return std::make_unique<static_provider>();
}

void check_command(const std::string& key,
                   const std::vector<std::string>& command) {
  if (command.empty() || command[0].empty())
    throw scaling_error{key
                        + ": there is no program to run; write it and its "
                          "arguments as a list, such as [\"start-node\", "
                          "\"{name}\", \"{address}\"]"};
  for (const auto& word : command)
    replace(word, [&](const std::string& placeholder) {
      if (placeholder != "{name}" && placeholder != "{address}")
        throw scaling_error{key + ": " + placeholder
                            + " stands for nothing; use {name} and {address}"};
      return placeholder;
    });
}

std::vector<std::string> command_for(const std::vector<std::string>& command,
                                     const node_order& order) {
  std::vector<std::string> result;
  result.reserve(command.size());
  for (const auto& word : command)
    result.push_back(replace(word, [&](const std::string& placeholder) {
      return placeholder == "{name}" ? order.name : order.address;
    }));
  return result;
}

} // namespace braid
