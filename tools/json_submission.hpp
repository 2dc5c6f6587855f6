// How a submission is written in JSON:
//   {"topology": "word_count", "settings": {"input": "a.txt"}, "parallelism":
//   4}
#pragma once

#include "tools/json_reports.hpp"

#include "actors/deployment.hpp"

#include <string_view>

namespace braid {

/// Reads a submission.
///
/// @throws std::invalid_argument whose what() is one line for the user: no
/// JSON, a key that is missing or unknown (and the nearest known one), a value
/// of the wrong type or out of range.
submission parse_submission(std::string_view text);

/// Writes one, keys with their defaults left out. `parse_submission` gives the
/// same submission back.
json submission_json(const submission& asked);

} // namespace braid
