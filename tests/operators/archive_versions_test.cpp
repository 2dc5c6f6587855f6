// Versions of classes: what `serialize` is told, and what is refused.
#include "operators/archive.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

using namespace braid;

namespace {

/// What it holds grew in version 1.
struct grown {
  int old_member = 0;
  int new_member = -1;

  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    archive& old_member;
    if (version >= 1)
      archive& new_member;
  }
};

/// Holds one, in a class that has no version.
struct holder_of_grown {
  std::string name;
  grown held;

  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    CHECK(version == 0);
    archive& name& held;
  }
};

} // namespace

BOOST_CLASS_VERSION(grown, 1)

TEST_CASE("a class with a version is not copied raw") {
  STATIC_REQUIRE_FALSE(raw_copyable<grown>);
}

TEST_CASE("serialize learns the version of its class") {
  CHECK(encoded(grown{1, 2}).size() == 8);
  CHECK(decoded<grown>(encoded(grown{1, 2})).new_member == 2);
  auto copy = decoded<holder_of_grown>(encoded(holder_of_grown{"x", {1, 2}}));
  CHECK(copy.held.new_member == 2);
}

TEST_CASE("serialize learns the version that was saved") {
  byte_buffer bytes;
  saved_classes classes;
  output_archive(bytes, &classes) << holder_of_grown{"x", {1, 2}};
  REQUIRE(classes.all().size() == 2);

  // As a build wrote it in which `grown` had no version.
  saved_classes older;
  for (auto each : classes.all())
    older.add({each.id, 0, each.raw_size});
  bytes.resize(bytes.size() - 4);
  input_archive in{bytes.bytes(), &older};
  auto copy = in.load_value<holder_of_grown>();
  in.expect_end();
  CHECK(copy.held.old_member == 1);
  CHECK(copy.held.new_member == -1);
  CHECK(older.outdated());
}

namespace {

struct point {
  int x = 0;
  int y = 0;
};

template <class T>
std::string error_of_reading(const T& value, saved_classes classes) {
  auto bytes = encoded(value);
  input_archive in{bytes.bytes(), &classes};
  try {
    in.load_value<T>();
  } catch (const decode_error& error) {
    return error.what();
  }
  return {};
}

saved_classes only(std::uint64_t id, std::uint32_t version,
                   std::uint64_t raw_size) {
  saved_classes result;
  result.add({id, version, raw_size});
  return result;
}

} // namespace

TEST_CASE("what this build cannot read is one clear error") {
  using Catch::Matchers::Contains;
  auto grown_id = encoding::fields_of<grown>().id;
  auto point_id = encoding::raw_bytes_of<point>().id;
  CHECK_THAT(error_of_reading(grown{}, only(grown_id, 2, 0)),
             Contains("grown was saved as version 2")
               && Contains("knows it up to version 1"));
  CHECK_THAT(error_of_reading(grown{}, only(grown_id, 0, 4)),
             Contains("as a copy of its 4 bytes"));
  CHECK_THAT(error_of_reading(point{}, only(point_id, 0, 12)),
             Contains("point") && Contains("12 bytes")
               && Contains("has 8 bytes now"));
  CHECK_THAT(error_of_reading(point{}, only(point_id, 3, 0)),
             Contains("by its serialize, as version 3"));
  CHECK_THAT(error_of_reading(point{}, only(1, 0, 8)),
             Contains("is not among what was saved"));
  CHECK_THAT(error_of_reading(std::vector<point>(3), only(point_id, 0, 4)),
             Contains("has 8 bytes now"));
  CHECK(error_of_reading(point{}, only(point_id, 0, 8)).empty());
  // What cannot change needs no word.
  CHECK(error_of_reading(std::vector<int>{1, 2}, {}).empty());
}
