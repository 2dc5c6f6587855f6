#include "scaling/hot_key_detector.hpp"

#include "operators/key_hash.hpp"

#include <catch2/catch.hpp>

using namespace braid;

namespace {

/// A detector that is shown batches of 1000 keys, of which `share` are "hot" in
/// each hundred.
struct rig {
  void show(std::size_t batches, std::uint64_t share) {
    for (std::size_t i = 0; i < batches; ++i)
      detector.on_batch(
        1'000, [&](std::size_t at) { return key_hash(key(at, share)); },
        [&](std::size_t at) {
          ++names;
          return key(at, share);
        });
  }

  std::string key(std::size_t at, std::uint64_t share) {
    ++keys;
    return random.below(100) < share ? "hot" : std::to_string(at);
  }

  hot_key_detector detector;
  random_generator random{3};
  std::size_t keys = 0;
  std::size_t names = 0;
};

} // namespace

TEST_CASE("a key that keeps its partition busy alone is named") {
  hot_key_detector detector;
  std::vector<std::string> tuples;
  for (auto i = 0; i < 1'000; ++i)
    tuples.push_back(i % 5 == 0 ? std::to_string(i) : "hot");
  for (auto i = 0; i < 50; ++i)
    detector.on_batch(
      tuples.size(), [&](std::size_t at) { return key_hash(tuples[at]); },
      [&](std::size_t at) { return tuples[at]; });
  auto found = detector.on_interval(0.95);
  REQUIRE(found);
  CHECK(found->name == "hot");
  CHECK(found->hash == key_hash(std::string{"hot"}));
  CHECK(found->share_permille == Approx(800).margin(60));
  CHECK(found->busy_permille == Approx(760).margin(60));
  CHECK_THAT(found->warning("count"),
             Catch::Contains("'count'") && Catch::Contains("key hot alone"));
}

TEST_CASE("a frequent key is not hot where there is little work") {
  rig one;
  one.show(50, 80);
  CHECK(!one.detector.on_interval(0.5));
}

TEST_CASE("with more work than a partition can do, less of it is too much") {
  rig one;
  one.show(50, 50);
  CHECK(!one.detector.on_interval(1));
  one.show(50, 50);
  CHECK(one.detector.on_interval(2));
}

TEST_CASE("many keys of even weight are not hot, and cost next to nothing") {
  rig one;
  one.show(100, 0);
  CHECK(!one.detector.on_interval(1));
  CHECK(one.names == 0);
  // One in 64.
  CHECK(one.keys < 100'000 / 50);
  CHECK(one.keys > 100'000 / 80);
}

TEST_CASE("too small a sample says nothing") {
  rig one;
  one.show(5, 100);
  CHECK(!one.detector.on_interval(1));
}

TEST_CASE("a hot key is told once, and again when it was not hot meanwhile") {
  rig one;
  auto is_told = [&](std::uint64_t share) {
    one.show(50, share);
    return one.detector.on_interval(1).has_value();
  };
  CHECK(is_told(90));
  CHECK(!is_told(90));
  CHECK(!is_told(10));
  CHECK(is_told(90));
}
