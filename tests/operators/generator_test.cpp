// Which tuples a generator makes, and when.
#include "tests/operators/source_fixture.hpp"

#include "operators/generator.hpp"

#include <catch2/catch.hpp>
#include <numeric>
#include <string>

using namespace braid;
using Catch::Matchers::Contains;

namespace {

std::uint64_t same(std::uint64_t index) {
  return index;
}

read_limits at(event_time now) {
  auto result = everything();
  result.now = now;
  return result;
}

using numbers = std::vector<std::uint64_t>;
using times = std::vector<event_time>;

} // namespace

TEST_CASE("the splits of a generator share its tuples out") {
  for (std::uint32_t splits = 1; splits < 6; ++splits)
    for (std::uint64_t count = 0; count < 20; ++count) {
      CAPTURE(splits, count);
      auto source = generate(same, {.count = count, .splits = splits});
      REQUIRE(source.splits() == splits);
      auto made = read_all(source);
      std::sort(made.begin(), made.end());
      numbers expected(count);
      std::iota(expected.begin(), expected.end(), 0);
      CHECK(made == expected);
    }
  auto source = generate(same, {.count = 10, .splits = 3});
  CHECK(split_fixture{source, 1}.rest() == numbers{1, 4, 7});
}

TEST_CASE("a generator stops at each limit") {
  auto source = generate(same, {.count = 100});
  split_fixture split{source};
  CHECK(split.read(tuples(7)) == source_status::more);
  CHECK(split.position() == 7);
  CHECK(split.read(bytes(9)) == source_status::more);
  CHECK(split.position() == 9);
  CHECK(split.read(until(42)) == source_status::more);
  CHECK(split.position() == 42);
  CHECK(split.read(until(42)) == source_status::more);
  CHECK(split.read(tuples(0)) == source_status::more);
  CHECK(split.position() == 42);
  CHECK(split.values().size() == 42);
  CHECK(split.read(tuples(58)) == source_status::ended);
  CHECK(split.read() == source_status::ended);
  CHECK(split.values().size() == 58);
}

TEST_CASE("a generator makes the same tuples again from any position") {
  auto source = generate(same, {.count = 20, .splits = 2});
  for (std::uint64_t position = 0; position <= 10; ++position) {
    split_fixture split{source, 1};
    auto all = split.rest();
    split.reader().seek(position);
    CHECK(split.rest()
          == numbers(all.begin() + static_cast<int>(position), all.end()));
  }
}

TEST_CASE("a generator without a rate stamps the time of the epoch") {
  split_fixture split{generate(same)};
  auto limits = tuples(2);
  limits.now = 77;
  CHECK(split.read(limits) == source_status::more);
  CHECK(split.take().times == times{77, 77});
}

TEST_CASE("a generator with a rate makes what is due, and says what comes") {
  split_fixture split{generate(same, {.rate = 4})};
  CHECK(split.read(at(1'000'000)) == source_status::waiting);
  CHECK(split.values() == numbers{0});
  CHECK(split.reader().next_at() == 1'250'000);
  CHECK(split.read(at(1'249'999)) == source_status::waiting);
  CHECK(split.values().empty());
  CHECK(split.read(at(1'250'000)) == source_status::waiting);
  CHECK(split.values() == numbers{1});
  CHECK(split.read(at(2'000'000)) == source_status::waiting);
  CHECK(split.take().times == times{1'500'000, 1'750'000, 2'000'000});
}

TEST_CASE("a generator with a rate knows what waits to be read") {
  split_fixture split{generate(same, {.count = 6, .rate = 4, .splits = 2}), 1};
  CHECK(split.reader().waiting(1'000'000) == 0);
  split.read(at(1'000'000));
  CHECK(split.reader().waiting(1'000'000) == 0);
  CHECK(split.reader().waiting(1'250'000) == 1);
  CHECK(split.reader().waiting(2'000'000) == 2);
  CHECK(split.reader().waiting(9'000'000) == 3); // there are no more
  split_fixture unpaced{generate(same, {.count = 6})};
  CHECK(!unpaced.reader().waiting(1'000'000));
}

TEST_CASE("a generator that fell behind stamps when its tuples were due") {
  split_fixture split{generate(same, {.rate = 1'000'000, .start = 10})};
  auto limits = tuples(2);
  limits.now = 1'000;
  CHECK(split.read(limits) == source_status::more);
  CHECK(split.take().times == times{10, 11});
}

TEST_CASE("the splits of a generator take turns in time") {
  auto source =
    generate(same, {.count = 6, .rate = 1'000, .splits = 2, .start = 0});
  split_fixture even{source, 0};
  split_fixture odd{source, 1};
  CHECK(even.read(at(3'000)) == source_status::waiting);
  CHECK(even.take().times == times{0, 2'000});
  CHECK(odd.read(at(3'000)) == source_status::waiting);
  CHECK(odd.take().times == times{1'000, 3'000});
  CHECK(even.reader().next_at() == 4'000);
  CHECK(even.read(at(4'000)) == source_status::ended);
}

TEST_CASE("a schedule has each tuple due exactly when it counts it") {
  for (std::uint64_t rate : {1, 3, 7, 999'983, 1'000'000, 3'000'017}) {
    generator_schedule schedule{rate};
    CAPTURE(rate);
    for (std::uint64_t index :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, rate - 1, rate,
          rate + 1, 5 * rate + 2, rate * 1'000'000'000 + 1}) {
      CAPTURE(index);
      auto due = schedule.due(index);
      CHECK(schedule.due_by(due) > index);
      CHECK(schedule.due_by(due - 1) <= index);
    }
  }
}

TEST_CASE("a repeated epoch does not wait for what is due") {
  split_fixture split{generate(same, {.rate = 1, .start = 5'000'000})};
  CHECK(split.read(until(3)) == source_status::more);
  CHECK(split.take().times == times{5'000'000, 6'000'000, 7'000'000});
}

TEST_CASE("a generator that is moved goes on at its rate") {
  split_fixture split{generate(same, {.rate = 1'000})};
  split.reader().seek(5);
  CHECK(split.read(at(1'000'000)) == source_status::waiting);
  CHECK(split.values() == numbers{5});
  CHECK(split.reader().next_at() == 1'001'000);
}

TEST_CASE("make may ask for the time and return another type") {
  auto source = generate<std::string>(
    [](std::uint64_t index, event_time due) {
      return (std::to_string(index) + "@" + std::to_string(due));
    },
    {.count = 2, .rate = 1'000'000, .start = 5});
  CHECK(split_fixture{source}.read(at(5)) == source_status::waiting);
  split_fixture split{source};
  CHECK(split.read(at(6)) == source_status::ended);
  CHECK(split.values() == std::vector<std::string>{"0@5", "1@6"});
}

TEST_CASE("options that no generator can have are refused") {
  CHECK_THROWS_WITH(generate(same, {.splits = 0}), Contains("0 splits"));
  CHECK_THROWS_WITH(generate(same, {.splits = 65'537}),
                    Contains("give it 1 to 65536"));
  CHECK_THROWS_WITH(generate(same, {.rate = 2'000'000'000'000}),
                    Contains("at most 1000000000000"));
}
