// The key hash and the order of keys depend on values, and never change.
#include "operators/key_hash.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tsl/robin_map.h>
#include <tsl/robin_set.h>
#include <unordered_map>
#include <unordered_set>
#include <vector>

using namespace braid;

namespace {

enum class colour : std::uint8_t { red, green };

/// Three bytes of padding.
struct padded {
  char letter;
  int number;

  bool operator==(const padded&) const = default;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& letter& number;
  }
};

/// No padding, and every bit counts.
struct dense {
  std::uint32_t road;
  std::uint32_t segment;

  bool operator==(const dense&) const = default;
};

struct point {
  double x;
  double y;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& x& y;
  }
};

/// Compares by priority alone, so `<` cannot order keys.
struct job {
  int priority;
  std::string name;

  bool operator<(const job& other) const {
    return priority < other.priority;
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& priority& name;
  }
};

struct without_serialize {
  double x;
};

constexpr auto nan_key = std::numeric_limits<double>::quiet_NaN();

/// Makes `target` {'x', 7} with `filling` in all bytes of padding. In place,
/// because a copy may leave padding behind.
void fill(padded& target, int filling) {
  const padded value{'x', 7};
  std::memset(static_cast<void*>(&target), filling, sizeof(target));
  std::memcpy(&target.letter, &value.letter, sizeof(value.letter));
  std::memcpy(&target.number, &value.number, sizeof(value.number));
}

template <class K>
bool strictly_ordered(const K& left, const K& right) {
  return key_less(left, right) && !key_less(right, left)
         && !key_less(left, left) && !key_less(right, right);
}

/// The largest deviation from an even load over 256 slices, as a fraction.
template <class MakeKey>
double unevenness(MakeKey make_key) {
  constexpr int keys = 256 * 4096;
  std::vector<int> load(256);
  for (int i = 0; i < keys; ++i)
    ++load[slice_of(key_hash(make_key(i)), 256)];
  auto [least, most] = std::minmax_element(load.begin(), load.end());
  return std::max(*most - 4096, 4096 - *least) / 4096.0;
}

} // namespace

TEST_CASE("the hash never changes") {
  // If one of these fails, stored state would be looked for in other slices.
  // 0 and the strings are the published vectors of splitmix64 and XXH3.
  CHECK(key_hash(0) == 0xe220a839);
  CHECK(key_hash("") == 0x2d068005);
  CHECK(key_hash("a") == 0xe6c632b6);
  CHECK(key_hash("abc") == 0x78af5f94);
  CHECK(key_hash(1) == 0x910a2dec);
  CHECK(key_hash(-1) == 0xe4d97177);
  CHECK(key_hash(true) == key_hash(1));
  CHECK(key_hash(std::numeric_limits<std::uint64_t>::max()) == 0xe4d97177);
  CHECK(key_hash(0.0) == key_hash(0));
  CHECK(key_hash(0.5) == 0xf456984d);
  CHECK(key_hash(nan_key) == 0xc72971d8);
  CHECK(key_hash(std::string(1000, 'x')) == 0xc0a4877b);
  CHECK(key_hash(std::pair(1, 2)) == 0xd97d4205);
  CHECK(key_hash(std::tuple(1, std::string("a"), 0.5)) == 0x1427d763);
  CHECK(key_hash(padded{'a', 1}) == 0x8b0a9a14);
  CHECK(key_hash(dense{1, 2}) == 0x0389e2c8);
  CHECK(key_hash(point{1, 2}) == 0x699392ab);
  CHECK(key_hash(std::vector<int>{1, 2, 3}) == 0xe371f8ad);
  CHECK(key_hash(std::optional<int>{}) == 0xc44bdff4);
  CHECK(key_hash(std::variant<int, std::string>{"a"}) == 0xdbad2a84);
  CHECK(key_hash(std::chrono::milliseconds{5}) == 0x8e03e9aa);
}

TEST_CASE("integers and enums hash by value") {
  CHECK(key_hash(std::int8_t{5}) == key_hash(std::uint64_t{5}));
  CHECK(key_hash(std::int8_t{-5}) == key_hash(std::int64_t{-5}));
  CHECK(key_hash(colour::green) == key_hash(1));
  CHECK(key_hash('a') == key_hash(97));
  CHECK(key_hash('\xe9') == key_hash(0xe9));
}

TEST_CASE("equal floating-point numbers hash alike") {
  CHECK(key_hash(-0.0) == key_hash(0.0));
  CHECK(key_hash(-0.0F) == key_hash(0.0));
  CHECK(key_hash(0.5F) == key_hash(0.5));
  CHECK(key_hash(-nan_key) == key_hash(nan_key));
  CHECK(key_hash(std::nan("7")) == key_hash(nan_key));
  CHECK(key_hash(std::numeric_limits<float>::quiet_NaN()) == key_hash(nan_key));
  CHECK(key_hash(point{-0.0, nan_key}) == key_hash(point{0.0, -nan_key}));
  CHECK(key_hash(std::vector<double>{-0.0})
        == key_hash(std::vector<double>{0.0}));
  CHECK(key_hash(std::optional<double>{-0.0})
        == key_hash(std::optional<double>{0.0}));
}

TEST_CASE("whatever holds the characters of a string hashes alike") {
  const char* pointer = "braid";
  CHECK(key_hash(std::string("braid")) == key_hash("braid"));
  CHECK(key_hash(std::string_view("braid")) == key_hash("braid"));
  CHECK(key_hash(pointer) == key_hash("braid"));
}

TEST_CASE("padding does not enter the hash") {
  std::vector<padded> zeroes(1), ones(1);
  fill(zeroes[0], 0x00);
  fill(ones[0], 0xff);
  REQUIRE(std::memcmp(zeroes.data(), ones.data(), sizeof(padded)) != 0);
  CHECK(key_hash(zeroes[0]) == key_hash(ones[0]));
  CHECK(key_hash(zeroes) == key_hash(ones));
  CHECK_FALSE(key_less(zeroes[0], ones[0]));
  CHECK_FALSE(key_less(ones[0], zeroes[0]));
  CHECK_FALSE(key_less(zeroes, ones));

  std::pair<int, std::array<padded, 1>> pair_of_zeroes, pair_of_ones;
  fill(pair_of_zeroes.second[0], 0x00);
  fill(pair_of_ones.second[0], 0xff);
  CHECK(key_hash(pair_of_zeroes) == key_hash(pair_of_ones));
}

TEST_CASE("every member of a pair or tuple counts, in its place") {
  std::unordered_set<std::uint32_t> hashes{
    key_hash(std::pair(1, 2)),      key_hash(std::pair(2, 1)),
    key_hash(std::pair(1, 1)),      key_hash(std::pair(2, 2)),
    key_hash(std::tuple(1)),        key_hash(std::tuple(1, 2, 3)),
    key_hash(std::tuple(1, 2, 0)),  key_hash(std::tuple(0, 1, 2)),
    key_hash(std::tuple("a", "b")), key_hash(std::tuple("ab", "")),
  };
  CHECK(hashes.size() == 10);
}

TEST_CASE("keys spread evenly over slices") {
  // Six standard deviations of an even spread are 9.4 per cent.
  CHECK(unevenness([](int i) { return i; }) < 0.1);
  CHECK(unevenness([](int i) { return std::int64_t{i} << 32; }) < 0.1);
  CHECK(unevenness([](int i) { return i * 0.25; }) < 0.1);
  CHECK(unevenness([](int i) { return std::to_string(i); }) < 0.1);
  CHECK(unevenness([](int i) { return std::pair(i & 1023, i >> 10); }) < 0.1);
  CHECK(unevenness([](int i) {
          return dense{static_cast<std::uint32_t>(i), 1};
        })
        < 0.1);
  CHECK(unevenness([](int i) { return padded{'a', i}; }) < 0.1);
}

TEST_CASE("slice_of covers all slices, in the order of the hash") {
  CHECK(slice_of(0, 256) == 0);
  CHECK(slice_of(0x00ffffff, 256) == 0);
  CHECK(slice_of(0x01000000, 256) == 1);
  CHECK(slice_of(0xffffffff, 256) == 255);
  CHECK(slice_of(0xffffffff, 1) == 0);
  CHECK(slice_of(0xffffffff, 3) == 2);
  CHECK(slice_of(0x55555555, 3) == 0);
  CHECK(slice_of(0x55555556, 3) == 1);
}

TEST_CASE("the hasher suits tsl's tables") {
  tsl::robin_map<std::string, int, key_hasher> counts;
  tsl::robin_set<int, key_hasher> numbers;
  for (int i = 0; i < 1000; ++i) {
    counts[std::to_string(i)] = i;
    numbers.insert(i);
  }
  CHECK(counts.size() == 1000);
  CHECK(numbers.size() == 1000);
  auto found = counts.find("77", key_hash("77"));
  REQUIRE(found != counts.end());
  CHECK(found->second == 77);
}

TEST_CASE("only keys that have one form are keys") {
  STATIC_REQUIRE(hashable_key<int>);
  STATIC_REQUIRE(hashable_key<std::string>);
  STATIC_REQUIRE(hashable_key<padded>);
  STATIC_REQUIRE(hashable_key<dense>);
  STATIC_REQUIRE(hashable_key<std::map<std::string, std::set<int>>>);
  STATIC_REQUIRE(hashable_key<std::tuple<int, std::vector<point>>>);
  STATIC_REQUIRE(hashable_key<std::chrono::duration<double>>);
  STATIC_REQUIRE_FALSE(hashable_key<without_serialize>);
  STATIC_REQUIRE_FALSE(hashable_key<std::pair<int, without_serialize>>);
  STATIC_REQUIRE_FALSE(hashable_key<std::vector<without_serialize>>);
  STATIC_REQUIRE_FALSE(hashable_key<std::unordered_map<int, int>>);
  STATIC_REQUIRE_FALSE(hashable_key<std::vector<std::unordered_set<int>>>);
  STATIC_REQUIRE_FALSE(hashable_key<tsl::robin_map<int, int>>);
  STATIC_REQUIRE_FALSE(hashable_key<int*>);
  STATIC_REQUIRE_FALSE(hashable_key<std::unique_ptr<int>>);
  STATIC_REQUIRE_FALSE(hashable_key<long double>);
}

TEST_CASE("keys have a total order") {
  CHECK(strictly_ordered(-1, 1));
  CHECK(strictly_ordered(std::string("a"), std::string("b")));
  CHECK(strictly_ordered(std::pair(1, 2), std::pair(2, 1)));
  CHECK(strictly_ordered(dense{1, 2}, dense{1, 3}));
  CHECK(strictly_ordered(padded{'a', 1}, padded{'b', 1}));
  CHECK(strictly_ordered(std::vector<double>{1}, std::vector<double>{1, 0}));
  CHECK(strictly_ordered(job{1, "a"}, job{1, "b"}));
  CHECK(strictly_ordered(std::pair(1, job{1, "a"}), std::pair(1, job{1, "b"})));
}

TEST_CASE("floating-point keys have a total order, too") {
  CHECK(strictly_ordered(-1.5, 2.5));
  CHECK(strictly_ordered(std::numeric_limits<double>::infinity(), nan_key));
  CHECK(strictly_ordered(std::pair(1.0, 2.0), std::pair(1.0, nan_key)));
  CHECK_FALSE(key_less(nan_key, -nan_key));
  CHECK_FALSE(key_less(-nan_key, nan_key));
  CHECK_FALSE(key_less(-0.0, 0.0));
  CHECK_FALSE(key_less(0.0, -0.0));
}

TEST_CASE("sorting by key_less forgets the order of arrival") {
  std::vector<job> jobs;
  for (int i = 0; i < 100; ++i)
    jobs.push_back({i % 3, std::to_string(i)});
  auto names_in_order = [](std::vector<job> list) {
    std::sort(list.begin(), list.end(), key_less<job>);
    std::string names;
    for (const auto& each : list)
      names += each.name + ' ';
    return names;
  };
  auto backwards = jobs;
  std::reverse(backwards.begin(), backwards.end());
  CHECK(names_in_order(jobs) == names_in_order(backwards));
}
