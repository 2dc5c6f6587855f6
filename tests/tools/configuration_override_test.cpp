#include "tests/tools/configuration_file.hpp"
#include "tools/configuration_override.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace std::chrono_literals;
using fixture = configuration_file;

namespace {

/// What is said about an override of the defaults.
std::string refused_override(const std::string& text) {
  return refusal({}, {text});
}

} // namespace

TEST_CASE_METHOD(fixture, "overrides have precedence, the last one most") {
  auto text = "[node]\nname = \"file\"\n[epochs]\nlength = \"6ms\"";
  auto loaded = load(text, {"node.name=first", "node.name=last"});
  CHECK(loaded.node.name == "last");
  CHECK(loaded.epochs.length == 6ms);
}

TEST_CASE("an override needs no quotes, and may have them") {
  auto set = [](const std::string& text) {
    return load_configuration({}, {text});
  };
  CHECK(set("node.name=true").node.name == "true");
  CHECK(set("node.name=5").node.name == "5");
  CHECK(set(" node.name = \"quoted\" ").node.name == "quoted");
  CHECK(set("node.name='quoted'").node.name == "quoted");
  CHECK(set("epochs.length=7ms").epochs.length == 7ms);
  CHECK(set("epochs.in_flight=7").epochs.in_flight == 7);
  CHECK_FALSE(set("node.supervisor=false").node.supervisor);
  CHECK(set("control.listen=[::1]:9").control.listen == endpoint{"::1", 9});
  CHECK(set("logging.levels.data=debug").logging.levels.at("data")
        == log_level::debug);
  CHECK(set("logging.file=").logging.file.empty());
}

TEST_CASE("an overridden list may be written with commas alone") {
  auto nodes = [](const std::string& text) {
    return load_configuration({}, {"cluster.nodes=" + text}).cluster.nodes;
  };
  std::vector<endpoint> both{{"a", 1}, {"::1", 2}};
  CHECK(nodes("a:1,[::1]:2") == both);
  CHECK(nodes("a:1, [::1]:2") == both);
  CHECK(nodes("[\"a:1\", \"[::1]:2\"]") == both);
  CHECK(nodes("[::1]:2") == std::vector<endpoint>{{"::1", 2}});
  CHECK(nodes("").empty());
  CHECK(nodes("[]").empty());
}

TEST_CASE_METHOD(fixture, "relative paths in overrides start at this folder") {
  auto file = folder.write("node.toml", "[logging]\nfile = \"a.log\"");
  CHECK(load_configuration(file, {"logging.file=b.log"}).logging.file
        == std::filesystem::current_path() / "b.log");
}

TEST_CASE("an override passes the same checks as the file") {
  CHECK(refused_override("epochs.length=5")
        == "--set epochs.length=5: \"5\" has no unit; write a number and a "
           "unit, such as \"5ms\"");
  CHECK(refused_override("epochs.in_flight=0")
        == "--set epochs.in_flight=0: 0 is out of range; use 1 to 1024");
  CHECK(refused_override("epochs.in_flight=four")
        == "--set epochs.in_flight=four: is a string, not a whole number; "
           "write it like in_flight = 4 (1 to 1024)");
  CHECK(refused_override("epochs.in_flight=99999999999999999999")
        == "--set epochs.in_flight=99999999999999999999: 9223372036854775807 "
           "is out of range; use 1 to 1024");
  CHECK(refused_override("node.supervisor=yes")
        == "--set node.supervisor=yes: is a string, not true or false; write "
           "it like supervisor = true (true or false)");
  CHECK(refused_override("cluster.nodes=a")
        == "--set cluster.nodes=a: element 1 \"a\" has no port; write "
           "host:port, such as 127.0.0.1:4700");
  CHECK(refused_override("http.listen=0.0.0.0:1")
        == "--set http.listen=0.0.0.0:1: \"0.0.0.0:1\" can be reached from "
           "other machines, unencrypted; listen on 127.0.0.1, or set "
           "security.insecure = true if you trust the network");
  CHECK(refused_override("epochs.length=1s")
        == "--set epochs.length=1s: epochs.idle_length (500ms) is less than "
           "epochs.length (1s); raise idle_length or lower length");
}

TEST_CASE("an override of an unknown key says which was meant") {
  CHECK(refused_override("epochs.lenght=5ms")
        == "--set epochs.lenght=5ms: unknown key; did you mean epochs.length?");
  CHECK(refused_override("epoch.length=5ms")
        == "--set epoch.length=5ms: unknown section; did you mean [epochs]?");
  CHECK(refused_override("heartbeat=5ms")
        == "--set heartbeat=5ms: stands in no section; did you mean "
           "cluster.heartbeat?");
  CHECK(refused_override("epochs.length")
        == "--set epochs.length: has no value; write section.key=value");
  CHECK(refused_override("").starts_with("--set : has no value; "));
  CHECK(refused_override("=").starts_with("--set =: stands in no section; "));
}
