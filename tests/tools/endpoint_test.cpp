#include "tools/endpoint.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

using namespace braid;

namespace {

std::string refusal(const std::string& text) {
  try {
    parse_endpoint(text);
  } catch (const std::invalid_argument& refused) {
    return refused.what();
  }
  return "accepted";
}

bool loopback(const std::string& text) {
  return is_loopback(parse_endpoint(text));
}

} // namespace

TEST_CASE("an endpoint is a host and a port") {
  CHECK(parse_endpoint("127.0.0.1:4700") == endpoint{"127.0.0.1", 4700});
  CHECK(parse_endpoint("node-1.example_net:0")
        == endpoint{"node-1.example_net", 0});
  CHECK(parse_endpoint("[::1]:65535") == endpoint{"::1", 65535});
}

TEST_CASE("an endpoint is printed as it is read") {
  for (std::string text : {"127.0.0.1:4700", "[fe80::1]:1", "localhost:0"})
    CHECK(to_string(parse_endpoint(text)) == text);
}

TEST_CASE("a refused endpoint names the problem and the remedy") {
  CHECK(refusal("")
        == "\"\" has no port; write host:port, such as 127.0.0.1:4700");
  CHECK(refusal("[::1]")
        == "\"[::1]\" has no port; write host:port, such as 127.0.0.1:4700");
  CHECK(refusal(":4700")
        == "\":4700\" has no host; write host:port, such as 127.0.0.1:4700");
  CHECK(refusal("::1:4700")
        == "\"::1:4700\" is an IPv6 address without brackets; write it like "
           "[::1]:4700");
  CHECK(refusal("fe80::abcd")
        == "\"fe80::abcd\" is an IPv6 address without brackets; write it like "
           "[::1]:4700");
  CHECK(refusal("[::g]:1")
        == "\"[::g]:1\" has the impossible IPv6 address \"::g\"; write it like "
           "[::1]:4700");
  CHECK(refusal("a:65536")
        == "\"a:65536\" has the impossible port \"65536\"; use 0 to 65535");
  CHECK(refusal("a:-1")
        == "\"a:-1\" has the impossible port \"-1\"; use 0 to 65535");
  CHECK(refusal("a:") == "\"a:\" has the impossible port \"\"; use 0 to 65535");
  CHECK(refusal("a/b:1")
        == "\"a/b:1\" has the impossible host \"a/b\"; use a name, an IPv4 "
           "address or [an IPv6 address]");
  CHECK(refusal("256.0.0.1:1")
        == "\"256.0.0.1:1\" has the impossible IPv4 address \"256.0.0.1\"; use "
           "four numbers from 0 to 255");
  CHECK(refusal("127.1:1")
        == "\"127.1:1\" has the impossible IPv4 address \"127.1\"; use four "
           "numbers from 0 to 255");
  CHECK(refusal(std::string{"127.0.0.1\0.example:1", 20}) != "accepted");
  CHECK(refusal(std::string{"[::1\0.example]:1", 16}) != "accepted");
}

TEST_CASE("only addresses of this machine alone are loopback") {
  CHECK(loopback("localhost:1"));
  CHECK(loopback("127.0.0.1:1"));
  CHECK(loopback("127.255.0.9:1"));
  CHECK(loopback("[::1]:1"));
  CHECK_FALSE(loopback("0.0.0.0:1"));
  CHECK_FALSE(loopback("[::]:1"));
  CHECK_FALSE(loopback("10.0.0.1:1"));
  CHECK_FALSE(loopback("126.0.0.1:1"));
  CHECK_FALSE(loopback("127.example:1"));
  CHECK_FALSE(loopback("localhost.example:1"));
  CHECK_FALSE(loopback("[fe80::1]:1"));
}
