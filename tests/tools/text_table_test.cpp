#include "tools/text_table.hpp"

#include <catch2/catch.hpp>

using namespace braid;

TEST_CASE("columns are as wide as their widest cells") {
  text_table table{{{"A"}, {"NUMBER", alignment_of_text::right}, {"B"}}};
  table.add({"long", "7", "x"});
  table.add({"s", "12345678", "y"});
  CHECK(table.print()
        == "A       NUMBER  B\n"
           "long         7  x\n"
           "s     12345678  y\n");
}

TEST_CASE("lines end without spaces") {
  text_table table{{{"A"}, {"B", alignment_of_text::right}, {"C"}}};
  table.add({"1"});
  table.add({"1", "", ""});
  table.add({"", "", "3"});
  CHECK(table.print() == "A  B  C\n1\n1\n      3\n");
}

TEST_CASE("letters count, not bytes") {
  CHECK(characters_of("├── ü") == 5);
  text_table table{{{"A"}, {"B"}}};
  table.add({"äöü", "x"});
  table.add({"abc", "y"});
  CHECK(table.print() == "A    B\näöü  x\nabc  y\n");
}

TEST_CASE("emphasis takes no room") {
  text_table table{{{"A"}, {"B"}}};
  table.add({"x", "y"});
  auto loud = [](const std::string& cell) { return "<<" + cell + ">>"; };
  CHECK(table.print(loud) == "A  B\n<<x>>  <<y>>\n");
}

TEST_CASE("cells cannot steer the terminal") {
  text_table table{{{"A"}}};
  table.add({"red\x1b[31m\n"});
  CHECK(table.print() == "A\nred?[31m?\n");
}
