// Cells that several of braidctl's tables share.
#pragma once

#include "tools/json_reports.hpp"

#include <cstdint>
#include <string>

namespace braid {

/// Fields of a JSON object. A missing one throws `json::exception`.
std::string text_in(const json& object, const char* field);
std::uint64_t number_in(const json& object, const char* field);

/// What waits to be processed: "3 / 1.25 MiB" (epochs and bytes), "-" if
/// nothing does.
std::string queue_of(const json& figures);

/// A field in bytes: "1.25 MiB", "-" if it is 0.
std::string bytes_in(const json& object, const char* field);

/// "54 %"
std::string busy_of(const json& figures);

} // namespace braid
