// How braid-node starts, or says in one line why not.
#include "tests/cluster/cluster.hpp"
#include "tests/tools/scratch_folder.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::testing;

namespace {

ended node_with(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), program("braid-node"));
  return run_to_end(std::move(arguments));
}

/// Refused for a mistake of the user, with exactly this line.
void check_refused(const ended& done, const std::string& line) {
  CHECK(done.status == 2);
  CHECK(done.errors == line + '\n');
  CHECK(done.output.empty());
}

/// The same where the line's end is the system's.
void check_refused_with(const ended& done, const std::string& beginning) {
  CHECK(done.status == 2);
  CHECK_THAT(done.errors, Catch::StartsWith(beginning));
  CHECK(std::count(done.errors.begin(), done.errors.end(), '\n') == 1);
}

} // namespace

TEST_CASE("the printed defaults are a valid configuration") {
  scratch_folder folder;
  auto defaults = node_with({"--print-defaults"});
  CHECK(defaults.status == 0);
  auto file = folder.write("node.toml", defaults.output).string();
  auto checked = node_with({"--config", file, "--check"});
  CHECK(checked.status == 0);
  CHECK(checked.output == file + " is valid; topologies: none\n");
  CHECK(checked.errors.empty());
}

TEST_CASE("a check loads the plug-ins") {
  auto done = node_with(
    {"--check", "--set", plugin_setting({BRAID_PLUGIN_DIR "/word_count.so"})});
  CHECK(done.output == "the configuration is valid; topologies: word_count\n");
  CHECK(done.status == 0);
}

TEST_CASE("an unknown key is refused with its line") {
  scratch_folder folder;
  auto file =
    folder.write("node.toml", "[epochs]\n\nlenght = \"5ms\"\n").string();
  auto line = file
              + ":3: epochs.lenght: unknown key; did you mean "
                "epochs.length?";
  check_refused(node_with({"--config", file, "--check"}), line);
  check_refused(node_with({"--config", file}), line);
}

TEST_CASE("an unknown option is refused") {
  check_refused_with(node_with({"--confg", "x"}), "braid-node: ");
}

TEST_CASE("a port in use is refused with the place of its key") {
  node_process first{{}};
  scratch_folder folder;
  auto file = [&](const std::string& key, const std::string& where) {
    std::string text;
    for (std::string each : {"control", "data", "http"})
      text += '[' + each + "]\nlisten = \""
              + (each == key ? where : "127.0.0.1:0") + "\"\n";
    return folder.write(key + ".toml", text).string();
  };
  auto control = file("control", first.control());
  check_refused_with(node_with({"--config", control}),
                     control + ":2: control.listen: cannot listen at "
                       + first.control());
  auto data = file("data", first.data());
  check_refused_with(node_with({"--config", data}),
                     data + ":4: data.listen: cannot listen on "
                       + first.data());
  auto http = file("http", first.http().substr(7));
  check_refused(node_with({"--config", http}),
                http + ":6: http.listen: cannot listen at "
                  + first.http().substr(7) + ": Address already in use");
}

TEST_CASE("a plug-in of another build is refused") {
  std::string file = BRAID_TEST_PLUGIN_DIR "/foreign_plugin.so";
  auto set = plugin_setting({file});
  for (auto& arguments :
       {std::vector<std::string>{"--set", set, "--check"}, {"--set", set}})
    check_refused_with(node_with(arguments),
                       "--set " + set + ": plug-in '" + file
                         + "' was built for 'braid interface 0, compiler "
                           "2.95', this node is '");
}

TEST_CASE("a library that is no plug-in is refused") {
  std::string file = BRAID_TEST_PLUGIN_DIR "/no_plugin.so";
  scratch_folder folder;
  auto config =
    folder.write("node.toml", "[plugins]\ntopologies = [\"" + file + "\"]\n");
  check_refused(node_with({"--config", config.string()}),
                config.string() + ":2: plugins.topologies: plug-in '" + file
                  + "' is not a Braid plug-in: it lacks braid_plugin; build "
                    "it with braid_add_topology");
}

TEST_CASE("a text that is no library is refused") {
  scratch_folder folder;
  auto file = folder.write("topology.so", "not a library").string();
  auto set = plugin_setting({file});
  check_refused_with(node_with({"--check", "--set", set}),
                     "--set " + set + ": plug-in '" + file
                       + "' cannot be loaded: ");
}
