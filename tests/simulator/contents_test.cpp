// What depends on contents must not depend on how tables lie in memory, on
// padding, on the order of arrival or on how often something is handled.
#include "tests/simulator/described_operators.hpp"
#include "tests/simulator/hosting.hpp"
#include "tests/simulator/scripted_source.hpp"

#include "operators/stream.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <new>
#include <set>

using namespace braid;
using namespace braid::simulator;

namespace {

/// `splits` splits of `tuples` tuples, with `keys` keys in no order.
source_script mixed_script(std::uint64_t splits, std::uint64_t tuples,
                           std::uint64_t keys) {
  random_generator random{splits + tuples + keys};
  source_script result;
  for (std::uint64_t split = 0; split < splits; ++split) {
    auto& made = result.splits.emplace_back();
    for (std::uint64_t i = 0; i < tuples; ++i)
      made.push_back(
        {{random.below(keys), random(), static_cast<event_time>(i * 100)}, 0});
  }
  return result;
}

/// Sets one timer for all keys, and emits in the order in which they fire.
class roll_call final : public keyed_operator<std::string, item> {
public:
  void on(const text_item& x) {
    number_.set(x.content.key);
    set_timer(end_of_time);
  }

  void on_timer(event_time) {
    emit({number_.get(), number_.get(), 0}, now());
  }

private:
  value<std::uint64_t> number_{*this, "number"};
};

/// A key with padding that a writer fills with whatever it likes.
struct padded_key {
  char letter = 0;
  int number = 0;

  bool operator==(const padded_key&) const = default;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& letter& number;
  }

  static padded_key over(unsigned char rubbish, std::uint64_t key) {
    alignas(padded_key) unsigned char memory[sizeof(padded_key)];
    std::memset(memory, rubbish, sizeof(memory));
    auto* result = new (memory) padded_key;
    result->letter = static_cast<char>('a' + key % 2);
    result->number = static_cast<int>(key / 2);
    return *result;
  }
};

/// Draws a random number for each tuple.
class lottery final : public keyed_operator<std::uint64_t, item> {
public:
  void on(const item& x) {
    emit({x.key, user::mixed(x.value, random()()), 0});
  }
};

/// Its broadcast handler emits, which it must not.
class talkative final : public unkeyed_operator<item> {
public:
  void on(const item& x) {
    emit(x);
  }

  void on_broadcast(const item& x) {
    emit(x);
  }
};

/// Emits for each tuple how many rules were broadcast up to its epoch.
class count_rules final : public unkeyed_operator<item> {
public:
  void on(const item&) {
    emit({0, rules_.get(), 0});
  }

  void on_broadcast(const item&) {
    ++rules_.edit();
  }

private:
  broadcast_state<std::uint64_t> rules_{*this, "rules"};
};

} // namespace

TEST_CASE("timers due at one instant fire in the order of their keys, however "
          "they were set and saved [counterexample 3]") {
  auto found = same_however_hosted(
    [](topology& graph, const recording_ptr& into) {
      graph.source("source", scripted_source{mixed_script(3, 100, 90)})
        .map("texts",
             [](const item& x) {
               // As long as each other, so that texts and numbers sort alike.
               return text_item{std::to_string(1'000 + x.key), x};
             })
        .key_by(key_of_text_item{})
        .process<roll_call>("roll call")
        .slices(4)
        .sink("sink", recording_sink{into});
    },
    counting(10));
  std::set<std::uint64_t> all;
  for (slice_id slice = 0; slice < 4; ++slice) {
    auto values = values_of(found, "sink", slice);
    CHECK(values.size() > 10);
    CHECK(std::is_sorted(values.begin(), values.end()));
    all.insert(values.begin(), values.end());
  }
  CHECK(all.size() > 80);
}

TEST_CASE("a running aggregate emits its keys in their order "
          "[counterexample 3]") {
  auto compose = [](emit when) {
    return [when](topology& graph, const recording_ptr& into) {
      graph.source("source", scripted_source{mixed_script(3, 100, 90)})
        .key_by(key_of_item{})
        .count("count", when)
        .slices(1)
        .map("items",
             [](const keyed_value<std::uint64_t, std::uint64_t>& x) {
               return item{0, x.key, 0};
             })
        .sink("sink", recording_sink{into});
    };
  };
  auto at_end =
    values_of(same_however_hosted(compose(emit::at_end), counting(7)), "sink");
  CHECK(at_end.size() > 80);
  CHECK(std::is_sorted(at_end.begin(), at_end.end()));
  auto each_epoch = same_however_hosted(compose(emit::each_epoch), counting(7));
  std::map<epoch_number, std::vector<std::uint64_t>> by_epoch;
  for (auto& x : each_epoch.at("sink").at(0))
    by_epoch[x.epoch].push_back(x.tuple.value);
  CHECK(by_epoch.size() == 15);
  for (auto& [epoch, keys] : by_epoch)
    CHECK(std::is_sorted(keys.begin(), keys.end()));
}

TEST_CASE("padding in keys does not tear a key apart [counterexample 4]") {
  auto found = same_however_hosted(
    [](topology& graph, const recording_ptr& into) {
      graph.source("source", scripted_source{mixed_script(4, 60, 12)})
        .key_by([](const item& x) {
          return padded_key::over(static_cast<unsigned char>(x.value), x.key);
        })
        .count("count", emit::at_end)
        .map("items",
             [](const keyed_value<padded_key, std::uint64_t>& x) {
               auto key = 2 * static_cast<std::uint64_t>(x.key.number)
                          + static_cast<std::uint64_t>(x.key.letter - 'a');
               return item{key, x.value, 0};
             })
        .sink("sink", recording_sink{into, 1});
    },
    counting(7));
  std::map<std::uint64_t, std::uint64_t> expected;
  for (auto& split : mixed_script(4, 60, 12).splits)
    for (auto& x : split)
      ++expected[x.tuple.key];
  std::map<std::uint64_t, std::uint64_t> counts;
  for (auto& x : found.at("sink").at(0))
    CHECK(counts.emplace(x.tuple.key, x.tuple.value).second);
  CHECK(counts == expected);
}

TEST_CASE("zeros of both signs are one key [counterexample 4]") {
  auto found = same_however_hosted(
    [](topology& graph, const recording_ptr& into) {
      graph.source("source", scripted_source{mixed_script(2, 50, 2)})
        .key_by([](const item& x) { return x.key == 0 ? 0.0 : -0.0; })
        .count("count", emit::at_end)
        .map("items",
             [](const keyed_value<double, std::uint64_t>& x) {
               return item{0, x.value, 0};
             })
        .sink("sink", recording_sink{into, 1});
    },
    counting(7));
  CHECK(values_of(found, "sink") == std::vector<std::uint64_t>{100});
}

TEST_CASE("what emits per update or draws random numbers does not see the "
          "order of arrival [counterexample 5]") {
  auto found = same_however_hosted(
    [](topology& graph, const recording_ptr& into) {
      auto tuples =
        graph.source("source", scripted_source{mixed_script(4, 80, 5)});
      auto keyed = tuples.key_by(key_of_item{});
      keyed.count("count", emit::each_update)
        .slices(3)
        .map("items",
             [](const keyed_value<std::uint64_t, std::uint64_t>& x) {
               return item{x.key, x.value, 0};
             })
        .sink("counts", recording_sink{into, 1});
      keyed.process<lottery>("lottery").slices(3).sink("numbers",
                                                       recording_sink{into, 1});
    },
    counting(9));
  CHECK(values_of(found, "counts").size() == 320);
  auto drawn = values_of(found, "numbers");
  CHECK(std::set<std::uint64_t>(drawn.begin(), drawn.end()).size() == 320);
}

TEST_CASE("a broadcast is handled once for all slices, before the epoch's "
          "other tuples [counterexample 8]") {
  auto found = same_however_hosted(
    [](topology& graph, const recording_ptr& into) {
      auto tuples =
        graph.source("tuples", scripted_source{mixed_script(5, 3, 5)});
      auto rules =
        graph.source("rules", scripted_source{mixed_script(2, 6, 5)});
      connect(tuples, rules.broadcast())
        .process<count_rules>("count rules")
        .sink("sink", recording_sink{into, 1});
    },
    counting(1));
  // Two rules an epoch, and five slices that each see all of them.
  CHECK(
    values_of(found, "sink")
    == std::vector<std::uint64_t>{2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 6});
}

TEST_CASE("a broadcast handler that emits is refused [counterexample 8]") {
  auto compose = [](topology& graph, const recording_ptr& into) {
    auto tuples =
      graph.source("tuples", scripted_source{mixed_script(2, 3, 5)});
    connect(tuples, tuples.broadcast())
      .process<talkative>("talkative")
      .sink("sink", recording_sink{into});
  };
  CHECK_THROWS_WITH(run_hosted(compose, {}, counting(1), 1),
                    Catch::Contains("'talkative'")
                      && Catch::Contains("must not emit"));
}
