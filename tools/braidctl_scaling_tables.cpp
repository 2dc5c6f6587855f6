// The part of braidctl's tables that is about scaling.
#include "tools/braidctl_cells.hpp"
#include "tools/braidctl_tables.hpp"
#include "tools/readable.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace braid {

namespace {

constexpr auto right = alignment_of_text::right;

std::string whole_percent(const json& summary) {
  auto percent = summary.at("busy_percent").get<double>();
  return std::to_string(std::lround(percent)) + " %";
}

/// "95 % -> 40 %"; what came of it may not be measured yet.
std::string busy(const json& change) {
  auto result = whole_percent(change.at("before"));
  if (!change.at("after").is_null())
    result += " -> " + whole_percent(change.at("after"));
  return result;
}

/// "1 -> 4"; "4" if only slices lie elsewhere.
std::string partitions(const json& change) {
  auto from = std::to_string(number_in(change, "from"));
  auto to = std::to_string(number_in(change, "to"));
  return from == to ? from : from + " -> " + to;
}

} // namespace

std::string history_text(const json& answer,
                         const text_table::emphasis& emphasise) {
  if (answer.at("decisions").empty())
    return "nothing was decided yet\n";
  text_table table{{{"NUMBER", right},
                    {"AT"},
                    {"BY"},
                    {"STATE"},
                    {"OPERATOR"},
                    {"PARTITIONS"},
                    {"BUSY"},
                    {"PAUSE", right},
                    {"REASON"}}};
  for (auto& decision : answer.at("decisions"))
    for (auto& change : decision.at("changes")) {
      auto& pause = decision.at("pause_us");
      auto reason = text_in(change, "reason");
      if (auto problem = text_in(decision, "problem"); !problem.empty())
        reason += "; " + problem;
      table.add(
        {std::to_string(number_in(decision, "number")),
         readable_time(decision.at("at_us").get<std::int64_t>()),
         text_in(decision, "by"), text_in(decision, "state"),
         text_in(change, "operator"), partitions(change), busy(change),
         pause.is_null() ? "-" : readable_span(pause.get<std::int64_t>()),
         reason});
    }
  return table.print(emphasise);
}

} // namespace braid
