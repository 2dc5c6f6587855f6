#include "tools/braidctl_cells.hpp"
#include "tools/braidctl_tables.hpp"
#include "tools/readable.hpp"

#include <nlohmann/json.hpp>
#include <vector>

namespace braid {

namespace {

using row = std::vector<std::string>;

/// What every actor shows that has figures.
void add_figures(row& into, const json& actor) {
  into.push_back(std::to_string(number_in(actor, "epoch")));
  into.push_back(readable_rate(number_in(actor, "tuples_per_second")));
  into.push_back(queue_of(actor));
  into.push_back(bytes_in(actor, "replay_bytes"));
  into.push_back(busy_of(actor));
}

/// `actor` with the lines that join it to its parent.
row row_of(const json& actor, const std::string& lines) {
  auto kind = text_in(actor, "kind");
  if (kind == "node")
    return {lines + "node " + text_in(actor, "name"),
            "",
            text_in(actor, "state"),
            "",
            readable_rate(number_in(actor, "tuples_per_second")),
            "",
            "",
            busy_of(actor)};
  auto id = std::to_string(number_in(actor, "actor"));
  if (kind == "node_supervisor")
    return {lines + kind, id};
  if (kind == "backup_holder")
    return {lines + kind, id, "", "", "", "", bytes_in(actor, "backup_bytes")};
  row result{lines + kind + ' ' + text_in(actor, "name"), id};
  if (kind == "topology_supervisor") {
    result.push_back(text_in(actor, "state"));
    result.push_back("");
    result.push_back(readable_rate(number_in(actor, "tuples_per_second")));
    return result;
  }
  if (kind == "operator_supervisor")
    result.push_back(std::to_string(number_in(actor, "partitions_done")) + '/'
                     + std::to_string(number_in(actor, "parallelism"))
                     + " done");
  else
    result.push_back(text_in(actor, "state"));
  add_figures(result, actor);
  return result;
}

/// `lines` stand before the actor itself, `below` before its children.
void add_actor(text_table& table, const json& actor, const std::string& lines,
               const std::string& below) {
  table.add(row_of(actor, lines));
  auto& children = actor.at("children");
  for (std::size_t i = 0; i < children.size(); ++i) {
    auto last = i + 1 == children.size();
    add_actor(table, children[i], below + (last ? "└── " : "├── "),
              below + (last ? "    " : "│   "));
  }
}

} // namespace

std::string tree_text(const json& answer,
                      const text_table::emphasis& emphasise) {
  constexpr auto right = alignment_of_text::right;
  text_table table{{{"ACTOR"},
                    {"ID", right},
                    {"STATE"},
                    {"EPOCH", right},
                    {"TUPLES/S", right},
                    {"QUEUE", right},
                    {"HELD", right},
                    {"BUSY", right}}};
  for (auto& node : answer.at("nodes"))
    add_actor(table, node, "", "");
  return table.print(emphasise);
}

} // namespace braid
