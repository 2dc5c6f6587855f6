#include "tests/scaling/provider_rig.hpp"

#include "scaling/child_process.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

using namespace braid;
using namespace braid::testing;
using namespace std::chrono_literals;

namespace {

const child_process::time_point now{};

process_end end_of(child_process& child) {
  for (;;) {
    if (auto end = child.poll(now))
      return *end;
    wait_for_child();
  }
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

TEST_CASE("a child's end is told, and it is reaped") {
  child_process good{{"true"}, {}};
  CHECK(end_of(good) == process_end{0, 0});
  child_process bad{{"sh", "-c", "exit 3"}, {}};
  CHECK(to_string(end_of(bad)) == "ended with status 3");
  CHECK(!has_children());
  CHECK(bad.poll(now) == process_end{3, 0});
}

TEST_CASE("a program that is not there is refused by name") {
  CHECK_THROWS_WITH(child_process({"no-such-program"}, {}),
                    Catch::Contains("'no-such-program'"));
  CHECK_THROWS_AS(child_process({"no-such-program"}, {}), std::system_error);
  CHECK(!has_children());
}

TEST_CASE("a child is asked to end") {
  child_process child{{"sleep", "1000"}, {}};
  CHECK(!child.poll(now));
  child.stop(now, 5s);
  CHECK(end_of(child) == process_end{0, SIGTERM});
}

TEST_CASE("a child that does not listen is killed after a while") {
  scratch_folder folder;
  auto ready = folder.path() / "ready";
  REQUIRE(mkfifo(ready.c_str(), 0600) == 0);
  child_process child{
    {"sh", "-c", "trap '' TERM; echo > " + ready.string() + "; sleep 1000"},
    {}};
  CHECK(content_of(ready) == "\n");
  child.stop(now, 5s);
  CHECK(!child.poll(now + 4s));
  child.poll(now + 5s);
  CHECK(end_of(child) == process_end{0, SIGKILL});
}

TEST_CASE("a child that is dropped is killed and reaped") {
  { child_process child{{"sleep", "1000"}, {}}; }
  CHECK(!has_children());
}

TEST_CASE("what a child has started goes with it") {
  scratch_folder folder;
  auto held = folder.path() / "held";
  REQUIRE(mkfifo(held.c_str(), 0600) == 0);
  std::ifstream in;
  {
    child_process child{
      {"sh", "-c",
       "exec 1> " + held.string() + "; sleep 1000 & echo ready; wait"},
      {}};
    in.open(held);
    std::string line;
    std::getline(in, line);
    CHECK(line == "ready");
  }
  // The end comes when nobody can write any more.
  CHECK(std::string{std::istreambuf_iterator<char>{in}, {}}.empty());
}

TEST_CASE("what a child prints goes to its file, and the last line is known") {
  scratch_folder folder;
  auto file = folder.path() / "a.log";
  child_process first{{"sh", "-c", "echo one; echo two >&2; echo"}, file};
  end_of(first);
  CHECK(first.last_line() == "two");
  child_process second{{"true"}, file};
  end_of(second);
  CHECK(second.last_line().empty());
  CHECK(content_of(file) == "one\ntwo\n\n");
}

TEST_CASE("a child gets none of our files, and no blocked signals") {
  scratch_folder folder;
  auto file = folder.path() / "a.log";
  sigset_t signals;
  sigset_t before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  auto ours = open("/dev/null", O_RDONLY);
  REQUIRE(dup2(ours, 77) == 77);
  child_process child{{"sh", "-c", "test ! -e /proc/self/fd/77 && kill $$"},
                      file};
  CHECK(end_of(child) == process_end{0, SIGTERM});
  close(77);
  close(ours);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}
