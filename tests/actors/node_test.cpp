#include "actors/node.hpp"

#include <catch2/catch.hpp>
#include <future>
#include <thread>

using namespace braid;
using namespace std::chrono_literals;

TEST_CASE("a node can be stopped while threads that asked it live on") {
  node here{node_settings{}, topology_registry{}};
  std::promise<void> asked;
  std::promise<void> stopped;
  std::thread client{[&] {
    here.report();
    asked.set_value();
    stopped.get_future().wait();
  }};
  asked.get_future().wait();
  here.stop();
  stopped.set_value();
  client.join();
}

TEST_CASE("a stopped node refuses to answer") {
  node here{node_settings{}, topology_registry{}};
  here.stop();
  try {
    here.report();
    FAIL("answered");
  } catch (const request_error& refused) {
    CHECK(refused.unanswered);
  }
}

TEST_CASE("an address in use is refused with its key") {
  node first{node_settings{}, topology_registry{}};
  auto refusal = [](const node_settings& settings) -> std::string {
    try {
      node second{settings, topology_registry{}};
    } catch (const listen_error& refused) {
      return refused.what();
    }
    return "accepted";
  };
  node_settings settings;
  settings.control = first.settings().control;
  CHECK_THAT(refusal(settings), Catch::StartsWith("control.listen: "));
  settings.control.port = 0;
  settings.data = first.settings().data;
  CHECK_THAT(refusal(settings), Catch::StartsWith("data.listen: "));
}

TEST_CASE("nobody waits for a run that does not exist") {
  node here{node_settings{}, topology_registry{}};
  CHECK_THROWS_AS(here.wait("nothing-1", 1s), request_error);
}
