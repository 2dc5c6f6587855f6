// What user-written operators can rely on: side outputs, random numbers, state
// that survives, and errors that name the place.
#include "tests/operators/one_operator.hpp"

#include "operators/stream_operator.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace braid;
using namespace braid::test;

namespace {

/// Draws a number a tuple, and sends the even ones aside.
class dice : public keyed_operator<std::uint32_t, std::uint64_t> {
public:
  void on(const reading&) {
    auto drawn = random().below(1'000'000);
    emit(drawn);
    if (drawn % 2 == 0)
      even.emit(keyed_value<std::uint32_t, std::uint64_t>{key(), drawn});
  }

private:
  side_output<keyed_value<std::uint32_t, std::uint64_t>> even{*this, "even"};
};

} // namespace

TEST_CASE(
  "random numbers are the same on every execution, by slice and epoch") {
  reading_operator<dice> test;
  auto results = [&](slice_table hosting) {
    auto run = test.run({std::move(hosting), {0}});
    for (auto epoch = 0; epoch < 3; ++epoch) {
      for (std::uint32_t i = 0; i < 20; ++i)
        run.input<reading>(0, sensor_of).send(0, {{0, {i, 0}}});
      run.run(0);
    }
    return run.results_by_slice<std::uint64_t>("results");
  };
  auto first = results({0, 0, 0, 0});
  CHECK(results({0, 0, 0, 0}) == first);
  CHECK(results({3, 1, 0, 2}) == first);
  std::map<std::uint64_t, int> drawn;
  for (auto& [slice, tuples] : first)
    for (auto& tuple : tuples)
      ++drawn[tuple.value];
  // Sixty draws of a million that repeated themselves would be none.
  CHECK(drawn.size() >= 59);
}

TEST_CASE("side outputs carry what is emitted on them, with its time") {
  using even = keyed_value<std::uint32_t, std::uint64_t>;
  reading_operator<dice> test;
  test.result.side<even>("even").sink("even", recorded<even>{});
  auto run = test.run({{0, 1}, {0}});
  for (std::uint32_t i = 0; i < 50; ++i)
    run.input<reading>(0, sensor_of).send(0, {{i, {i, 0}}});
  run.run(0);
  std::size_t count = 0;
  for (auto& tuple : run.results<std::uint64_t>("results"))
    count += tuple.value % 2 == 0;
  CHECK(run.results<even>("even").size() == count);
  CHECK(count > 0);
  for (auto& tuple : run.results<even>("even"))
    CHECK(tuple.time == tuple.value.key);
}

namespace {

/// Fails in the way that the tuple says.
class failing : public keyed_operator<std::uint32_t, reading> {
public:
  void on(const reading& x) {
    if (x.value == 1)
      throw std::out_of_range{"too far"};
    if (x.value == 2)
      throw 2;
    if (x.value == 3)
      set_timer(time());
  }
};

class failing_in_timer : public keyed_operator<std::uint32_t, reading> {
public:
  void on(const reading& x) {
    set_timer(x.value);
  }

  void on_timer(event_time) {
    throw std::runtime_error{"no more"};
  }
};

} // namespace

TEST_CASE("what a handler throws is reported with operator, slice and epoch") {
  reading_operator<failing> test;
  auto run = test.run({{0, 0, 0}, {0}});
  run.run(0);
  auto [value, why] = GENERATE(table<std::int32_t, std::string>(
    {{1, "too far"},
     {2, "something was thrown that is no std::exception"},
     {3, "a timer is set, but the operator has no public "
         "on_timer(braid::event_time)"}}));
  run.input<reading>(0, sensor_of).send(0, {{0, {5, value}}});
  auto slice = slice_of(key_hash(std::uint32_t{5}), 3);
  CHECK_THROWS_MATCHES(run.run(0), operator_error,
                       Catch::Message("operator 'operator', slice "
                                      + std::to_string(slice)
                                      + ", epoch 2: " + why));
}

TEST_CASE("what a timer throws is reported with operator, slice and epoch") {
  reading_operator<failing_in_timer> test;
  auto run = test.run();
  run.input<reading>(0, sensor_of).send(0, {{0, {5, 8}}});
  run.run(7);
  CHECK_THROWS_MATCHES(
    run.run(8), operator_error,
    Catch::Message("operator 'operator', slice 0, epoch 2: no more"));
}

namespace {

/// Its bytes leave a member out.
struct forgetful {
  std::string kept;
  std::uint32_t saves = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    // What is read is not what was written.
    std::uint32_t count = ++saves;
    archive& kept& count;
  }
};

class forgetting : public keyed_operator<std::uint32_t, reading> {
public:
  void on(const reading&) {
    state.edit().kept += 'x';
  }

private:
  value<forgetful> state{*this, "state"};
};

/// Remembers the watermark that handlers see, and how many tuples came to the
/// slice.
class per_slice
  : public unkeyed_operator<std::pair<std::uint64_t, event_time>> {
public:
  void on(const reading&) {
    emit({++count.edit(), watermark()});
  }

private:
  value<std::uint64_t> count{*this, "count"};
};

} // namespace

TEST_CASE("the round trip finds state that serialising changes "
          "[counterexample 3]") {
  reading_operator<forgetting> test;
  auto run = test.run({{0}, {0}, true});
  run.input<reading>(0, sensor_of).send(0, {{0, {5, 8}}});
  CHECK_THROWS_WITH(run.run(7), Catch::StartsWith("operator 'operator': state "
                                                  "changes when it is saved"));
}

TEST_CASE("without keys, tuples stay in their slice, and state is per slice "
          "[counterexample 7]") {
  topology graph{"test", {}};
  graph.source("readings", fed_by_hand<reading>{})
    .process<per_slice>("operator")
    .sink("results", recorded<std::pair<std::uint64_t, event_time>>{});
  auto hosting = GENERATE(slice_table{0, 0, 0}, slice_table{0, 1, 0});
  operator_fixture run{graph, "operator", {hosting, hosting, true}};
  for (slice_id slice = 0; slice < 3; ++slice)
    for (slice_id i = 0; i <= slice; ++i)
      run.input<reading>(0).send(slice, {{0, {0, 0}}});
  run.run(30);
  run.input<reading>(0).send(2, {{0, {0, 0}}});
  run.run(40);
  auto results =
    run.results_by_slice<std::pair<std::uint64_t, event_time>>("results");
  CHECK(results[0].size() == 1);
  CHECK(results[1].size() == 2);
  // The watermark is that of the epoch before [counterexample 12].
  CHECK(results[2].back().value == std::pair<std::uint64_t, event_time>{4, 30});
}
