#include "tests/tools/scratch_folder.hpp"
#include "tools/logging.hpp"

#include <catch2/catch.hpp>
#include <latch>
#include <nlohmann/json.hpp>
#include <regex>
#include <spdlog/spdlog.h>
#include <thread>

using namespace braid;

namespace {

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::vector<std::string> lines;
  std::istringstream in{text_of(file)};
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

/// Logs into a file, which can be read at once.
struct fixture {
  scratch_folder folder;
  logging_settings settings;

  fixture() {
    settings.file = folder.path() / "log";
  }

  ~fixture() {
    start_logging({}, ""); // lets go of the file
  }

  std::vector<std::string> lines() const {
    return lines_of(settings.file);
  }

  std::vector<nlohmann::json> objects() const {
    std::vector<nlohmann::json> result;
    for (const auto& line : lines())
      result.push_back(nlohmann::json::parse(line));
    return result;
  }
};

} // namespace

TEST_CASE_METHOD(fixture, "a text line tells time, level, node and component") {
  start_logging(settings, "node-7");
  logger("data")->warn("link to {} is down", "node-8");
  REQUIRE(lines().size() == 1);
  CHECK(std::regex_match(
    lines()[0],
    std::regex{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z warning node-7 data: )"
               "link to node-8 is down"}));
}

TEST_CASE_METHOD(fixture, "a JSON line is one object with the same contents") {
  settings.format = log_format::json;
  start_logging(settings, "node-7");
  logger("http")->error("no such page");
  auto all = objects();
  REQUIRE(all.size() == 1);
  CHECK(all[0].size() == 5);
  CHECK(
    std::regex_match(all[0]["time"].get<std::string>(),
                     std::regex{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)"}));
  CHECK(all[0]["level"] == "error");
  CHECK(all[0]["component"] == "http");
  CHECK(all[0]["node"] == "node-7");
  CHECK(all[0]["message"] == "no such page");
}

TEST_CASE_METHOD(fixture, "no message breaks a JSON line") {
  settings.format = log_format::json;
  start_logging(settings, "no\"de");
  std::string message = "quote \" backslash \\ newline \n tab \t bell \a {} ü";
  logger("node")->info(message);
  logger("node")->info("{}", std::string{"nul \0 inside", 12});
  logger("node")->info("{}", "not UTF-8: \xff");
  auto all = objects();
  REQUIRE(all.size() == 3);
  CHECK(all[0]["message"] == message);
  CHECK(all[0]["node"] == "no\"de");
  CHECK(all[1]["message"] == std::string{"nul \0 inside", 12});
  CHECK(all[2]["message"] == "not UTF-8: \xEF\xBF\xBD");
}

TEST_CASE_METHOD(fixture, "each component has its own level") {
  settings.level = log_level::warning;
  settings.levels = {{"data", log_level::debug}, {"http", log_level::off}};
  start_logging(settings, "node-0");
  for (const auto& component : log_components) {
    auto log = logger(std::string{component.name});
    log->trace("trace");
    log->debug("debug");
    log->error("error");
  }
  std::string seen;
  for (const auto& line : lines())
    seen += line.substr(line.find("node-0 ") + 7) + '\n';
  CHECK(seen
        == "node: error\ncontrol: error\ndata: debug\ndata: error\n"
           "topology: error\npartition: error\n");
}

TEST_CASE_METHOD(fixture, "every level lets pass itself and what is graver") {
  using level = spdlog::level::level_enum;
  std::map<log_level, level> first{
    {log_level::trace, level::trace}, {log_level::debug, level::debug},
    {log_level::info, level::info},   {log_level::warning, level::warn},
    {log_level::error, level::err},   {log_level::off, level::off}};
  for (auto [ours, theirs] : first) {
    settings.level = ours;
    start_logging(settings, "node-0");
    CHECK(logger("control")->level() == theirs);
  }
}

TEST_CASE_METHOD(fixture, "layers below find the loggers in spdlog") {
  start_logging(settings, "node-0");
  for (const auto& component : log_components)
    CHECK(spdlog::get(std::string{component.name})
          == logger(std::string{component.name}));
  spdlog::info("hello");
  REQUIRE(lines().size() == 1);
  CHECK(lines()[0].ends_with("info node-0 node: hello"));
}

TEST_CASE_METHOD(fixture, "other names log at the general level") {
  settings.level = log_level::error;
  start_logging(settings, "node-0");
  auto log = logger("word_count");
  CHECK(log == logger("word_count"));
  log->warn("not written");
  log->error("written");
  REQUIRE(lines().size() == 1);
  CHECK(lines()[0].ends_with("word_count: written"));
  spdlog::drop("word_count");
}

TEST_CASE_METHOD(fixture, "threads that ask for a new name get one logger") {
  start_logging(settings, "node-0");
  for (int i = 0; i < 200; ++i) {
    auto name = "new_" + std::to_string(i);
    std::latch ready{2};
    std::shared_ptr<spdlog::logger> theirs;
    std::thread other{[&] {
      ready.arrive_and_wait();
      theirs = logger(name);
    }};
    ready.arrive_and_wait();
    auto ours = logger(name);
    other.join();
    CHECK(ours == theirs);
    spdlog::drop(name);
  }
}

TEST_CASE_METHOD(fixture, "lines of several threads do not mix") {
  settings.format = log_format::json;
  start_logging(settings, "node-0");
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([thread] {
      auto log = logger("new_" + std::to_string(thread % 2));
      for (int i = 0; i < 500; ++i)
        log->info("{} {}", thread, i);
    });
  for (auto& thread : threads)
    thread.join();
  std::map<std::string, int> next;
  for (const auto& line : objects()) {
    std::istringstream message{line["message"].get<std::string>()};
    std::string thread;
    int i = 0;
    message >> thread >> i;
    CHECK(i == next[thread]++);
  }
  CHECK(next
        == std::map<std::string, int>{
          {"0", 500}, {"1", 500}, {"2", 500}, {"3", 500}});
  spdlog::drop("new_0");
  spdlog::drop("new_1");
}

TEST_CASE_METHOD(fixture, "a log is appended to, never cut") {
  folder.write("log", "old\n");
  start_logging(settings, "node-0");
  logger("node")->info("new");
  REQUIRE(lines().size() == 2);
  CHECK(lines()[0] == "old");
}

TEST_CASE_METHOD(fixture, "a log file that cannot be written is refused") {
  folder.write("file", "");
  settings.file = folder.path() / "file" / "log";
  try {
    start_logging(settings, "node-0");
    FAIL("accepted");
  } catch (const configuration_error& refused) {
    std::string what = refused.what();
    CHECK(what.starts_with("logging.file: "));
    CHECK(what.find(settings.file.string()) != std::string::npos);
    CHECK(what.ends_with("; name a file that can be written, or leave it empty "
                         "for standard error"));
  }
}
