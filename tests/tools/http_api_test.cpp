#include "tests/tools/reports.hpp"
#include "tools/http_api.hpp"
#include "tools/json_reports.hpp"

#include "actors/node.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace braid;
using namespace braid::testing;

namespace {

/// An interface to a cluster that is made up, and what it was asked to do.
struct fixture {
  std::vector<submission> submitted;
  std::vector<std::string> cancelled;
  std::vector<savepoint_order> ordered;
  std::optional<request_error> trouble;
  http_api api{
    {[this] {
       check();
       return made_up_cluster();
     },
     [this](const submission& asked) {
       check();
       submitted.push_back(asked);
       return asked.topology + "-1";
     },
     [this](const std::string& run) { cancelled.push_back(run); },
     [this](const savepoint_order& order) {
       ordered.push_back(order);
       return order.name;
     },
     [] { return std::vector{made_up_savepoint("daily")}; },
     [](const std::string& name) { return made_up_savepoint(name); },
     [](const std::string& name) { return made_up_savepoint(name); }}};

  void check() const {
    if (trouble)
      throw *trouble;
  }

  http_answer ask(const std::string& method, const std::string& path,
                  const std::string& body = "") const {
    return api.answer(
      {method, path, "127.0.0.1:4780", "application/json", body});
  }

  std::string error_of(const http_answer& answer, int status) const {
    CHECK(answer.status == status);
    return json::parse(answer.body).at("error");
  }
};

} // namespace

TEST_CASE_METHOD(fixture, "what the cluster does can be asked") {
  for (auto* path : {"/api/nodes", "/api/topologies", "/api/tree",
                     "/api/topologies/word_count-2", "/healthz", "/readyz"}) {
    auto answer = ask("GET", path);
    INFO(path);
    CHECK(answer.status == 200);
    CHECK(json::parse(answer.body).is_object());
  }
  CHECK(json::parse(ask("GET", "/api/topologies/word_count-2").body)["name"]
        == "word_count-2");
}

TEST_CASE_METHOD(fixture, "a topology is submitted") {
  auto answer =
    ask("POST", "/api/topologies", R"({"topology": "join", "parallelism": 2})");
  CHECK(answer.status == 201);
  CHECK(answer.body == R"({"name":"join-1"})");
  REQUIRE(submitted.size() == 1);
  CHECK(submitted[0].parallelism == 2);
}

TEST_CASE_METHOD(fixture, "a run is cancelled") {
  auto answer = ask("DELETE", "/api/topologies/word_count-2");
  CHECK(answer.status == 202);
  CHECK(cancelled == std::vector<std::string>{"word_count-2"});
}

TEST_CASE_METHOD(fixture, "a run that does not exist is not found") {
  std::string error = "there is no run 'x'; GET /api/topologies lists them";
  CHECK(error_of(ask("GET", "/api/topologies/x"), 404) == error);
  CHECK(error_of(ask("DELETE", "/api/topologies/x"), 404) == error);
  CHECK(cancelled.empty());
}

TEST_CASE_METHOD(fixture, "unknown paths and methods are refused") {
  CHECK(error_of(ask("GET", "/api/node"), 404)
        == "there is no '/api/node'; did you mean '/api/nodes'?");
  CHECK(error_of(ask("GET", "/dashboard"), 404)
        == "there is no '/dashboard'; docs/http_api.md lists what is");
  CHECK(error_of(ask("PUT", "/api/topologies"), 405)
        == "'/api/topologies' does not take PUT; it takes GET, POST");
}

TEST_CASE_METHOD(fixture, "a mistake in a submission is the caller's") {
  CHECK(error_of(ask("POST", "/api/topologies", "{}"), 400)
        == "'topology' is missing; name the topology to run");
  trouble = request_error{"no such topology"};
  CHECK(error_of(ask("POST", "/api/topologies", R"({"topology": "x"})"), 400)
        == "no such topology");
}

TEST_CASE_METHOD(fixture, "nobody is ready without a supervising node") {
  trouble = request_error{"no answer", true};
  CHECK(error_of(ask("GET", "/readyz"), 503) == "no answer");
  CHECK(error_of(ask("GET", "/api/nodes"), 503) == "no answer");
  CHECK(ask("GET", "/healthz").status == 200);
}

TEST_CASE_METHOD(fixture, "pages of other sites cannot use the interface") {
  auto asked_by = [&](const std::string& host, const std::string& type) {
    return api
      .answer({"POST", "/api/topologies", host, type, R"({"topology": "x"})"})
      .status;
  };
  for (auto* host : {"127.0.0.1:4780", "localhost", "localhost:1", "[::1]:4780",
                     "[::1]", "10.0.0.1", ""})
    CHECK(asked_by(host, "application/json; charset=utf-8") == 201);
  for (auto* host : {"example.org", "127.0.0.1.example.org:4780", ":", "a b"})
    CHECK(asked_by(host, "application/json") == 400);
  for (auto* type : {"text/plain", "application/x-www-form-urlencoded", ""})
    CHECK(asked_by("localhost", type) == 400);
}

TEST_CASE_METHOD(fixture, "bytes that are no text do no harm") {
  trouble = request_error{"broken: \xff\xfe"};
  CHECK(error_of(ask("GET", "/api/nodes"), 400).starts_with("broken: "));
}

TEST_CASE_METHOD(fixture, "a savepoint is ordered, and then looked at") {
  auto answer = ask("POST", "/api/topologies/word_count-2/savepoints",
                    R"({"name": "daily", "limit_us": 5000000})");
  CHECK(answer.status == 202);
  CHECK(answer.body == R"({"name":"daily"})");
  REQUIRE(ordered.size() == 1);
  CHECK(ordered[0].run == "word_count-2");
  CHECK(ordered[0].limit_us == 5'000'000);
  CHECK_FALSE(ordered[0].periodic);
  auto all = json::parse(ask("GET", "/api/savepoints").body);
  CHECK(all["savepoints"][0]["name"] == "daily");
  auto one = json::parse(ask("GET", "/api/savepoints/daily").body);
  CHECK(one["state"] == "written");
  CHECK(one["operators"][0]["bytes"] == 2'048);
  auto verified = ask("POST", "/api/savepoints/verify", R"({"name": "a"})");
  CHECK(json::parse(verified.body)["name"] == "a");
}

TEST_CASE_METHOD(fixture, "a mistaken order of a savepoint is refused") {
  auto order = [&](const std::string& run, const std::string& body) {
    return ask("POST", "/api/topologies/" + run + "/savepoints", body);
  };
  CHECK(error_of(order("x", "{}"), 404)
        == "there is no run 'x'; GET /api/topologies lists them");
  CHECK(error_of(order("word_count-2", R"({"nam": "a"})"), 400)
        == "unknown key 'nam'; known are name, limit_us");
  CHECK(error_of(order("word_count-2", R"({"name": 1})"), 400)
        == "'name' is number; give a string");
  error_of(order("word_count-2", R"({"limit_us": 0})"), 400);
  error_of(ask("POST", "/api/savepoints/verify", "{}"), 400);
  error_of(ask("GET", "/api/topologies/word_count-2/savepoints"), 405);
  CHECK(ordered.empty());
}
