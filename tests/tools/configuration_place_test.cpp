#include "tests/tools/scratch_folder.hpp"
#include "tools/configuration_place.hpp"

#include <catch2/catch.hpp>

using namespace braid;

TEST_CASE("a key's place is the override that set it last") {
  CHECK(place_of("http.listen", "node.toml",
                 {"http.listen=a:1", " http.listen = b:2", "data.listen=c:3"})
        == "--set  http.listen = b:2: ");
}

TEST_CASE("a key's place is its line in the file") {
  scratch_folder folder;
  auto file = folder.write("node.toml", "\n[http]\n# here\nlisten = \"a:1\"\n");
  CHECK(place_of("http.listen", file, {"data.listen=c:3"})
        == file.string() + ":4: http.listen: ");
}

TEST_CASE("a key with its default belongs to the file as a whole") {
  scratch_folder folder;
  auto file = folder.write("node.toml", "[data]\n");
  CHECK(place_of("http.listen", file, {}) == file.string() + ": http.listen: ");
  CHECK(place_of("http.listen", "", {}) == "http.listen: ");
}
