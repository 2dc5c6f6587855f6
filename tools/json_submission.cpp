#include "tools/json_submission.hpp"

#include "tools/spelling.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid {

namespace {

constexpr std::uint64_t most_partitions = 65'536;

/// Stands for all operators in "parallelism", so that none can be named so.
constexpr auto everywhere = "everywhere";

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument(what);
}

const std::vector<std::string>& known_keys() {
  static const std::vector<std::string> keys{
    "topology",    "settings", "parallelism", "count_cuts",   "record_cuts",
    "repeat_cuts", "from",     "drop",        "allow_missing"};
  return keys;
}

void check_keys(const json& body) {
  for (auto& [key, value] : body.items()) {
    auto& known = known_keys();
    if (std::find(known.begin(), known.end(), key) != known.end())
      continue;
    std::string all;
    for (auto& name : known)
      all += (all.empty() ? "" : ", ") + name;
    auto meant = nearest(key, known);
    refuse("unknown key '" + key + "'; "
           + (meant ? "did you mean '" + *meant + "'?" : "known are " + all));
  }
}

std::string text_of(const json& value, const std::string& key) {
  if (!value.is_string())
    refuse("'" + key + "' is " + value.type_name() + "; give a string");
  return value.get<std::string>();
}

std::uint64_t number_of(const json& value, const std::string& key,
                        std::uint64_t most) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() == 0
      || value.get<std::uint64_t>() > most)
    refuse("'" + key + "' is " + value.dump()
           + "; give a whole number from 1 to " + std::to_string(most));
  return value.get<std::uint64_t>();
}

/// Settings are texts; numbers and truth values are taken for what they look
/// like.
std::string setting_of(const json& value, const std::string& key) {
  if (value.is_string())
    return value.get<std::string>();
  if (value.is_number() || value.is_boolean())
    return value.dump();
  refuse("'settings." + key + "' is " + value.type_name()
         + "; give a string, a number, true or false");
}

void read_settings(const json& value, submission& into) {
  if (!value.is_object())
    refuse(std::string{"'settings' is "} + value.type_name()
           + "; give an object, such as {\"input\": \"a.txt\"}");
  for (auto& [key, text] : value.items())
    into.settings[key] = setting_of(text, key);
}

void read_parallelism(const json& value, submission& into) {
  auto number = [](const json& from, const std::string& key) {
    return static_cast<std::uint32_t>(number_of(from, key, most_partitions));
  };
  if (!value.is_object()) {
    into.parallelism = number(value, "parallelism");
    return;
  }
  for (auto& [name, partitions] : value.items())
    if (name == everywhere)
      into.parallelism = number(partitions, "parallelism." + name);
    else
      into.parallelism_of[name] = number(partitions, "parallelism." + name);
}

void read_origin(const json& body, submission& into) {
  if (body.contains("from"))
    into.from = text_of(body["from"], "from");
  if (body.contains("drop")) {
    if (!body["drop"].is_array())
      refuse("'drop' is " + std::string{body["drop"].type_name()}
             + "; give an array of operators");
    for (auto& name : body["drop"])
      into.drop.push_back(text_of(name, "drop"));
  }
  if (body.contains("allow_missing")) {
    if (!body["allow_missing"].is_boolean())
      refuse("'allow_missing' is " + body["allow_missing"].dump()
             + "; give true or false");
    into.allow_missing = body["allow_missing"].get<bool>();
  }
  if (into.from.empty() && (!into.drop.empty() || into.allow_missing))
    refuse("'from' is missing; name the savepoint to begin from");
}

json parse_object(std::string_view text) {
  auto body = json::parse(text, nullptr, false);
  if (body.is_discarded())
    refuse("the body is not valid JSON");
  if (!body.is_object())
    refuse(std::string{"the body is "} + body.type_name()
           + "; give an object, such as {\"topology\": \"word_count\"}");
  return body;
}

} // namespace

submission parse_submission(std::string_view text) {
  auto body = parse_object(text);
  check_keys(body);
  if (!body.contains("topology"))
    refuse("'topology' is missing; name the topology to run");
  submission result;
  result.topology = text_of(body["topology"], "topology");
  if (body.contains("settings"))
    read_settings(body["settings"], result);
  if (body.contains("parallelism"))
    read_parallelism(body["parallelism"], result);
  if (body.contains("count_cuts"))
    result.count_cuts = number_of(body["count_cuts"], "count_cuts",
                                  std::numeric_limits<std::uint32_t>::max());
  if (body.contains("record_cuts"))
    result.record_cuts = text_of(body["record_cuts"], "record_cuts");
  if (body.contains("repeat_cuts"))
    result.repeat_cuts = text_of(body["repeat_cuts"], "repeat_cuts");
  read_origin(body, result);
  return result;
}

json submission_json(const submission& asked) {
  json result;
  result["topology"] = asked.topology;
  if (!asked.settings.empty())
    result["settings"] = asked.settings;
  json parallelism;
  if (asked.parallelism != 0)
    parallelism[everywhere] = asked.parallelism;
  for (auto& [name, partitions] : asked.parallelism_of)
    parallelism[name] = partitions;
  if (!parallelism.is_null())
    result["parallelism"] = parallelism;
  if (asked.count_cuts)
    result["count_cuts"] = *asked.count_cuts;
  if (!asked.record_cuts.empty())
    result["record_cuts"] = asked.record_cuts;
  if (!asked.repeat_cuts.empty())
    result["repeat_cuts"] = asked.repeat_cuts;
  if (!asked.from.empty())
    result["from"] = asked.from;
  if (!asked.drop.empty())
    result["drop"] = asked.drop;
  if (asked.allow_missing)
    result["allow_missing"] = true;
  return result;
}

} // namespace braid
