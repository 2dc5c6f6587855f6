#include "tools/json_savepoints.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace braid {

namespace {

constexpr std::uint64_t usual_limit_us = 30'000'000;
constexpr std::uint64_t longest_limit_us = std::uint64_t{7} * 86'400'000'000;

json parse_object(std::string_view text) {
  auto body = text.empty() ? json::object() : json::parse(text, nullptr, false);
  if (!body.is_object())
    throw std::invalid_argument(
      "the body is no JSON object; send one such as {\"name\": \"daily\"}");
  for (auto& [key, value] : body.items())
    if (key != "name" && key != "limit_us")
      throw std::invalid_argument("unknown key '" + key
                                  + "'; known are name, limit_us");
  return body;
}

std::string name_in(const json& body) {
  if (!body.contains("name"))
    return {};
  if (!body["name"].is_string())
    throw std::invalid_argument(std::string{"'name' is "}
                                + body["name"].type_name() + "; give a string");
  return body["name"].get<std::string>();
}

json summary_of(const savepoint_report& report) {
  json result;
  result["name"] = report.name;
  result["topology"] = report.topology;
  result["run"] = report.run;
  result["state"] = to_string(report.stage);
  result["reason"] = report.reason;
  result["epoch"] = report.epoch;
  result["bytes"] = report.bytes;
  result["taken_at_us"] = report.taken_at;
  result["periodic"] = report.periodic;
  result["path"] = report.path;
  return result;
}

} // namespace

json savepoints_json(const std::vector<savepoint_report>& all) {
  auto list = json::array();
  for (auto& report : all)
    list.push_back(summary_of(report));
  return {{"savepoints", list}};
}

json savepoint_json(const savepoint_report& report) {
  auto result = summary_of(report);
  auto operators = json::array();
  for (auto& each : report.operators)
    operators.push_back({{"name", each.name},
                         {"kind", each.kind},
                         {"slices", each.slices},
                         {"bytes", each.bytes}});
  result["operators"] = operators;
  return result;
}

savepoint_order parse_savepoint_order(std::string_view text,
                                      const std::string& run) {
  auto body = parse_object(text);
  savepoint_order result{run, name_in(body), usual_limit_us, false};
  if (!body.contains("limit_us"))
    return result;
  auto& limit = body["limit_us"];
  if (!limit.is_number_unsigned() || limit.get<std::uint64_t>() == 0
      || limit.get<std::uint64_t>() > longest_limit_us)
    throw std::invalid_argument("'limit_us' is " + limit.dump()
                                + "; give a whole number from 1 to "
                                + std::to_string(longest_limit_us));
  result.limit_us = limit.get<std::uint64_t>();
  return result;
}

std::string parse_savepoint_name(std::string_view text) {
  auto result = name_in(parse_object(text));
  if (result.empty())
    throw std::invalid_argument("'name' is missing; name a savepoint");
  return result;
}

} // namespace braid
