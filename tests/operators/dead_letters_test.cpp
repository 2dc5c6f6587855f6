// Tuples that make an operator throw: named by where they stand, and set aside
// when that is asked for.
#include "tests/operators/operator_fixture.hpp"

#include <catch2/catch.hpp>

using namespace braid;
using namespace braid::test;

namespace {

using number = std::uint64_t;

struct sum_of_key {
  number key = 0;
  number sum = 0;

  bool operator==(const sum_of_key&) const = default;
};

const auto last_digit = [](const number& n) { return n % 10; };

/// Sums up, changes state and emits before it looks what it got.
class particular : public keyed_operator<number, sum_of_key> {
public:
  void on(const number& n) {
    emit({key(), sum.edit() += n});
    if (n % 100 == 13)
      throw std::runtime_error{"cannot stand " + std::to_string(n)};
    if (n % 100 == 14)
      throw n; // NOLINT: what users might do
  }

private:
  value<number> sum{*this, "sum"};
};

/// What `particular` makes of `count` numbers an epoch, in some epochs.
class trial {
public:
  explicit trial(fixture_options options) {
    auto counted = graph_.source("in", fed_by_hand<number>{})
                     .key_by(last_digit)
                     .process<particular>("sums");
    counted.sink("out", recorded<sum_of_key>{});
    counted.dead_letters().sink("dead", recorded<dead_letter>{});
    fixture_.emplace(graph_, "sums", std::move(options));
  }

  void run(number count) {
    auto& in = fixture_->input<number, decltype(last_digit)>(0, last_digit);
    for (number n = 1; n <= count; ++n)
      in.send(static_cast<slice_id>(n % 4),
              {{static_cast<event_time>(n), n + count * epochs_}});
    ++epochs_;
    fixture_->run(0);
  }

  std::vector<dead_letter> dead() const {
    std::vector<dead_letter> result;
    for (auto& [slice, letters] :
         fixture_->results_by_slice<dead_letter>("dead"))
      for (auto& letter : letters)
        result.push_back(letter.value);
    return result;
  }

  auto sums() const {
    return fixture_->results_by_slice<sum_of_key>("out");
  }

private:
  topology graph_{"test", {}};
  std::optional<operator_fixture> fixture_;
  number epochs_ = 0;
};

/// Runs three epochs of 50 numbers as the engine does: what throws is skipped
/// the next time, from the beginning.
skipped_tuples found_by_trial(fixture_options options) {
  for (;;) {
    trial x{options};
    try {
      for (int epoch = 0; epoch < 3; ++epoch)
        x.run(50);
      return options.skipped;
    } catch (const operator_error& error) {
      REQUIRE(error.tuple());
      REQUIRE(options.skipped.emplace(*error.tuple(), error.what()).second);
    }
  }
}

} // namespace

TEST_CASE("what a handler throws names its tuple") {
  trial x{{}};
  x.run(12);
  try {
    x.run(12);
    FAIL("13 is fine");
  } catch (const operator_error& error) {
    CHECK_THAT(error.what(), Catch::Contains("operator 'sums', slice ")
                               && Catch::Contains("cannot stand 13"));
    REQUIRE(error.tuple());
    CHECK(error.tuple()->epoch == 2);
    CHECK(error.tuple()->port == 0);
  }
}

TEST_CASE("a skipped tuple is as if it had not been there, but for its letter "
          "[counterexample 13]") {
  fixture_options options;
  options.skipped = found_by_trial(options);
  CHECK(options.skipped.size() == 4); // 13, 14, 113 and 114

  trial x{options};
  for (int epoch = 0; epoch < 3; ++epoch)
    x.run(50);
  std::set<number> dead;
  for (auto& letter : x.dead()) {
    dead.insert(letter.as<number>());
    CHECK(letter.operator_name == "sums");
    CHECK(letter.time > 0);
    CHECK(letter.error == options.skipped.at(letter.at));
  }
  CHECK(dead == std::set<number>{13, 14, 113, 114});
  number last = 0;
  for (auto& [slice, tuples] : x.sums())
    for (auto& tuple : tuples)
      if (tuple.value.key == 3)
        last = tuple.value.sum;
  CHECK(last
        == 3 + 23 + 33 + 43 + 53 + 63 + 73 + 83 + 93 + 103 + 123 + 133 + 143);
}

TEST_CASE("dead letters are the same wherever slices are, and each time") {
  fixture_options alone;
  alone.skipped = found_by_trial(alone);
  auto results = [](const fixture_options& options) {
    trial x{options};
    for (int epoch = 0; epoch < 3; ++epoch)
      x.run(50);
    return std::pair{x.dead(), x.sums()};
  };
  auto expected = results(alone);
  CHECK(results(alone) == expected);
  random_generator random{5};
  for (int i = 0; i < 5; ++i) {
    fixture_options spread;
    spread.hosting = random_hosting(random, 4, 3);
    spread.upstream = random_hosting(random, 4, 2);
    // Texts do not tell where the slices were, either.
    CHECK(found_by_trial(spread) == alone.skipped);
    spread.skipped = alone.skipped;
    CHECK(results(spread) == expected);
  }
}

TEST_CASE("what is beyond an output does not blame the tuple at hand, but is "
          "looked for") {
  topology graph{"test", {}};
  graph.source("in", fed_by_hand<number>{})
    .key_by(last_digit)
    .process<particular>("sums")
    .map("refused",
         [](const sum_of_key& x) -> sum_of_key {
           throw std::runtime_error{"map: " + std::to_string(x.key)};
         })
    .sink("out", recorded<sum_of_key>{});
  operator_fixture fixture{graph, "sums"};
  auto& in = fixture.input<number, decltype(last_digit)>(0, last_digit);
  // More than the operator gathers before it hands them on.
  for (int i = 0; i < 1'000; ++i)
    in.send(0, {{0, 7}});
  try {
    fixture.run(0);
    FAIL("the map threw nothing");
  } catch (const operator_error& error) {
    REQUIRE(error.tuple());
    CHECK(error.tuple()->somewhere);
    CHECK(error.tuple()->epoch == 1);
    CHECK_THAT(error.what(), Catch::Contains("map: 7"));
    CHECK_THAT(to_string(*error.tuple()), Catch::Contains("not known yet"));
  }
}

TEST_CASE("a call has a text that names it") {
  input_position at{7, 3, 1, 12};
  CHECK(to_string(at) == "epoch 7, slice 3, tuple 12 of port 1");
  at.stage = 2;
  at.nth = 4;
  CHECK(to_string(at)
        == "epoch 7, slice 3, tuple 12 of port 1, tuple 4 of what came of it");
  input_position timer{7, 3};
  timer.kind = call_kind::timer;
  timer.begin = 500;
  timer.key = {std::byte{1}, std::byte{0xab}};
  CHECK(to_string(timer) == "epoch 7, slice 3, timer at 500 of key 0x01ab");
  input_position read{0, 3, 0, 12};
  read.kind = call_kind::read;
  CHECK(to_string(read) == "slice 3, tuple 12 that was read");
}
