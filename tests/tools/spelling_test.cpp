#include "tools/spelling.hpp"

#include <catch2/catch.hpp>

using namespace braid;

TEST_CASE("a misspelt word is recognised by its few wrong letters") {
  std::vector<std::string> words{"length", "idle_length", "in_flight"};
  CHECK(nearest("lenght", words) == "length");
  CHECK(nearest("idlelength", words) == "idle_length");
  CHECK(nearest("inflight", words) == "in_flight");
  CHECK(nearest("length", words) == "length");
}

TEST_CASE("an abbreviated word is recognised by its first letters") {
  CHECK(nearest("warn", {"error", "warning"}) == "warning");
  CHECK(nearest("wa", {"error", "warning"}) == std::nullopt);
}

TEST_CASE("of equally near words the first is meant") {
  CHECK(nearest("bat", {"cat", "hat"}) == "cat");
}

TEST_CASE("a word that resembles nothing is not explained") {
  CHECK(nearest("nonsense", {"length", "name"}) == std::nullopt);
  CHECK(nearest("", {"length"}) == std::nullopt);
  CHECK(nearest("name", {}) == std::nullopt);
}
