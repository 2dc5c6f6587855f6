// The files in conf/ and the reference in docs/ say what the code does.
#include "tests/tools/scratch_folder.hpp"
#include "tools/configuration.hpp"
#include "tools/configuration_keys.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace braid;

namespace {

std::filesystem::path conf_folder() {
  return BRAID_CONF_DIR;
}

node_configuration ready_to_use(const std::string& name) {
  return load_configuration(conf_folder() / (name + ".toml"));
}

} // namespace

TEST_CASE("the shipped configurations can be loaded") {
  auto local = ready_to_use("local");
  CHECK(local.node.supervisor);
  CHECK(local.cluster.nodes.empty());
  auto supervisor = ready_to_use("supervisor");
  CHECK(supervisor.node.supervisor);
  auto worker = ready_to_use("worker");
  CHECK_FALSE(worker.node.supervisor);
  CHECK(worker.node.name != supervisor.node.name);
}

TEST_CASE("the supervisor and the worker know each other's address") {
  auto supervisor = ready_to_use("supervisor");
  auto worker = ready_to_use("worker");
  std::vector<endpoint> both{supervisor.control.listen, worker.control.listen};
  CHECK(supervisor.cluster.nodes == both);
  CHECK(worker.cluster.nodes == both);
}

TEST_CASE("the supervisor and the worker have ports of their own") {
  std::set<std::uint16_t> ports;
  for (const auto& name : {"supervisor", "worker"}) {
    auto configuration = ready_to_use(name);
    ports.insert({configuration.control.listen.port,
                  configuration.data.listen.port,
                  configuration.http.listen.port});
  }
  CHECK(ports.size() == 6);
  CHECK(ports.count(0) == 0);
}

TEST_CASE("every key in the shipped configurations is explained") {
  for (std::string name : {"local", "supervisor", "worker"}) {
    std::istringstream file{text_of(conf_folder() / (name + ".toml"))};
    std::string before;
    int keys = 0;
    for (std::string line; std::getline(file, line); before = line) {
      if (line.empty() || line[0] == '#' || line[0] == '[')
        continue;
      INFO(name << ": " << line);
      CHECK(before.starts_with("# "));
      ++keys;
    }
    CHECK(keys > 0);
  }
}

TEST_CASE("the reference documents every key as it is") {
  auto text =
    text_of(conf_folder().parent_path() / "docs" / "configuration.md");
  for (const auto& section : configuration_sections()) {
    CHECK(text.find("### `[" + section.name + "]`\n\n" + section.why + '\n')
          != std::string::npos);
    for (const auto& key : section.keys) {
      auto row = "| `" + key.full_name() + "` | `" + key.print({}) + "` | "
                 + key.allowed + " | " + key.why + " |\n";
      INFO("docs/configuration.md lacks this line:\n" << row);
      CHECK(text.find(row) != std::string::npos);
    }
  }
}
