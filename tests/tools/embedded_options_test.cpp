#include "tools/embedded_options.hpp"

#include <catch2/catch.hpp>

using namespace braid;

namespace {

using settings_map = std::map<std::string, std::string>;

std::string refusal(const std::vector<std::string>& arguments) {
  try {
    parse_embedded_options(arguments);
  } catch (const std::invalid_argument& refused) {
    return refused.what();
  }
  return "accepted";
}

} // namespace

TEST_CASE("options that the program does not know are settings") {
  auto given = parse_embedded_options(
    {"--input", "a.txt", "b.txt", "--limit", "-5", "--sorted", "--output=out"});
  CHECK(given.asked.settings
        == settings_map{{"input", "a.txt,b.txt"},
                        {"limit", "-5"},
                        {"sorted", "true"},
                        {"output", "out"}});
}

TEST_CASE("a setting can be given several times and in two ways") {
  auto given = parse_embedded_options(
    {"--input", "a", "--input", "b", "--set", "x=1", "y=a=b", "--set", "x=2"});
  CHECK(given.asked.settings
        == settings_map{{"input", "a,b"}, {"x", "2"}, {"y", "a=b"}});
}

TEST_CASE("the program has options of its own") {
  auto given = parse_embedded_options(
    {"--parallelism", "4", "--parallelism-of", "counts=8", "--count-cuts",
     "100", "--record-cuts", "r", "--repeat-cuts", "o", "--config", "n.toml",
     "--http", "127.0.0.1:0", "--log-level", "debug", "--verbose"});
  CHECK(given.asked.parallelism == 4);
  CHECK(given.asked.parallelism_of.at("counts") == 8);
  CHECK(given.asked.count_cuts == 100);
  CHECK(given.asked.record_cuts == "r");
  CHECK(given.asked.repeat_cuts == "o");
  CHECK(given.config == "n.toml");
  CHECK(given.http_at == endpoint{"127.0.0.1", 0});
  CHECK(given.level == log_level::debug);
  CHECK(given.verbose);
  CHECK(given.asked.settings.empty());
}

TEST_CASE("HTTP may be served without an address") {
  auto given = parse_embedded_options({"--http", "--verbose"});
  CHECK(given.http);
  CHECK_FALSE(given.http_at.has_value());
  CHECK_FALSE(parse_embedded_options({}).http);
}

TEST_CASE("mistakes on the command line name the option and the remedy") {
  CHECK(refusal({"text"})
        == "\"text\" belongs to no option; write --NAME VALUE, see --help");
  CHECK(refusal({"--parallelism"})
        == "--parallelism takes one value, not 0; see --help");
  CHECK(refusal({"--parallelism", "0"})
        == "--parallelism is \"0\"; give a whole number from 1");
  CHECK(refusal({"--parallelism-of", "x=many"})
        == "--parallelism-of x is \"many\"; give a whole number from 1");
  CHECK(refusal({"--set", "x"})
        == "--set \"x\" lacks a name or a value; write --set KEY=VALUE");
  CHECK(refusal({"--log-level", "warn"})
        == "--log-level is \"warn\"; did you mean warning?");
  CHECK(refusal({"--verbose", "yes"})
        == "--verbose takes no value, but got \"yes\"; see --help");
}
