#include "tools/run_node.hpp"

#include "tools/configuration.hpp"
#include "tools/configuration_place.hpp"
#include "tools/configured_node.hpp"
#include "tools/http_server.hpp"
#include "tools/logging.hpp"
#include "tools/stop_signals.hpp"

#include "actors/node.hpp"

#include <cstring>
#include <iostream>

namespace braid {

namespace {

/// `message` with the place where the key that it begins with was set.
std::string at_its_place(const std::string& message,
                         const node_options& options) {
  auto colon = message.find(": ");
  return place_of(message.substr(0, colon), options.config, options.overrides)
         + message.substr(colon + 2);
}

/// Runs `body`; the errors of a configuration become one line.
template <class Body>
int reporting_errors(const node_options& options, Body&& body) {
  try {
    return body();
  } catch (const configuration_error& error) {
    std::cerr << error.what() << std::endl;
  } catch (const plugin_error& error) {
    std::cerr << place_of("plugins.topologies", options.config,
                          options.overrides)
              << error.what() << std::endl;
  } catch (const listen_error& error) {
    std::cerr << at_its_place(error.what(), options) << std::endl;
  } catch (const std::exception& error) {
    std::cerr << "braid-node: " << error.what() << std::endl;
    return failed_running;
  }
  return misused;
}

/// Part of its time is left to those who end the process by force.
std::chrono::microseconds
time_to_stop(const node_configuration& configuration) {
  return configuration.timeouts.stop / 10 * 9;
}

void announce(const node& here) {
  auto& settings = here.settings();
  // With brackets where a host needs them.
  auto written = [](const address& x) {
    return to_string(endpoint{x.host, x.port});
  };
  std::cout << "node " << settings.name << " is ready: control "
            << written(settings.control) << ", data " << written(settings.data)
            << ", http http://" << written(settings.http) << std::endl;
}

void start_logging_of(const node_configuration& configuration,
                      const node_options& options) {
  try {
    start_logging(configuration.logging, configuration.node.name);
  } catch (const configuration_error& error) {
    throw configuration_error{at_its_place(error.what(), options)};
  }
}

int run_configured(const node_options& options, stop_signals& signals) {
  auto configuration = load_configuration(options.config, options.overrides);
  start_logging_of(configuration, options);
  auto registry = load_plugins(configuration);
  auto settings = node_settings_of(configuration);
  http_server http{settings.http};
  node here{settings, std::move(registry)};
  here.serve_http_at(http.where());
  http.start(http_api{access_through(here)});
  announce(here);
  auto signal = signals.wait();
  signals.end_within(time_to_stop(configuration), failed_running);
  logger("node")->info("stopping: {}", strsignal(signal));
  // Requests at hand end with the node, and then nobody waits for the server.
  here.stop();
  http.stop();
  return succeeded;
}

} // namespace

int run_node(const node_options& options) {
  stop_signals signals;
  return reporting_errors(options,
                          [&] { return run_configured(options, signals); });
}

int check_node(const node_options& options) {
  return reporting_errors(options, [&] {
    auto configuration = load_configuration(options.config, options.overrides);
    auto topologies = load_plugins(configuration).names();
    std::cout << (options.config.empty() ? "the configuration"
                                         : options.config.string())
              << " is valid; topologies:";
    for (auto& name : topologies)
      std::cout << ' ' << name;
    std::cout << (topologies.empty() ? " none" : "") << std::endl;
    return succeeded;
  });
}

} // namespace braid
