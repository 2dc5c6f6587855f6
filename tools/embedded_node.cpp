#include "tools/embedded_node.hpp"

#include "tools/configured_node.hpp"
#include "tools/embedded_options.hpp"
#include "tools/http_server.hpp"
#include "tools/logging.hpp"
#include "tools/readable.hpp"
#include "tools/run_node.hpp"
#include "tools/stop_signals.hpp"

#include "actors/node.hpp"

#include <filesystem>
#include <iostream>
#include <optional>
#include <thread>

namespace braid {

namespace {

using namespace std::chrono_literals;

constexpr auto look_every = 20ms;

/// Without a file, programs that run at the same time must not want the same
/// ports.
node_configuration configuration_of(const embedded_options& given) {
  std::vector<std::string> overrides;
  if (given.config.empty())
    overrides = {"control.listen=127.0.0.1:0", "data.listen=127.0.0.1:0",
                 "logging.level=warning"};
  if (given.http_at)
    overrides.push_back("http.listen=" + to_string(*given.http_at));
  auto result = load_configuration(given.config, overrides);
  if (given.level)
    result.logging.level = *given.level;
  return result;
}

/// How the run stands, or nothing if the node is too busy to say.
std::optional<run_report> look_at(node& here, const std::string& run) {
  try {
    return here.wait(run, 0ms);
  } catch (const request_error& error) {
    if (!error.unanswered)
      throw;
    return std::nullopt;
  }
}

void cancel(node& here, const std::string& run) {
  try {
    here.cancel(run);
  } catch (const request_error&) {
    // It is over meanwhile, which will show.
  }
}

/// Waits until the run is over; cancels it at the first signal.
run_report attend(node& here, const std::string& run, stop_signals& signals) {
  auto cancelled = false;
  for (;;) {
    if (auto report = look_at(here, run); report && is_over(report->state))
      return *report;
    if (cancelled) {
      // The next signal is for those who end the process by force.
      std::this_thread::sleep_for(look_every);
    } else if (signals.wait_for(look_every) != 0) {
      cancelled = true;
      signals.end_within(here.settings().stop_limit, failed_running);
      cancel(here, run);
    }
  }
}

} // namespace

embedded_node::embedded_node(int argc, char** argv,
                             std::vector<const topology_entry*> topologies)
  : program_(argc > 0 ? std::filesystem::path{argv[0]}.filename().string()
                      : "program"),
    topologies_(std::move(topologies)) {
  for (int i = 1; i < argc; ++i)
    arguments_.emplace_back(argv[i]);
}

int embedded_node::run(const std::string& topology) {
  auto complain = [&](const std::exception& error) -> std::ostream& {
    return std::cerr << program_ << ": " << error.what() << '\n';
  };
  try {
    auto given = parse_embedded_options(arguments_);
    if (!given.help)
      return run_given(given, topology);
    std::cout << embedded_help(program_);
    return succeeded;
  } catch (const std::invalid_argument& error) {
    complain(error);
  } catch (const configuration_error& error) {
    complain(error);
  } catch (const plugin_error& error) {
    complain(error);
  } catch (const topology_error& error) {
    complain(error);
  } catch (const listen_error& error) {
    complain(error);
  } catch (const std::exception& error) {
    complain(error);
    return failed_running;
  }
  return misused;
}

int embedded_node::run_given(const embedded_options& given,
                             const std::string& topology) {
  stop_signals signals;
  auto configuration = configuration_of(given);
  start_logging(configuration.logging, configuration.node.name);
  auto registry = load_plugins(configuration);
  registry.add(topologies_, "this program");
  // Mistakes in settings are better found before anything starts.
  registry.compose(topology, given.asked.settings);
  auto settings = node_settings_of(configuration);
  std::optional<http_server> http;
  if (given.http)
    http.emplace(settings.http);
  node here{settings, std::move(registry)};
  if (http) {
    here.serve_http_at(http->where());
    http->start(http_api{access_through(here)});
    std::cerr << program_ << ": http://" << to_string(http->where())
              << std::endl;
  }
  auto asked = given.asked;
  asked.topology = topology;
  auto run = here.submit(asked);
  auto report = attend(here, run, signals);
  here.stop();
  auto outcome = run + " is " + to_string(report.state) + " after "
                 + readable_span(report.ended_at - report.submitted_at)
                 + (report.reason.empty() ? "" : ": " + report.reason);
  if (report.state != run_state::complete)
    throw std::runtime_error{outcome};
  if (given.verbose)
    std::cerr << program_ << ": " << outcome << '\n';
  return succeeded;
}

} // namespace braid
