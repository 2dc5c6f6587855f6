#include "tools/json_scaling.hpp"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace braid {

namespace {

constexpr std::uint64_t most_partitions = 65'536;

json parse_object(std::string_view text,
                  std::initializer_list<std::string_view> keys) {
  auto body = text.empty() ? json::object() : json::parse(text, nullptr, false);
  if (!body.is_object())
    throw std::invalid_argument("the body is no JSON object");
  std::string known;
  for (auto key : keys)
    known += (known.empty() ? "" : ", ") + std::string{key};
  for (auto& [key, value] : body.items())
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      throw std::invalid_argument("unknown key '" + key + "'; known are "
                                  + known);
  return body;
}

bool is_dry_run(const json& body) {
  if (!body.contains("dry_run"))
    return false;
  if (!body["dry_run"].is_boolean())
    throw std::invalid_argument("'dry_run' is " + body["dry_run"].dump()
                                + "; give true or false");
  return body["dry_run"].get<bool>();
}

std::string operator_in(const json& body) {
  if (!body.contains("operator"))
    return {};
  if (!body["operator"].is_string())
    throw std::invalid_argument("'operator' is " + body["operator"].dump()
                                + "; give a name");
  return body["operator"].get<std::string>();
}

std::uint32_t partitions_in(const json& body) {
  if (!body.contains("partitions"))
    throw std::invalid_argument(
      "'partitions' is missing; say how many there are to be");
  auto& number = body["partitions"];
  if (!number.is_number_unsigned() || number.get<std::uint64_t>() == 0
      || number.get<std::uint64_t>() > most_partitions)
    throw std::invalid_argument("'partitions' is " + number.dump()
                                + "; give a whole number from 1 to "
                                + std::to_string(most_partitions));
  return number.get<std::uint32_t>();
}

json summary_json(const operator_summary& summary) {
  return {{"parallelism", summary.parallelism},
          {"busy_percent", static_cast<double>(summary.busy_permille) / 10},
          {"tuples_per_second", summary.tuples_in_per_second},
          {"backlog", summary.backlog}};
}

json change_json(const operator_change& change) {
  return {{"operator", change.name},
          {"from", change.from},
          {"to", change.to},
          {"reason", change.reason},
          {"before", summary_json(change.before)},
          {"after", change.after ? summary_json(*change.after) : json{}}};
}

json decision_json(const scaling_decision& decision) {
  json result{
    {"number", decision.number},
    {"by", to_string(decision.by)},
    {"state", to_string(decision.state)},
    {"at_us", decision.at.count()},
    {"pause_us", decision.pause ? json(decision.pause->count()) : json{}},
    {"problem", decision.problem}};
  auto& changes = result["changes"] = json::array();
  for (auto& each : decision.changes)
    changes.push_back(change_json(each));
  return result;
}

} // namespace

scaling_order parse_scaling_order(std::string_view text, scaling_kind kind,
                                  const std::string& run) {
  scaling_order result;
  result.kind = kind;
  result.run = run;
  if (kind == scaling_kind::abort) {
    parse_object(text, {});
    return result;
  }
  if (kind == scaling_kind::rebalance) {
    auto body = parse_object(text, {"operator", "dry_run"});
    result.operator_name = operator_in(body);
    result.dry_run = is_dry_run(body);
    return result;
  }
  auto body = parse_object(text, {"operator", "partitions", "dry_run"});
  result.operator_name = operator_in(body);
  if (result.operator_name.empty())
    throw std::invalid_argument("'operator' is missing; name the operator that "
                                "is to have other partitions");
  result.partitions = partitions_in(body);
  result.dry_run = is_dry_run(body);
  return result;
}

scaling_order parse_drain_order(std::string_view text,
                                const std::string& node) {
  scaling_order result;
  result.kind = scaling_kind::drain;
  result.node = node;
  result.dry_run = is_dry_run(parse_object(text, {"dry_run"}));
  return result;
}

json scaling_json(const scaling_answer& answer) {
  return {{"steps", answer.steps}};
}

json history_json(const run_report& run) {
  auto decisions = json::array();
  for (auto& each : run.decisions)
    decisions.push_back(decision_json(each));
  return {{"run", run.name}, {"decisions", decisions}};
}

} // namespace braid
