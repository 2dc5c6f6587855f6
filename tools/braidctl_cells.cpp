#include "tools/braidctl_cells.hpp"

#include "tools/readable.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace braid {

std::string text_in(const json& object, const char* field) {
  return object.at(field).get<std::string>();
}

std::uint64_t number_in(const json& object, const char* field) {
  return object.at(field).get<std::uint64_t>();
}

std::string queue_of(const json& figures) {
  auto epochs = number_in(figures, "queued_epochs");
  auto bytes = number_in(figures, "queued_bytes");
  if (epochs == 0 && bytes == 0)
    return "-";
  return std::to_string(epochs) + " / " + readable_bytes(bytes);
}

std::string bytes_in(const json& object, const char* field) {
  auto bytes = number_in(object, field);
  return bytes == 0 ? "-" : readable_bytes(bytes);
}

std::string busy_of(const json& figures) {
  auto percent = figures.at("busy_percent").get<double>();
  return std::to_string(std::lround(percent)) + " %";
}

} // namespace braid
