// A program that embeds a node: word_count.
#include "tests/cluster/process.hpp"
#include "tests/tools/scratch_folder.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::testing;

namespace {

struct fixture {
  scratch_folder folder;

  std::vector<std::string> command(std::vector<std::string> more = {}) {
    std::vector<std::string> result{
      program("word_count"), "--input",
      folder.write("text", "to be or not to be\n").string(), "--output",
      (folder.path() / "counts").string()};
    result.insert(result.end(), more.begin(), more.end());
    return result;
  }
};

} // namespace

TEST_CASE_METHOD(fixture, "an embedded node says little") {
  auto done = run_to_end(command());
  CHECK(done.status == 0);
  CHECK(done.output.empty());
  CHECK(done.errors.empty());
}

TEST_CASE_METHOD(fixture, "an embedded node says more if it is asked") {
  auto done = run_to_end(command({"--verbose"}));
  CHECK(done.status == 0);
  CHECK_THAT(done.errors,
             Catch::StartsWith("word_count: word_count-1 is complete after "));
}

TEST_CASE("an embedded node cancels its run when it is interrupted") {
  process running{{program("endless"), "--http", "127.0.0.1:0"}};
  running.complaint("http://");
  running.send(SIGINT);
  CHECK(running.wait() == 1);
  CHECK_THAT(running.errors(),
             Catch::Contains("endless: endless-1 is cancelled after "));
}

TEST_CASE("an embedded node can be asked over HTTP") {
  process running{{program("endless"), "--http", "127.0.0.1:0"}};
  running.complaint("\n");
  auto line = running.errors();
  auto url = line.substr(line.find("http://"));
  url.resize(url.find('\n'));
  auto done = run_to_end({program("braidctl"), "--node", url, "nodes"});
  CHECK(done.status == 0);
  CHECK_THAT(done.output, Catch::Contains("node-0  up"));
}

TEST_CASE_METHOD(fixture, "an embedded node reports why its run failed") {
  // The result of the first run is not overwritten.
  CHECK(run_to_end(command()).status == 0);
  auto done = run_to_end(command());
  CHECK(done.status == 1);
  CHECK_THAT(done.errors, Catch::StartsWith("word_count: "));
  CHECK_THAT(done.errors, Catch::Contains("is there already"));
  CHECK(done.output.empty());
}

TEST_CASE_METHOD(fixture, "mistakes in settings are found before the start") {
  auto missing = run_to_end({program("word_count"), "--output", "x"});
  CHECK(missing.status == 2);
  CHECK_THAT(missing.errors,
             Catch::StartsWith("word_count: setting 'input' is missing"));
  auto unknown = run_to_end(command({"--slize", "4"}));
  CHECK(unknown.status == 2);
  CHECK(unknown.errors
        == "word_count: topology 'word_count' has no setting 'slize'; check "
           "its spelling\n");
  auto stray = run_to_end({program("word_count"), "text"});
  CHECK(stray.status == 2);
}

TEST_CASE_METHOD(fixture, "an embedded node explains itself") {
  auto done = run_to_end({program("word_count"), "--help"});
  CHECK(done.status == 0);
  CHECK_THAT(done.output, Catch::StartsWith("usage: word_count"));
  CHECK_THAT(done.output, Catch::Contains("--record-cuts DIR"));
}
