// Tables whose entries lie apart from them do what `std::map` does.
#include "operators/entry_table.hpp"
#include "operators/random.hpp"
#include "operators/tracked_table.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>

using namespace braid;

namespace {

using table = entry_table<std::string, std::shared_ptr<std::uint64_t>>;
using model = std::map<std::string, std::uint64_t>;

model contents_of(const table& from) {
  model result;
  for (auto& [key, value] : from)
    result.emplace(key, *value);
  return result;
}

} // namespace

TEST_CASE("a table of entries has what it was given") {
  auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 20)));
  random_generator random{seed};
  table tested;
  model expected;
  auto keys = 1 + random.below(500);
  for (auto step = 0; step < 2'000; ++step) {
    auto key = std::to_string(random.below(keys));
    auto number = random.below(1'000);
    switch (random.below(6)) {
      case 0:
        tested.erase(key);
        expected.erase(key);
        break;
      case 1: {
        auto found = tested.find(key, key_hasher{}(key));
        REQUIRE((found != tested.end()) == expected.contains(key));
        if (found != tested.end())
          *found.value() = expected[key] = number;
        break;
      }
      case 2:
        if (random.below(100) == 0) {
          tested.clear();
          expected.clear();
        }
        break;
      default: {
        auto value = std::make_shared<std::uint64_t>(number);
        auto [found, added] = tested.try_emplace(key, value);
        REQUIRE(added == expected.emplace(key, number).second);
        REQUIRE(*found->second == expected.at(key));
        REQUIRE(value.use_count() == (added ? 2 : 1));
      }
    }
    REQUIRE(tested.size() == expected.size());
  }
  CHECK(contents_of(tested) == expected);
  for (auto at = tested.begin(); at != tested.end();)
    if (*at.value() % 2 == 0) {
      expected.erase(at->first);
      at = tested.erase(at);
    } else {
      ++at;
    }
  CHECK(contents_of(tested) == expected);
  auto moved = std::move(tested);
  CHECK(contents_of(moved) == expected);
}

TEST_CASE("entries stay where they are, and go with their table") {
  table tested;
  auto counted = std::make_shared<std::uint64_t>(7);
  auto* first = &tested.try_emplace("first", counted).first.value();
  for (auto i = 0; i < 10'000; ++i)
    tested.try_emplace(std::to_string(i), counted);
  CHECK(&tested.find("first", key_hasher{}(std::string{"first"})).value()
        == first);
  CHECK(counted.use_count() == 10'002);
  tested.clear();
  CHECK(counted.use_count() == 1);
  tested.try_emplace("again", counted);
  tested = table{};
  CHECK(counted.use_count() == 1);
}

TEST_CASE("a pool hands out again what it was given back") {
  object_pool<std::array<std::uint64_t, 31>> pool;
  std::set<void*> places;
  for (auto i = 0; i < 1'000; ++i)
    CHECK(places.insert(pool.take()).second);
  for (auto* place : places)
    pool.give_back(place);
  for (auto i = 0; i < 1'000; ++i)
    CHECK(places.contains(pool.take()));
  CHECK_FALSE(places.contains(pool.take()));
}

TEST_CASE("a table of large entries is swept, and knows what changed") {
  using value = std::array<std::uint64_t, 9>;
  using swept_table = tracked_table<std::uint32_t, value>;
  swept_table swept;
  for (std::uint32_t key = 0; key < 1'000; ++key)
    swept.edit(key) = {key};
  swept.forget_changes();
  swept.sweep([](std::uint32_t key, value& of_key) {
    if (key % 3 == 0)
      return swept_table::fate::erase;
    if (key % 3 == 1)
      return swept_table::fate::keep;
    ++of_key[8];
    return swept_table::fate::changed;
  });
  CHECK(swept.size() == 666);
  CHECK(swept.find(3) == nullptr);
  CHECK(swept.find(4)->at(8) == 0);
  CHECK(swept.find(5)->at(8) == 1);
  byte_buffer changes;
  record_writer out{changes};
  swept.save_changes({}, out);
  // 333 keys with their values, and the keys of 334 that are gone.
  CHECK(changes.size() > 333 * (4 + sizeof(value)) + 334 * 4);
  CHECK(changes.size() < 333 * (4 + sizeof(value)) + 334 * 4 + 20);
}

TEST_CASE("only large entries lie apart from their table") {
  using small = std::array<std::uint64_t, 7>;
  using large = std::array<std::uint64_t, 8>;
  STATIC_REQUIRE(std::is_same_v<state_entries<std::uint64_t, small>,
                                key_table<std::uint64_t, small>>);
  STATIC_REQUIRE(std::is_same_v<state_entries<std::uint64_t, large>,
                                entry_table<std::uint64_t, large>>);
}
