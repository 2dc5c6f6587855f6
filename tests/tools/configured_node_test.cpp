#include "tools/configured_node.hpp"

#include "operators/archive.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace std::chrono_literals;

TEST_CASE("a node is told what its configuration says about checkpoints") {
  node_configuration configuration;
  configuration.checkpoints = {true, 15ms, 2, 5, 1 << 20, 1 << 19, 70ms};
  auto node = node_settings_of(configuration);
  CHECK(node.runs.checkpoint_interval_us == 15'000);
  CHECK(node.runs.replicas == 2);
  CHECK(node.runs.max_attempts == 5);
  CHECK(node.backup_bytes == 1 << 20);
  CHECK(node.replay_bytes == 1 << 19);
  CHECK(node.runs.replay_budget_us == 70'000);
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
  configuration.checkpoints.enabled = false;
  CHECK(node_settings_of(configuration).runs.checkpoint_interval_us == 0);
}

TEST_CASE("the settings of runs tell other nodes about checkpoints") {
  run_settings sent;
  sent.checkpoint_interval_us = 15'000;
  sent.replicas = 2;
  sent.replay_budget_us = 70'000;
  auto received = decoded<run_settings>(encoded(sent));
  CHECK(received.checkpoint_interval_us == 15'000);
  CHECK(received.replicas == 2);
  CHECK(received.replay_budget_us == 70'000);
}

TEST_CASE("an unconfigured node treats checkpoints as configured by default") {
  auto configured = node_settings_of({});
  node_settings unconfigured;
  CHECK(configured.runs.checkpoint_interval_us
        == unconfigured.runs.checkpoint_interval_us);
  CHECK(configured.runs.replicas == unconfigured.runs.replicas);
  CHECK(configured.backup_bytes == unconfigured.backup_bytes);
  CHECK(configured.replay_bytes == unconfigured.replay_bytes);
  CHECK(configured.runs.replay_budget_us == unconfigured.runs.replay_budget_us);
}

TEST_CASE("a node is told what its configuration says about savepoints") {
  node_configuration configuration;
  configuration.savepoints = {"/safe/place", 15min, 7};
  auto told = node_settings_of(configuration).savepoints;
  CHECK(told.directory == "/safe/place");
  CHECK(told.interval_us == 900'000'000);
  CHECK(told.keep == 7);
  auto usual = node_settings_of({}).savepoints;
  CHECK(usual.directory
        == (std::filesystem::current_path() / "savepoints").string());
  CHECK(usual.interval_us == 0);
  CHECK(usual.keep == 3);
}
