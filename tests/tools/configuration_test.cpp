#include "tests/tools/configuration_file.hpp"
#include "tools/configuration.hpp"
#include "tools/configuration_keys.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace braid;
using namespace std::chrono_literals;
using fixture = configuration_file;

// -- defaults, printing and reading back --------------------------------------

TEST_CASE_METHOD(fixture, "an empty file gives the defaults") {
  CHECK(load("") == node_configuration{});
  CHECK(load_configuration({}) == node_configuration{});
}

TEST_CASE_METHOD(fixture, "the printed defaults are the defaults when read") {
  CHECK(load(default_configuration()) == node_configuration{});
}

TEST_CASE_METHOD(fixture, "the printed defaults show every key and its why") {
  auto text = default_configuration();
  for (const auto& section : configuration_sections()) {
    CHECK(text.find("# " + section.why + "\n[" + section.name + "]\n")
          != std::string::npos);
    for (const auto& key : section.keys)
      CHECK(text.find("# " + key.why + " (" + key.allowed + ")\n" + key.name
                      + " = " + key.print({}) + '\n')
            != std::string::npos);
  }
}

TEST_CASE_METHOD(fixture, "every key is read into its own place") {
  auto plugin = folder.write("lib \"quoted\" \\.so", "");
  node_configuration other;
  other.node = {"n-1_a.b", false, 7};
  other.cluster = {{{"10.0.0.1", 1}, {"::1", 2}, {"host", 3}}, 20ms, 1min};
  other.journal = {folder.path() / "journal", 2s};
  other.control.listen = {"0.0.0.0", 0};
  other.data.listen = {"::", 0};
  other.http.listen = {"localhost", 9};
  other.security.insecure = true;
  other.plugins.topologies = {plugin};
  other.scheduler = {3, 21};
  other.epochs = {100us, 7s, 9, 11, 10'000'000};
  other.batches.size = 1024;
  other.checkpoints = {false, 15ms, 2, 5, 1 << 20, 1 << 19, 70ms};
  other.savepoints = {folder.path() / "savepoints", 15min, 7};
  other.scaling = {
    policy_kind::rate, true, 1s, 3, 71, 49, 84, 9s, 4min, 2s, 3min, 2, 32};
  other.scaling_of["words"] = other.scaling;
  other.scaling_of["words"].policy = policy_kind::threshold;
  other.pool = {{provider_kind::command,
                 {"start", "a \"{name}\"", "{address}"},
                 {"stop", "{name}"},
                 4,
                 10s,
                 folder.path()},
                2,
                5,
                30s,
                40s};
  other.timeouts = {11ms, 12ms, 13ms, 14ms};
  other.logging = {log_level::trace,
                   log_format::json,
                   folder.path() / "log",
                   {{"node", log_level::debug},
                    {"control", log_level::info},
                    {"data", log_level::warning},
                    {"topology", log_level::error},
                    {"partition", log_level::off},
                    {"http", log_level::trace}}};
  for (const auto& section : configuration_sections())
    for (const auto& key : section.keys) {
      INFO(key.full_name());
      CHECK(key.print(other) != key.print({}));
    }
  CHECK(load(print_configuration(other)) == other);
}

TEST_CASE_METHOD(fixture, "a topology is scaled as all are, but for what its "
                          "own section says") {
  auto loaded = load("[scaling.words]\npolicy = \"rate\"\n"
                     "[scaling]\ninterval = \"1s\"\ntarget = 60\n");
  CHECK(loaded.scaling.policy == policy_kind::manual);
  REQUIRE(loaded.scaling_of.contains("words"));
  auto& words = loaded.scaling_of.at("words");
  CHECK(words.policy == policy_kind::rate);
  CHECK(words.interval == 1s);
  CHECK(words.target == 60);
  auto overridden =
    load_configuration({}, {"scaling.words.target=50", "scaling.target=70"});
  CHECK(overridden.scaling.target == 70);
  CHECK(overridden.scaling_of.at("words").target == 50);
}

TEST_CASE_METHOD(fixture, "settings of scaling that cannot work are refused") {
  CHECK(refused("[scaling]\npolicy = \"best\"")
        == "node.toml:2: scaling.policy: \"best\" is no policy; use manual, "
           "threshold or rate");
  CHECK(refused("[scaling]\npolcy = \"rate\"")
        == "node.toml:2: scaling.polcy: unknown key; did you mean "
           "scaling.policy?");
  CHECK(refused("[scaling.words]\ntarge = 5")
        == "node.toml:2: scaling.words.targe: unknown key; did you mean "
           "scaling.words.target?");
  CHECK_THAT(refused("[scaling]\nthreshold = 40"),
             Catch::StartsWith("node.toml:2: scaling.threshold: scaling."
                               "lower_bound: 50 is not below"));
  CHECK_THAT(refused("[scaling.words]\nmin_parallelism = 99"),
             Catch::Contains("[scaling.words]: scaling.min_parallelism: 99 is "
                             "above"));
}

TEST_CASE_METHOD(fixture, "a provider that could start no node is refused") {
  CHECK_THAT(
    refused("[pool]\nprovider = \"process\""),
    Catch::StartsWith("node.toml:2: pool.provider: pool.command: there "
                      "is no program to run"));
  CHECK_THAT(refused("[pool]\nprovider = \"command\"\n"
                     "command = [\"start\", \"{nme}\"]"),
             Catch::Contains("{nme} stands for nothing"));
  CHECK_THAT(refused("[pool]\ncommand = [1]"),
             Catch::Contains("write each word in quotes"));
}

TEST_CASE("no two keys have the same name") {
  std::set<std::string> names;
  for (const auto& section : configuration_sections())
    for (const auto& key : section.keys)
      CHECK(names.insert(key.full_name()).second);
}

TEST_CASE_METHOD(fixture, "relative paths start at the folder of the file") {
  auto plugin = folder.write("libcount.so", "");
  auto loaded = load("[plugins]\ntopologies = [\"./x/../libcount.so\"]\n"
                     "[logging]\nfile = \"node.log\"\n");
  REQUIRE(loaded.plugins.topologies.size() == 1);
  CHECK(loaded.plugins.topologies[0] == plugin);
  CHECK(loaded.logging.file == folder.path() / "node.log");
}

TEST_CASE_METHOD(fixture, "TOML's other ways to write a section are welcome") {
  CHECK(load("epochs.length = \"7ms\"").epochs.length == 7ms);
  CHECK(load("epochs = {length = '7ms'}").epochs.length == 7ms);
  auto logging = load("[logging]\nlevels = {data = \"debug\"}").logging;
  CHECK(logging.levels.at("data") == log_level::debug);
}

// -- names --------------------------------------------------------------------

TEST_CASE_METHOD(fixture, "a misspelt key is refused with the one it meant") {
  CHECK(refused("[node]\n\n[epochs]\nlenght = \"5ms\"\n")
        == "node.toml:4: epochs.lenght: unknown key; did you mean "
           "epochs.length?");
  CHECK(refused("[logging.levels]\ndate = \"info\"")
        == "node.toml:2: logging.levels.date: unknown key; did you mean "
           "logging.levels.data?");
}

TEST_CASE_METHOD(fixture, "a key in the wrong section is sent to its own") {
  CHECK(refused("[node]\nheartbeat = \"1s\"")
        == "node.toml:2: node.heartbeat: unknown key; did you mean "
           "cluster.heartbeat?");
  CHECK(refused("heartbeat = \"1s\"")
        == "node.toml:1: heartbeat: stands in no section; did you mean "
           "cluster.heartbeat?");
}

TEST_CASE_METHOD(fixture, "a key that resembles none gets the list") {
  CHECK(refused("[node]\ncolour = 1")
        == "node.toml:2: node.colour: unknown key; the keys of node are name, "
           "supervisor, max_partitions");
}

TEST_CASE_METHOD(fixture, "a misspelt section is refused, too") {
  CHECK(refused("\n[epoch]\nlength = \"5ms\"")
        == "node.toml:2: epoch: unknown section; did you mean [epochs]?");
  CHECK(refused("[logging.levls]\ndata = \"info\"")
        == "node.toml:1: logging.levls: unknown section; did you mean "
           "[logging.levels]?");
  auto list =
    "the sections are node, cluster, journal, control, data, http, "
    "security, plugins, scheduler, epochs, batches, checkpoints, savepoints, "
    "scaling, pool, timeouts, logging, logging.levels";
  CHECK(refused("[nonsense]\nx = 1")
        == std::string{"node.toml:1: nonsense: unknown section; "} + list);
  CHECK(refused("nonsense = 1")
        == std::string{"node.toml:1: nonsense: stands in no section; "} + list);
}

TEST_CASE_METHOD(fixture, "a section is a section and a key is a key") {
  CHECK(refused("[[node]]\nname = \"x\"")
        == "node.toml:1: node: is a list, not a section; write [node] and its "
           "keys below it");
  CHECK(refused("node = 3")
        == "node.toml:1: node: is a plain number, not a section; write [node] "
           "and its keys below it");
  CHECK(refused("[logging.level]\ndata = \"info\"")
        == "node.toml:1: logging.level: is a section, not a level; write it "
           "like level = \"info\" (trace, debug, info, warning, error or off)");
}

TEST_CASE_METHOD(fixture, "the first mistake from the top is reported") {
  CHECK(refused("[node]\nname = 1\n[batches]\nsize = 1\n[a]\n")
        == "node.toml:2: node.name: is a plain number, not a name; write it "
           "like name = \"node-0\" (letters, digits, - _ and .)");
}

// -- values -------------------------------------------------------------------

TEST_CASE_METHOD(fixture, "a value of the wrong type is refused") {
  CHECK(refused("[epochs]\nlength = 5")
        == "node.toml:2: epochs.length: is a plain number, not a duration with "
           "a unit; write it like length = \"5ms\" (100us to 10s)");
  CHECK(refused("[batches]\nsize = 65536")
        == "node.toml:2: batches.size: is a plain number, not a size with a "
           "unit; write it like size = \"64KiB\" (1KiB to 16MiB)");
  CHECK(refused("[epochs]\nin_flight = \"4\"")
        == "node.toml:2: epochs.in_flight: is a string, not a whole number; "
           "write it like in_flight = 4 (1 to 1024)");
  CHECK(refused("[epochs]\nin_flight = 4.0")
        == "node.toml:2: epochs.in_flight: is a floating-point number, not a "
           "whole number; write it like in_flight = 4 (1 to 1024)");
  CHECK(refused("[node]\nsupervisor = \"yes\"")
        == "node.toml:2: node.supervisor: is a string, not true or false; "
           "write it like supervisor = true (true or false)");
  CHECK(refused("[node]\nname = true")
        == "node.toml:2: node.name: is true or false, not a name; write it "
           "like name = \"node-0\" (letters, digits, - _ and .)");
  CHECK(refused("[node]\nname = 2024-05-01")
        == "node.toml:2: node.name: is a date or time, not a name; write it "
           "like name = \"node-0\" (letters, digits, - _ and .)");
  CHECK(refused("[cluster]\nnodes = \"a:1\"")
        == "node.toml:2: cluster.nodes: is a string, not a list of addresses; "
           "write it like nodes = [] (a list of host:port)");
  CHECK(refused("[control]\nlisten = 4700")
        == "node.toml:2: control.listen: is a plain number, not an address; "
           "write it like listen = \"127.0.0.1:4700\" (host:port; port 0: any "
           "free one)");
}

TEST_CASE_METHOD(fixture, "a number outside its range is refused") {
  CHECK(refused("[epochs]\nin_flight = 0")
        == "node.toml:2: epochs.in_flight: 0 is out of range; use 1 to 1024");
  CHECK(refused("[epochs]\nin_flight = 1025")
        == "node.toml:2: epochs.in_flight: 1025 is out of range; use 1 to "
           "1024");
  CHECK(refused("[scheduler]\nmessages_per_turn = 10001")
        == "node.toml:2: scheduler.messages_per_turn: 10001 is out of range; "
           "use 1 to 10000");
  CHECK(refused("[scheduler]\nthreads = -1")
        == "node.toml:2: scheduler.threads: -1 is out of range; use 0 to 1024");
  CHECK(refused("[checkpoints]\nreplicas = 0")
        == "node.toml:2: checkpoints.replicas: 0 is out of range; use 1 to 16");
  CHECK(load("[epochs]\nin_flight = 1").epochs.in_flight == 1);
  CHECK(load("[epochs]\nin_flight = 1024").epochs.in_flight == 1024);
}

TEST_CASE_METHOD(fixture, "a duration outside its range or form is refused") {
  CHECK(refused("[epochs]\nlength = \"99us\"")
        == "node.toml:2: epochs.length: \"99us\" is out of range; use 100us to "
           "10s");
  CHECK(refused("[timeouts]\nstop = \"2h\"")
        == "node.toml:2: timeouts.stop: \"2h\" is out of range; use 10ms to "
           "1h");
  CHECK(refused("[checkpoints]\ninterval = \"9ms\"")
        == "node.toml:2: checkpoints.interval: \"9ms\" is out of range; use "
           "10ms to 1h");
  CHECK(refused("[timeouts]\nstop = \"5\"")
        == "node.toml:2: timeouts.stop: \"5\" has no unit; write a number and "
           "a unit, such as \"5ms\"");
  CHECK(refused("[timeouts]\nstop = \"-5s\"")
        == "node.toml:2: timeouts.stop: \"-5s\" is negative; use a number from "
           "0 upwards");
  CHECK(refused("[timeouts]\nstop = \"99999999999999h\"")
        == "node.toml:2: timeouts.stop: \"99999999999999h\" is too large; use "
           "a smaller number");
}

TEST_CASE_METHOD(fixture, "a size outside its range or form is refused") {
  CHECK(refused("[batches]\nsize = \"1023B\"")
        == "node.toml:2: batches.size: \"1023B\" is out of range; use 1KiB to "
           "16MiB");
  CHECK(refused("[epochs]\nmax_bytes = \"99999999TiB\"")
        == "node.toml:2: epochs.max_bytes: \"99999999TiB\" is too large; use a "
           "smaller number");
  CHECK(refused("[checkpoints]\nmemory = \"2TiB\"")
        == "node.toml:2: checkpoints.memory: \"2TiB\" is out of range; use "
           "1MiB to 1TiB");
  CHECK(load("[batches]\nsize = \"1KiB\"").batches.size == 1024);
  CHECK(load("[epochs]\nmax_bytes = \"1GiB\"").epochs.max_bytes == 1 << 30);
}

TEST_CASE_METHOD(fixture, "a node's name is plain") {
  CHECK(refused("[node]\nname = \"\"")
        == "node.toml:2: node.name: is empty; use letters, digits, - _ and .");
  CHECK(refused("[node]\nname = \"a b\"")
        == "node.toml:2: node.name: \"a b\" is no name; use only letters, "
           "digits, - _ and .");
  CHECK(refused("[node]\nname = \"a\\nb\"")
        == "node.toml:2: node.name: contains a control character; remove it");
}

TEST_CASE_METHOD(fixture, "an address of another node needs a port") {
  CHECK(refused("[cluster]\nnodes = [\n\"a:1\",\n\"b\"]")
        == "node.toml:4: cluster.nodes: element 2 \"b\" has no port; write "
           "host:port, such as 127.0.0.1:4700");
  CHECK(refused("[cluster]\nnodes = [\"a:0\"]")
        == "node.toml:2: cluster.nodes: element 1 \"a:0\" has port 0; name the "
           "port that the node listens on");
  CHECK(refused("[cluster]\nnodes = [\"a:1\",\n5]")
        == "node.toml:3: cluster.nodes: element 2 is a plain number, not a "
           "string; put it in quotes");
  CHECK(refused("[cluster]\nnodes = [\"a:1\",\n\"b:1\", \"a:1\"]")
        == "node.toml:3: cluster.nodes: element 3 \"a:1\" is in the list "
           "already; name each once");
}

TEST_CASE_METHOD(fixture, "a level or format is one of those there are") {
  CHECK(refused("[logging]\nlevel = \"warn\"")
        == "node.toml:2: logging.level: \"warn\" is no level; did you mean "
           "\"warning\"?");
  CHECK(refused("[logging.levels]\ndata = \"loud\"")
        == "node.toml:2: logging.levels.data: \"loud\" is no level; use trace, "
           "debug, info, warning, error or off");
  CHECK(refused("[logging]\nformat = \"xml\"")
        == "node.toml:2: logging.format: \"xml\" is no format; use text or "
           "json");
}

TEST_CASE_METHOD(fixture, "a plug-in that cannot be read is refused") {
  CHECK(refused("[plugins]\ntopologies = [\n  \"libcount.so\"\n]")
        == "node.toml:3: plugins.topologies: element 1 cannot be read: "
           "libcount.so: No such file or directory; build that library or "
           "correct its path");
  std::filesystem::create_directory(folder.path() / "plugins");
  CHECK(refused("[plugins]\ntopologies = [\"plugins\"]")
        == "node.toml:2: plugins.topologies: element 1 cannot be read: "
           "plugins: not a file; build that library or correct its path");
}

// -- rules that concern several keys ------------------------------------------

TEST_CASE_METHOD(fixture, "two listeners on one port are refused") {
  CHECK(refused("[control]\nlisten = \"127.0.0.1:4780\"")
        == "node.toml:2: control.listen: control.listen and http.listen have "
           "the same port 4780; give each its own (0: any free one)");
  CHECK(refused("[data]\nlisten = \"127.0.0.1:5\"\n"
                "[control]\nlisten = \"127.0.0.1:5\"")
        == "node.toml:4: control.listen: control.listen and data.listen have "
           "the same port 5; give each its own (0: any free one)");
  CHECK(refused("[data]\nlisten = \"127.0.0.1:5\"",
                {"http.listen=127.0.0.1:6", "control.listen=127.0.0.1:5",
                 "data.listen=127.0.0.1:5"})
        == "--set data.listen=127.0.0.1:5: control.listen and data.listen have "
           "the same port 5; give each its own (0: any free one)");
  auto any = load("[control]\nlisten = \"127.0.0.1:0\"\n"
                  "[data]\nlisten = \"127.0.0.1:0\"");
  CHECK(any.data.listen.port == 0);
}

TEST_CASE_METHOD(fixture, "a node listens on loopback unless told otherwise") {
  for (std::string section : {"control", "data", "http"}) {
    auto text = '[' + section + "]\nlisten = \"0.0.0.0:9\"\n";
    CHECK(refused(text)
          == "node.toml:2: " + section
               + ".listen: \"0.0.0.0:9\" can be reached from other machines, "
                 "unencrypted; listen on 127.0.0.1, or set security.insecure = "
                 "true if you trust the network");
    CHECK(refused(text + "[security]\ninsecure = true") == "accepted");
  }
  CHECK(refused("[control]\nlisten = \"[::1]:9\"") == "accepted");
  CHECK(refused("[http]\nlisten = \"0.0.0.0:0\"") != "accepted");
}

TEST_CASE_METHOD(fixture, "durations that contradict each other are refused") {
  CHECK(refused("[cluster]\nheartbeat = \"1501ms\"")
        == "node.toml:2: cluster.heartbeat: cluster.lost_after (3s) is less "
           "than two of cluster.heartbeat (1501ms), so living nodes would "
           "count as lost; raise lost_after or lower heartbeat");
  CHECK(refused("[cluster]\nheartbeat = \"1500ms\"") == "accepted");
  CHECK(refused("[epochs]\nidle_length = \"4ms\"")
        == "node.toml:2: epochs.idle_length: epochs.idle_length (4ms) is less "
           "than epochs.length (5ms); raise idle_length or lower length");
  CHECK(refused("[epochs]\nidle_length = \"5ms\"") == "accepted");
}

// -- files --------------------------------------------------------------------

TEST_CASE_METHOD(fixture, "what is not TOML is refused with its line") {
  CHECK(refused("[epochs]\nlength = 5ms")
        == "node.toml:2: not valid TOML: Error while parsing decimal integer: "
           "expected digit, saw 'm'; strings, durations, sizes and addresses "
           "need quotes");
  CHECK(refused("[node]\nname = \"a\"\nname = \"b\"")
          .starts_with("node.toml:3: not valid TOML: "));
  CHECK(refused("[node]\nname = \"a").starts_with("node.toml:2: not valid "));
  CHECK(refused("[node]\n\n\n[node]").starts_with("node.toml:4: not valid "));
  CHECK(refused("\xff\xfe").starts_with("node.toml:1: not valid TOML: "));
}

TEST_CASE_METHOD(fixture, "a file that cannot be read is refused") {
  CHECK(without_folder(refusal(folder.path() / "none.toml", {}))
        == "none.toml: cannot be read: No such file or directory; name a "
           "readable TOML file, such as conf/local.toml");
  std::filesystem::create_directory(folder.path() / "conf");
  CHECK(without_folder(refusal(folder.path() / "conf", {}))
        == "conf: is a folder; name a readable TOML file, such as "
           "conf/local.toml");
}

TEST_CASE_METHOD(fixture, "an error is one line, whatever is in it") {
  for (const auto& message :
       {refused("[\"a\\nb\"]\nx = 1"), refused("[node]\n\"a\\nb\" = 1"),
        refusal({}, {"node.name=a\nb"}), refusal({}, {"a\nb"})}) {
    CHECK(message != "accepted");
    CHECK(message.find('\n') == std::string::npos);
  }
}
