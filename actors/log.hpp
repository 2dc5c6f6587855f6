// Loggers of the actors' components.
#pragma once

#include <memory>
#include <spdlog/spdlog.h>
#include <string>

namespace braid {

/// The logger registered for `component`, or the default one.
inline std::shared_ptr<spdlog::logger> log(const std::string& component) {
  auto result = spdlog::get(component);
  return result ? result : spdlog::default_logger();
}

} // namespace braid
