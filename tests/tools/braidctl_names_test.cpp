#include "tools/braidctl_client.hpp"
#include "tools/braidctl_names.hpp"

#include <catch2/catch.hpp>

using namespace braid;

namespace {

std::string refusal(const std::string& typed,
                    const std::vector<std::string>& names) {
  try {
    return complete_name(typed, names, "run");
  } catch (const braidctl_error& error) {
    return error.what();
  }
}

} // namespace

TEST_CASE("a name is completed when it is the only one") {
  CHECK(complete_name("wo", {"join-1", "word_count-1"}, "run")
        == "word_count-1");
  CHECK(complete_name("join-1", {"join-1"}, "run") == "join-1");
}

TEST_CASE("a whole name means itself, whatever it begins") {
  CHECK(complete_name("x-1", {"x-10", "x-1", "x-11"}, "run") == "x-1");
}

TEST_CASE("an ambiguous name is answered with all it could mean") {
  CHECK(refusal("x-1", {"x-10", "y-1", "x-11"})
        == "run 'x-1' could be any of x-10, x-11; write more of its name");
}

TEST_CASE("an unknown name is answered with what there is") {
  CHECK(refusal("word_cuont-1", {"word_count-1", "x"})
        == "there is no run 'word_cuont-1'; did you mean 'word_count-1'?");
  CHECK(refusal("z", {"a", "b"}) == "there is no run 'z'; there are a, b");
  CHECK(refusal("z", {}) == "there is no run 'z'; there are none at all");
  CHECK(refusal("", {"a"}) == "there is no run ''; there is only a");
}

TEST_CASE("the address of a node is that of its HTTP interface") {
  endpoint expected{"127.0.0.1", 4780};
  CHECK(parse_node_address("http://127.0.0.1:4780") == expected);
  CHECK(parse_node_address("http://127.0.0.1:4780/") == expected);
  CHECK(parse_node_address("127.0.0.1:4780") == expected);
  CHECK_THROWS_AS(parse_node_address("https://127.0.0.1:4780"),
                  std::invalid_argument);
  CHECK_THROWS_AS(parse_node_address("http://127.0.0.1"),
                  std::invalid_argument);
}
