// What a collecting sink keeps, also when epochs are executed again.
#include "tests/operators/sink_fixture.hpp"

#include "operators/collect_sink.hpp"

#include <catch2/catch.hpp>
#include <thread>

using namespace braid;
using Catch::Matchers::Contains;

namespace {

using numbers = std::vector<int>;

} // namespace

TEST_CASE("tuples are collected with their circumstances, once committed") {
  auto result = std::make_shared<collected<int>>();
  auto to = collect(result, {.keep_slices = true});
  CHECK_FALSE(to.slices());
  CHECK(collect(result).slices() == 1);
  sink_fixture<int> sink{to, hosting_all(3)};
  sink.write(2, {5});
  sink.write(0, {7, 8});
  CHECK(result->size() == 0);
  sink.commit(1);
  sink.write(0, {9});
  sink.commit(2);
  CHECK(result->values() == numbers{7, 8, 5, 9});
  CHECK(result->tuples().at(1) == collected_tuple<int>{8, 101, 0, 1});
  CHECK(result->tuples().at(3) == collected_tuple<int>{9, 100, 0, 2});
  CHECK(result->finished_slices() == 0);
  sink.finish();
  sink.finish();
  CHECK(result->finished_slices() == 3);
}

TEST_CASE("epochs that are executed again add nothing") {
  auto result = std::make_shared<collected<int>>();
  sink_fixture<int> first{collect(result)};
  first.write(0, {1});
  first.commit(1);
  auto checkpoint = first.writer().position(0);
  first.write(0, {2, 3});
  first.commit(2);
  sink_fixture<int> second{collect(result), hosting_all(1, true)};
  second.writer().seek(0, checkpoint);
  second.write(0, {2, 3});
  second.commit(2);
  second.write(0, {4});
  second.commit(3);
  CHECK(result->values() == numbers{1, 2, 3, 4});
}

TEST_CASE("another result when an epoch is executed again is an error") {
  auto result = std::make_shared<collected<int>>();
  sink_fixture<int> first{collect(result)};
  first.write(0, {1, 2});
  first.commit(6);
  sink_fixture<int> second{collect(result)};
  second.write(0, {1, 3});
  CHECK_THROWS_WITH(second.commit(6),
                    Contains("tuple 1 of slice 0") && Contains("epoch 6"));
  sink_fixture<int> third{collect(result)};
  third.write(0, {1});
  CHECK_THROWS_WITH(third.commit(7), Contains("first of epoch 6"));
}

TEST_CASE("partitions collect at the same time", "[threads]") {
  auto result = std::make_shared<collected<int>>();
  auto run = [&](slice_id slice) {
    sink_fixture<int> sink{collect(result, {.keep_slices = true}),
                           hosting({slice}, 2)};
    for (int i = 0; i < 500; ++i) {
      sink.write(slice, {i});
      sink.commit(static_cast<epoch_number>(i + 1));
    }
    sink.finish();
  };
  std::thread other{run, 1};
  run(0);
  other.join();
  auto tuples = result->tuples();
  REQUIRE(tuples.size() == 1'000);
  for (std::size_t i = 0; i < tuples.size(); ++i) {
    CHECK(tuples[i].value == static_cast<int>(i / 2));
    CHECK(tuples[i].slice == i % 2);
  }
}
