#include "tools/http_server.hpp"

#include "actors/node.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

using namespace braid;
using boost::asio::ip::tcp;

namespace {

http_api silent_api() {
  return http_api{{[] { return cluster_report{}; },
                   [](const submission&) { return std::string{"x-1"}; },
                   [](const std::string&) {}}};
}

/// What the server says until it closes the connection.
std::string exchange(const address& where, const std::string& request) {
  boost::asio::io_context io;
  tcp::socket socket{io};
  socket.connect({boost::asio::ip::make_address(where.host), where.port});
  boost::asio::write(socket, boost::asio::buffer(request));
  std::string answer;
  boost::system::error_code end;
  boost::asio::read(socket, boost::asio::dynamic_buffer(answer), end);
  return answer;
}

} // namespace

TEST_CASE("a server answers and closes the connection") {
  http_server server{address{}};
  CHECK(server.where().port != 0);
  server.start(silent_api());
  auto answer = exchange(server.where(), "GET /healthz HTTP/1.1\r\n"
                                         "Host: localhost\r\n\r\n");
  CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 200"));
  CHECK_THAT(answer, Catch::EndsWith("{\"status\":\"alive\"}"));
}

TEST_CASE("what is not HTTP is refused in JSON") {
  http_server server{address{}};
  server.start(silent_api());
  auto answer = exchange(server.where(), "hello\r\n\r\n");
  CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 400"));
  CHECK_THAT(answer, Catch::Contains("{\"error\":\"the request is malformed"));
}

TEST_CASE("a body that is too long is refused") {
  http_server server{address{}};
  server.start(silent_api());
  auto answer = exchange(server.where(), "POST /api/topologies HTTP/1.1\r\n"
                                         "Host: localhost\r\n"
                                         "Content-Type: application/json\r\n"
                                         "Content-Length: 100000000\r\n\r\n");
  CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 413"));
}

TEST_CASE("a port that is in use is refused") {
  http_server first{address{}};
  first.start(silent_api());
  try {
    http_server second{first.where()};
    FAIL("accepted");
  } catch (const listen_error& refused) {
    CHECK(refused.what()
          == "http.listen: cannot listen at " + to_string(first.where())
               + ": Address already in use");
  }
}

TEST_CASE("a server stops although somebody is connected and silent") {
  http_server server{address{}};
  server.start(silent_api());
  boost::asio::io_context io;
  tcp::socket socket{io};
  socket.connect(
    {boost::asio::ip::make_address(server.where().host), server.where().port});
  server.stop();
}
