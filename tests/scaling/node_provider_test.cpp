#include "tests/scaling/provider_rig.hpp"

#include "scaling/command_provider.hpp"
#include "scaling/process_provider.hpp"
#include "scaling/static_provider.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <sys/stat.h>

using namespace braid;
using namespace braid::testing;
using namespace std::chrono_literals;

using kind = node_event::kind;

namespace {

const node_order order{"spare-1", "127.0.0.1:4700"};
const node_provider::time_point now{};

command_provider::options commands(const std::string& start,
                                   const std::string& stop = "true") {
  command_provider::options result;
  result.start = shell(start);
  result.stop = shell(stop);
  return result;
}

} // namespace

TEST_CASE("placeholders are replaced, and wrong ones refused") {
  CHECK(
    command_for({"run", "--name={name}", "{address}/{name}", "{Name} {"}, order)
    == std::vector<std::string>{"run", "--name=spare-1",
                                "127.0.0.1:4700/spare-1", "{Name} {"});
  CHECK_NOTHROW(check_command("pool.command", {"run", "{\"a\": 1}", "{}"}));
  CHECK_THROWS_WITH(check_command("pool.command", {"run", "a{nmae}"}),
                    Catch::StartsWith("pool.command: ")
                      && Catch::Contains("{nmae}")
                      && Catch::Contains("{name} and {address}"));
  CHECK_THROWS_WITH(check_command("pool.command", {}),
                    Catch::Contains("as a list"));
}

TEST_CASE("the settings say which provider there is") {
  provider_settings settings;
  CHECK(dynamic_cast<static_provider*>(make_provider(settings).get()));
  settings.command = {"true"};
  settings.provider = provider_kind::process;
  CHECK(dynamic_cast<process_provider*>(make_provider(settings).get()));
  settings.provider = provider_kind::command;
  CHECK(dynamic_cast<command_provider*>(make_provider(settings).get()));
  settings.time_limit = 0us;
  CHECK_THROWS_WITH(make_provider(settings),
                    Catch::StartsWith("scaling.time_limit: "));
  settings.output = "/no/such/folder";
  CHECK_THROWS_WITH(make_provider(settings),
                    Catch::StartsWith("pool.output: ")
                      && Catch::Contains("/no/such/folder"));
  for (auto name : {"static", "process", "command"})
    CHECK(to_string(*to_provider_kind(name)) == name);
  CHECK(!to_provider_kind("cloud"));
}

TEST_CASE("static: people are asked, once") {
  static_provider provider;
  provider.start(order, now);
  provider.start(order, now);
  auto events = provider.poll(now);
  REQUIRE(events.size() == 1);
  CHECK(events[0].what == kind::asked);
  CHECK_THAT(events[0].text, Catch::Contains("node.name=spare-1")
                               && Catch::Contains("127.0.0.1:4700"));
  CHECK(provider.poll(now).empty());
  provider.stop("spare-1", now);
  provider.stop("spare-1", now);
  CHECK(provider.poll(now).size() == 1);
}

TEST_CASE("process: a node runs until it is to stop") {
  process_provider provider{{{"sleep", "1000"}, {}, 10s}};
  provider.start(order, now);
  provider.start(order, now);
  auto events = provider.poll(now);
  REQUIRE(events.size() == 1);
  CHECK(events[0].what == kind::started);
  CHECK(provider.poll(now).empty());
  provider.stop("other", now);
  provider.stop("spare-1", now);
  events = next_events(provider, now);
  REQUIRE(events.size() == 1);
  CHECK(events[0].what == kind::stopped);
  CHECK(!has_children());
}

TEST_CASE("process: a node that ends by itself is reported with its words") {
  scratch_folder folder;
  process_provider provider{
    {shell("echo no port for $0 at $1; exit 4"), folder.path(), 10s}};
  provider.start(order, now);
  // It may end before anybody has asked how it fares.
  auto events = events_to_the_end(provider, now);
  REQUIRE(events.size() == 2);
  CHECK(events[0].what == kind::started);
  CHECK(events[1]
        == node_event{
          kind::ended, "spare-1",
          "ended with status 4: no port for spare-1 at 127.0.0.1:4700"});
  CHECK(!has_children());
}

TEST_CASE("process: what cannot be started has failed") {
  process_provider provider{{{"no-such-program"}, {}, 10s}};
  provider.start(order, now);
  auto events = provider.poll(now);
  REQUIRE(events.size() == 1);
  CHECK(events[0].what == kind::failed);
}

TEST_CASE("process: a node that has outlived its provider is found again") {
  scratch_folder folder;
  auto ended = folder.path() / "ended";
  REQUIRE(mkfifo(ended.c_str(), 0600) == 0);
  // As a node of an earlier life: of a group of its own, and nobody's child.
  auto line = "BRAID_POOL_NODE=n1@127.0.0.1:4700 setsid sh -c "
              "'echo runs; exec sleep 1000' > "
              + ended.string() + " &";
  child_process earlier{{"sh", "-c", line}, {}};
  while (!earlier.poll(now))
    wait_for_child();
  std::ifstream in{ended};
  std::string word;
  in >> word;
  REQUIRE(word == "runs");
  process_provider provider{{{"sleep", "1000"}, {}, 5s}};
  CHECK(!provider.adopt({"n2", "127.0.0.1:4700"}));
  CHECK(!provider.adopt({"n1", "127.0.0.1:4701"}));
  // It may be asked for again, before it has come back by itself.
  provider.start({"n1", "127.0.0.1:4700"}, now);
  auto told = provider.poll(now);
  REQUIRE(told.size() == 1);
  CHECK(told[0].what == node_event::kind::started);
  CHECK(!has_children());
  CHECK(provider.adopt({"n1", "127.0.0.1:4700"}));
  provider.stop("n1", now);
  // The end of the file comes when it is gone.
  CHECK(std::string{std::istreambuf_iterator<char>{in}, {}} == "\n");
  do
    told = provider.poll(now);
  while (told.empty());
  CHECK(told[0].what == node_event::kind::stopped);
}

TEST_CASE("process: no node outlives its provider") {
  {
    process_provider provider{{{"sleep", "1000"}, {}, 10s}};
    provider.start(order, now);
    provider.start({"spare-2", order.address}, now);
  }
  CHECK(!has_children());
}

TEST_CASE("command: a node is started when the command has succeeded") {
  scratch_folder folder;
  auto values = commands("echo start $0 $1", "echo stop $0");
  values.output = folder.path();
  command_provider provider{values};
  provider.start(order, now);
  CHECK(next_events(provider, now)
        == std::vector<node_event>{{kind::started, "spare-1", ""}});
  CHECK(provider.poll(now + 1h).empty());
  provider.stop("spare-1", now);
  CHECK(next_events(provider, now)
        == std::vector<node_event>{{kind::stopped, "spare-1", ""}});
  CHECK(!has_children());
}

TEST_CASE("command: failures are repeated after pauses, then reported") {
  scratch_folder folder;
  auto values = commands("echo quota; exit 7");
  values.output = folder.path();
  command_provider provider{values};
  provider.start(order, now);
  CHECK(next_events(provider, now).empty());
  CHECK(provider.poll(now + 999ms).empty());
  CHECK(!has_children());
  CHECK(next_events(provider, now + 1s).empty());
  CHECK(provider.poll(now + 2'999ms).empty());
  CHECK(!has_children());
  CHECK(next_events(provider, now + 3s)
        == std::vector<node_event>{
          {kind::failed, "spare-1",
           "the command ended with status 7: quota (3 attempts)"}});
  CHECK(provider.poll(now + 1h).empty());
}

TEST_CASE("command: a later attempt may succeed") {
  scratch_folder folder;
  auto file = (folder.path() / "tried").string();
  command_provider provider{
    commands("test -e " + file + " || { touch " + file + "; exit 1; }")};
  provider.start(order, now);
  CHECK(next_events(provider, now).empty());
  CHECK(next_events(provider, now + 1s)
        == std::vector<node_event>{{kind::started, "spare-1", ""}});
}

TEST_CASE("command: one that takes too long is stopped") {
  auto values = commands("sleep 1000");
  values.attempts = 1;
  command_provider provider{values};
  provider.start(order, now);
  CHECK(provider.poll(now).empty());
  CHECK(provider.poll(now + 5min - 1us).empty());
  CHECK(has_children());
  CHECK(next_events(provider, now + 5min)
        == std::vector<node_event>{
          {kind::failed, "spare-1",
           "the command took longer than it may (1 attempt)"}});
  CHECK(!has_children());
}

TEST_CASE("command: a node can be stopped while it is being started") {
  command_provider provider{commands("sleep 1000", "test $0 = spare-1")};
  provider.start(order, now);
  CHECK(provider.poll(now).empty());
  provider.stop("spare-1", now);
  provider.stop("spare-1", now);
  // First the start command ends, then the other one is run.
  CHECK(next_events(provider, now)
        == std::vector<node_event>{{kind::stopped, "spare-1", ""}});
  CHECK(!has_children());
}

TEST_CASE("command: what could not be stopped may be there still") {
  auto values = commands("true", "exit 1");
  values.attempts = 1;
  command_provider provider{values};
  provider.start(order, now);
  next_events(provider, now);
  provider.stop("spare-1", now);
  auto events = next_events(provider, now);
  REQUIRE(events.size() == 1);
  CHECK(events[0].what == kind::stop_failed);
}

TEST_CASE("command: a program that is not there fails as others do") {
  command_provider::options values;
  values.start = {"no-such-program"};
  values.attempts = 2;
  command_provider provider{values};
  provider.start(order, now);
  CHECK(provider.poll(now).empty());
  auto events = provider.poll(now + 1s);
  REQUIRE(events.size() == 1);
  CHECK(events[0].what == kind::failed);
  CHECK_THAT(events[0].text, Catch::Contains("'no-such-program'"));
}

TEST_CASE("command: impossible options are refused") {
  CHECK_THROWS_WITH(command_provider{command_provider::options{}},
                    Catch::StartsWith("pool.command: "));
  auto values = commands("true");
  values.attempts = 0;
  CHECK_THROWS_WITH(command_provider{values},
                    Catch::StartsWith("scaling.attempts: "));
}
