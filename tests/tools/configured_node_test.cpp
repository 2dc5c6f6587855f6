#include "tools/configured_node.hpp"

#include "operators/archive.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace std::chrono_literals;

TEST_CASE("a node is told what its configuration says about checkpoints") {
  node_configuration configuration;
  configuration.checkpoints = {true, 15ms, 2, 1 << 20};
  auto node = node_settings_of(configuration);
  CHECK(node.runs.checkpoint_interval_us == 15'000);
  CHECK(node.runs.replicas == 2);
  CHECK(node.backup_bytes == 1 << 20);
}

TEST_CASE("a node is told where its journal is") {
  node_configuration configuration;
  configuration.journal = {"/somewhere", 7s};
  auto node = node_settings_of(configuration);
  CHECK(node.journal == "/somewhere");
  CHECK(node.return_limit == 7s);
}

TEST_CASE("checkpoints that are not enabled have no interval") {
  node_configuration configuration;
  configuration.checkpoints = {false, 15ms, 2, 1 << 20};
  CHECK(node_settings_of(configuration).runs.checkpoint_interval_us == 0);
}

TEST_CASE("the settings of runs tell other nodes about checkpoints") {
  run_settings sent;
  sent.checkpoint_interval_us = 15'000;
  sent.replicas = 2;
  auto received = decoded<run_settings>(encoded(sent));
  CHECK(received.checkpoint_interval_us == 15'000);
  CHECK(received.replicas == 2);
}

TEST_CASE("an unconfigured node treats checkpoints as configured by default") {
  auto configured = node_settings_of({});
  node_settings unconfigured;
  CHECK(configured.runs.checkpoint_interval_us
        == unconfigured.runs.checkpoint_interval_us);
  CHECK(configured.runs.replicas == unconfigured.runs.replicas);
  CHECK(configured.backup_bytes == unconfigured.backup_bytes);
}
