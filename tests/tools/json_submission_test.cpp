#include "tools/json_submission.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace braid;

namespace {

std::string refusal(const std::string& text) {
  try {
    parse_submission(text);
  } catch (const std::invalid_argument& refused) {
    return refused.what();
  }
  return "accepted";
}

} // namespace

TEST_CASE("a submission needs a topology alone") {
  auto asked = parse_submission(R"({"topology": "x"})");
  CHECK(asked.topology == "x");
  CHECK(asked.settings.empty());
  CHECK(asked.parallelism == 0);
  CHECK_FALSE(asked.count_cuts.has_value());
}

TEST_CASE("settings are texts, numbers or truth values") {
  auto settings =
    parse_submission(
      R"({"topology": "x", "settings": {"a": "b", "n": -3, "on": true}})")
      .settings;
  CHECK(settings
        == std::map<std::string, std::string>{
          {"a", "b"}, {"n", "-3"}, {"on", "true"}});
}

TEST_CASE("parallelism is a number, or one an operator") {
  CHECK(parse_submission(R"({"topology": "x", "parallelism": 4})").parallelism
        == 4);
  auto asked = parse_submission(
    R"({"topology": "x", "parallelism": {"everywhere": 2, "counts": 8}})");
  CHECK(asked.parallelism == 2);
  CHECK(asked.parallelism_of
        == std::map<std::string, std::uint32_t>{{"counts", 8}});
}

TEST_CASE("a submission that is written can be read again") {
  submission asked;
  asked.topology = "word_count";
  CHECK(submission_json(asked).dump() == R"({"topology":"word_count"})");
  asked.settings = {{"input", "a,b"}, {"slices", "16"}};
  asked.parallelism = 3;
  asked.parallelism_of = {{"counts", 5}};
  asked.count_cuts = 1000;
  asked.record_cuts = "/cuts";
  asked.repeat_cuts = "/old";
  asked.from = "daily";
  asked.drop = {"old sums"};
  asked.allow_missing = true;
  auto again = parse_submission(submission_json(asked).dump());
  CHECK(again.topology == asked.topology);
  CHECK(again.from == asked.from);
  CHECK(again.drop == asked.drop);
  CHECK(again.allow_missing);
  CHECK(again.settings == asked.settings);
  CHECK(again.parallelism == asked.parallelism);
  CHECK(again.parallelism_of == asked.parallelism_of);
  CHECK(again.count_cuts == asked.count_cuts);
  CHECK(again.record_cuts == asked.record_cuts);
  CHECK(again.repeat_cuts == asked.repeat_cuts);
}

TEST_CASE("a refused submission names the problem and the remedy") {
  CHECK(refusal("{") == "the body is not valid JSON");
  CHECK(refusal("[]")
        == "the body is array; give an object, such as {\"topology\": "
           "\"word_count\"}");
  CHECK(refusal("{}") == "'topology' is missing; name the topology to run");
  CHECK(refusal(R"({"topology": 3})") == "'topology' is number; give a string");
  CHECK(refusal(R"({"topologie": "x"})")
        == "unknown key 'topologie'; did you mean 'topology'?");
  CHECK(refusal(R"({"xyz": 1})")
        == "unknown key 'xyz'; known are topology, settings, parallelism, "
           "count_cuts, record_cuts, repeat_cuts, from, drop, allow_missing");
  CHECK(refusal(R"({"topology": "x", "settings": {"a": []}})")
        == "'settings.a' is array; give a string, a number, true or false");
}

TEST_CASE("numbers out of range are refused") {
  for (auto* number : {"0", "-1", "1.5", "65537", "\"4\"", "null"})
    CHECK(refusal(std::string{R"({"topology": "x", "parallelism": )"} + number
                  + '}')
          == std::string{"'parallelism' is "} + number
               + "; give a whole number from 1 to 65536");
  CHECK(refusal(R"({"topology": "x", "parallelism": {"a": 0}})")
        == "'parallelism.a' is 0; give a whole number from 1 to 65536");
  CHECK(refusal(R"({"topology": "x", "count_cuts": 0})")
        == "'count_cuts' is 0; give a whole number from 1 to 4294967295");
}

TEST_CASE("what is left of a savepoint is only said with one") {
  CHECK(refusal(R"({"topology": "x", "drop": ["a"]})")
        == "'from' is missing; name the savepoint to begin from");
  CHECK(refusal(R"({"topology": "x", "from": "y", "drop": "a"})")
        == "'drop' is string; give an array of operators");
  CHECK(refusal(R"({"topology": "x", "from": "y", "allow_missing": 1})")
        == "'allow_missing' is 1; give true or false");
}
