// Dead letters of functions that are fused into an operator, and of keys at the
// ends of its edges.
#include "tests/operators/amid_failures.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <stdexcept>
#include <string>

using namespace braid;
using namespace braid::test;

namespace {

using total = keyed_value<std::uint32_t, std::int64_t>;

/// 100 readings of 5 sensors in 5 epochs.
void play_reports(operator_fixture& fixture) {
  auto& in = fixture.input<reading>(0, sensor_of);
  for (std::int32_t n = 0; n < 100; ++n) {
    in.send(static_cast<slice_id>(n % 4),
            {{n, {static_cast<std::uint32_t>(n % 5), n}}});
    if (n % 20 == 19)
      fixture.run(n - 10);
  }
  fixture.finish();
}

/// How often a sensor has reported, whenever it does.
stream<total> totals(topology& graph) {
  return graph.source("in", fed_by_hand<reading>{})
    .key_by(sensor_of)
    .reduce(
      "operator", std::int64_t{0},
      [](std::int64_t& count, const reading&) { ++count; }, emit::each_update);
}

/// The tenth report of sensor 2 is one too many.
bool is_refused(const total& x) {
  return x.key == 2 && x.value == 10;
}

template <class T>
T checked(const total& x, T result) {
  if (is_refused(x))
    throw std::runtime_error{"refused"};
  return result;
}

/// The letter is that of "checked", and all other totals have come through it.
template <class Result>
void check_one_refused(const topology& graph, std::size_t results) {
  auto found = run_everywhere<Result>(graph, play_reports);
  std::vector<dead_letter> letters = found.all_letters();
  REQUIRE(letters.size() == 1);
  CHECK(letters.front().operator_name == "checked");
  CHECK(is_refused(letters.front().as<total>()));
  CHECK_THAT(letters.front().error,
             Catch::Contains("operator 'checked' (fused into 'operator'), ")
               && Catch::Contains(": refused"));
  CHECK(found.all_results().size() == results);
}

} // namespace

TEST_CASE("fused functions pass over what they cannot take, not the operator") {
  SECTION("map") {
    topology graph{"test", {}};
    auto mapped =
      totals(graph)
        .map("before", [](const total& x) { return x; })
        .map("checked", [](const total& x) { return checked(x, x.value); })
        .map("after", [](std::int64_t x) { return x; });
    mapped.sink("out", recorded<std::int64_t>{});
    mapped.dead_letters().sink("dead", recorded<dead_letter>{});
    check_one_refused<std::int64_t>(graph, 99);
  }
  SECTION("filter") {
    topology graph{"test", {}};
    auto kept = totals(graph).filter(
      "checked", [](const total& x) { return checked(x, x.key != 1); });
    kept.sink("out", recorded<total>{});
    kept.dead_letters().sink("dead", recorded<dead_letter>{});
    check_one_refused<total>(graph, 79);
  }
  SECTION("flat_map, and what comes of only some of its tuples") {
    topology graph{"test", {}};
    auto doubled =
      totals(graph)
        .flat_map("double",
                  [](const total& x, emitter<total>& out) {
                    out.emit({x.key, x.value - 1});
                    out.emit(x);
                  })
        .flat_map("checked", [](const total& x, emitter<total>& out) {
          out.emit(x);
          checked(x, 0);
        });
    doubled.sink("out", recorded<total>{});
    doubled.dead_letters().sink("dead", recorded<dead_letter>{});
    // 10 comes twice: as itself, and behind 11.
    auto found = run_everywhere<total>(graph, play_reports);
    CHECK(found.all_letters().size() == 2);
    CHECK(found.all_results().size() == 198);
  }
}

TEST_CASE("a tuple without a key for the next operator is passed over") {
  topology graph{"test", {}};
  auto all = totals(graph);
  all.sink("out", recorded<total>{});
  all.dead_letters().sink("dead", recorded<dead_letter>{});
  all.key_by([](const total& x) { return checked(x, x.value); })
    .count("next")
    .sink("counts", recorded<keyed_value<std::int64_t, std::uint64_t>>{});
  auto found = run_everywhere<total>(graph, play_reports);
  std::vector<dead_letter> letters = found.all_letters();
  REQUIRE(letters.size() == 1);
  CHECK(letters.front().operator_name == "key_by for next");
  CHECK(is_refused(letters.front().as<total>()));
  CHECK(found.all_results().size() == 100);
}

TEST_CASE("tuples that have no encoded form have letters without them") {
  struct inner {
    total value;
    std::shared_ptr<int> shared;
  };
  topology graph{"test", {}};
  auto mapped =
    totals(graph)
      .map("wrap",
           [](const total& x) {
             return inner{x, nullptr};
           })
      .map("checked", [](const inner& x) { return checked(x.value, x.value); });
  mapped.sink("out", recorded<total>{});
  mapped.dead_letters().sink("dead", recorded<dead_letter>{});
  auto found = run_everywhere<total>(graph, play_reports);
  std::vector<dead_letter> letters = found.all_letters();
  REQUIRE(letters.size() == 1);
  CHECK(letters.front().tuple.empty());
}

TEST_CASE("a letter that its reader cannot stand is gone") {
  topology graph{"test", {}};
  auto mapped =
    totals(graph).map("checked", [](const total& x) { return checked(x, x); });
  mapped.sink("out", recorded<total>{});
  auto letters = mapped.dead_letters();
  letters
    .map("reader",
         [](const dead_letter&) -> int { throw std::runtime_error{"no"}; })
    .sink("read", recorded<int>{});
  letters.sink("dead", recorded<dead_letter>{});
  auto found = run_everywhere<total>(graph, play_reports);
  CHECK(found.all_letters().size() == 1);
  CHECK(found.all_results().size() == 99);
  CHECK_THROWS_AS(letters.dead_letters(), topology_error);
}
