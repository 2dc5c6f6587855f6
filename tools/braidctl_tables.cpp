#include "tools/braidctl_tables.hpp"

#include "tools/braidctl_cells.hpp"
#include "tools/readable.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

namespace braid {

namespace {

constexpr auto right = alignment_of_text::right;

std::string done_of(const json& described, const char* all) {
  return std::to_string(number_in(described, "partitions_done")) + '/'
         + std::to_string(number_in(described, all));
}

/// How long a run has taken so far.
std::string took(const json& run, std::int64_t now) {
  auto& ended = run.at("ended_at_us");
  auto until = ended.is_null() ? now : ended.get<std::int64_t>();
  return readable_span(until - run.at("submitted_at_us").get<std::int64_t>());
}

/// How far a run is safe from the loss of nodes, if it is: without checkpoints
/// both numbers stay 0.
void add_safety(text_table& summary, const json& run) {
  if (auto wanted = number_in(run, "nodes_wanted"); wanted != 0)
    summary.add({"wanted", std::to_string(wanted)
                             + " nodes, for there is no "
                               "room for what was decided"});
  auto stable = number_in(run, "stable_epoch");
  auto recoveries = number_in(run, "recoveries");
  if (stable == 0 && recoveries == 0)
    return;
  summary.add({"stable epoch", std::to_string(stable)});
  summary.add({"recoveries", std::to_string(recoveries)});
  if (number_in(run, "hand_overs") == 0)
    return;
  summary.add({"hand-overs", std::to_string(number_in(run, "hand_overs"))});
  if (auto text = text_in(run, "hand_over"); !text.empty())
    summary.add({"under way", text});
  if (auto text = text_in(run, "hand_over_problem"); !text.empty())
    summary.add({"last hand-over", "did not take place: " + text});
}

void add_warnings(text_table& summary, const json& run) {
  for (auto& warning : run.at("warnings"))
    summary.add({"warning", warning.get<std::string>()});
}

std::string operators_text(const json& run,
                           const text_table::emphasis& emphasise) {
  text_table table{{{"OPERATOR"},
                    {"KIND"},
                    {"SLICES", right},
                    {"DONE", right},
                    {"EPOCH", right},
                    {"IN", right},
                    {"OUT", right},
                    {"TUPLES/S", right},
                    {"QUEUE", right},
                    {"BUSY", right},
                    {"WITH IT"}}};
  for (auto& node : run.at("operators")) {
    std::string fused;
    for (auto& name : node.at("fused"))
      fused += (fused.empty() ? "" : ", ") + name.get<std::string>();
    table.add({text_in(node, "name"), text_in(node, "kind"),
               std::to_string(number_in(node, "slices")),
               done_of(node, "parallelism"),
               std::to_string(number_in(node, "epoch")),
               readable_count(number_in(node, "tuples_in")),
               readable_count(number_in(node, "tuples_out")),
               readable_rate(number_in(node, "tuples_per_second")),
               queue_of(node), busy_of(node), fused});
  }
  return table.print(emphasise);
}

std::string partitions_text(const json& run,
                            const text_table::emphasis& emphasise) {
  text_table table{{{"PARTITION"},
                    {"NODE"},
                    {"STATE"},
                    {"SLICES", right},
                    {"EPOCH", right},
                    {"IN", right},
                    {"OUT", right},
                    {"TUPLES/S", right},
                    {"QUEUE", right},
                    {"BUSY", right}}};
  std::size_t rows = 0;
  for (auto& node : run.at("operators"))
    for (auto& one : node.at("partitions")) {
      table.add({text_in(node, "name") + '/'
                   + std::to_string(number_in(one, "partition")),
                 text_in(one, "node"), text_in(one, "state"),
                 std::to_string(number_in(one, "slices")),
                 std::to_string(number_in(one, "epoch")),
                 readable_count(number_in(one, "tuples_in")),
                 readable_count(number_in(one, "tuples_out")),
                 readable_rate(number_in(one, "tuples_per_second")),
                 queue_of(one), busy_of(one)});
      ++rows;
    }
  return rows == 0 ? "" : '\n' + table.print(emphasise);
}

} // namespace

std::string colour_states(const std::string& cell) {
  static const std::set<std::string> good{"up",   "running", "complete",
                                          "busy", "written", "whole"};
  static const std::set<std::string> bad{"lost", "failed", "damaged"};
  if (good.contains(cell))
    return "\x1b[32m" + cell + "\x1b[0m";
  if (bad.contains(cell))
    return "\x1b[31m" + cell + "\x1b[0m";
  return cell;
}

std::string runs_text(const json& answer, std::int64_t now,
                      const text_table::emphasis& emphasise) {
  text_table table{{{"RUN"},
                    {"STATE"},
                    {"SUBMITTED"},
                    {"TOOK", right},
                    {"DONE", right},
                    {"TUPLES/S", right},
                    {"REASON"}}};
  for (auto& run : answer.at("runs"))
    table.add({text_in(run, "name"), text_in(run, "state"),
               readable_time(run.at("submitted_at_us").get<std::int64_t>()),
               took(run, now), done_of(run, "partitions"),
               readable_rate(number_in(run, "tuples_per_second")),
               text_in(run, "reason")});
  return table.print(emphasise);
}

std::string run_text(const json& run, std::int64_t now,
                     const text_table::emphasis& emphasise) {
  text_table summary{{{"RUN"}, {text_in(run, "name")}}};
  summary.add({"topology", text_in(run, "topology")});
  summary.add({"state", text_in(run, "state")});
  if (auto reason = text_in(run, "reason"); !reason.empty())
    summary.add({"reason", reason});
  summary.add({"submitted",
               readable_time(run.at("submitted_at_us").get<std::int64_t>())});
  summary.add({"took", took(run, now)});
  summary.add({"supervisor", text_in(run, "supervisor")});
  add_safety(summary, run);
  add_warnings(summary, run);
  return summary.print(emphasise) + '\n' + operators_text(run, emphasise)
         + partitions_text(run, emphasise);
}

std::string nodes_text(const json& answer,
                       const text_table::emphasis& emphasise) {
  text_table table{{{"NODE"},
                    {"STATE"},
                    {"ROLE"},
                    {"CONTROL"},
                    {"DATA"},
                    {"HTTP"},
                    {"CORES", right},
                    {"MEMORY", right},
                    {"BACKUPS", right},
                    {"PARTITIONS", right},
                    {"TUPLES/S", right},
                    {"BUSY", right},
                    {"HEARD", right}}};
  for (auto& node : answer.at("nodes")) {
    auto heard = node.at("last_heard_us").get<std::int64_t>();
    table.add({text_in(node, "name"), text_in(node, "state"),
               node.at("supervisor").get<bool>() ? "supervisor" : "worker",
               text_in(node, "control"), text_in(node, "data"),
               text_in(node, "http"), std::to_string(number_in(node, "cores")),
               readable_bytes(number_in(node, "memory_bytes")),
               bytes_in(node, "backup_bytes"),
               std::to_string(number_in(node, "partitions")),
               readable_rate(number_in(node, "tuples_per_second")),
               busy_of(node),
               heard == 0 ? "now" : readable_span(heard) + " ago"});
  }
  auto result = table.print(emphasise);
  // What the pool of spare nodes has done, or asks people to do.
  for (auto& note : answer.at("notes"))
    result += note.get<std::string>() + '\n';
  return result;
}

} // namespace braid
