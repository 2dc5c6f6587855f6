// Logging of a node process: one logger a component, all writing to the same
// place, as text for people or JSON lines for programs.
#pragma once

#include "tools/configuration.hpp"

#include <memory>
#include <spdlog/logger.h>
#include <string>

namespace braid {

/// Makes the loggers of all `log_components` with their levels, and registers
/// them with spdlog under their names: layers below get theirs by
/// spdlog::get("data"), and spdlog::info() and its kin write as "node".
///
/// To be called once, before other threads log: loggers handed out earlier go
/// on writing to where they did. Every message is flushed at once, so that a
/// crash loses none.
///
/// @throws configuration_error if the file cannot be written.
void start_logging(const logging_settings& settings,
                   const std::string& node_name);

/// The logger of `component`. Other names than those of `log_components` are
/// welcome and follow `logging_settings::level`. Before `start_logging`, as if
/// it had been called with the defaults and without a node name. Thread-safe.
std::shared_ptr<spdlog::logger> logger(const std::string& component);

} // namespace braid
