// The part of braidctl's tables that is about savepoints.
#include "tools/braidctl_cells.hpp"
#include "tools/braidctl_tables.hpp"
#include "tools/readable.hpp"

#include <nlohmann/json.hpp>

namespace braid {

namespace {

constexpr auto right = alignment_of_text::right;

/// Of what cannot be read nothing is known.
std::string number_or_dash(const json& savepoint, const char* key) {
  auto number = number_in(savepoint, key);
  return number == 0 ? "-" : std::to_string(number);
}

std::string taken(const json& savepoint) {
  auto at = savepoint.at("taken_at_us").get<std::int64_t>();
  return at == 0 ? "-" : readable_time(at);
}

} // namespace

std::string savepoints_text(const json& answer,
                            const text_table::emphasis& emphasise) {
  text_table table{{{"SAVEPOINT"},
                    {"STATE"},
                    {"RUN"},
                    {"TAKEN"},
                    {"EPOCH", right},
                    {"SIZE", right},
                    {"BY"},
                    {"REASON"}}};
  for (auto& each : answer.at("savepoints"))
    table.add({text_in(each, "name"), text_in(each, "state"),
               text_in(each, "run"), taken(each), number_or_dash(each, "epoch"),
               bytes_in(each, "bytes"),
               each.at("periodic").get<bool>() ? "clock" : "user",
               text_in(each, "reason")});
  return table.print(emphasise);
}

std::string savepoint_text(const json& savepoint,
                           const text_table::emphasis& emphasise) {
  text_table summary{{{"SAVEPOINT"}, {text_in(savepoint, "name")}}};
  summary.add({"state", "whole"});
  summary.add({"path", text_in(savepoint, "path")});
  summary.add({"topology", text_in(savepoint, "topology")});
  summary.add({"run", text_in(savepoint, "run")});
  summary.add({"taken", taken(savepoint)});
  summary.add({"epoch", std::to_string(number_in(savepoint, "epoch"))});
  summary.add({"size", readable_bytes(number_in(savepoint, "bytes"))});
  text_table operators{
    {{"OPERATOR"}, {"KIND"}, {"SLICES", right}, {"SIZE", right}}};
  for (auto& each : savepoint.at("operators"))
    operators.add({text_in(each, "name"), text_in(each, "kind"),
                   std::to_string(number_in(each, "slices")),
                   readable_bytes(number_in(each, "bytes"))});
  return summary.print(emphasise) + '\n' + operators.print(emphasise);
}

} // namespace braid
