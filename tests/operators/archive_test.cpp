// Round trips, and what happens to bytes that are not what they should be.
#include "operators/archive.hpp"

// Boost's own rules for the same types must neither clash nor change a byte.
#include <array>
#include <boost/optional.hpp>
#include <boost/serialization/base_object.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/serialization/optional.hpp>
#include <boost/serialization/split_member.hpp>
#include <boost/serialization/unordered_map.hpp>
#include <boost/serialization/vector.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <set>
#include <string>
#include <tsl/robin_map.h>
#include <tsl/robin_set.h>
#include <unordered_map>
#include <unordered_set>

using namespace braid;

namespace {

enum class colour : std::uint8_t { red, green };

/// Trivially copyable, and the user wrote nothing.
struct position {
  double x = 0;
  double y = 0;
  std::int32_t lane = 0;

  bool operator==(const position&) const = default;
};

/// Trivially copyable, with a `serialize` all the same.
struct reading {
  std::uint64_t sensor = 0;
  std::uint32_t value = 0;
  char unit = 'C';

  bool operator==(const reading&) const = default;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& sensor& value& unit;
  }
};

class named {
public:
  named() = default;

  explicit named(std::string name) : name_(std::move(name)) {}

  bool operator==(const named&) const = default;

private:
  friend class boost::serialization::access;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& boost::serialization::make_nvp("name", name_);
  }

  std::string name_;
};

struct road : named {
  std::vector<position> cars;
  boost::optional<int> limit;
  std::string only_in_memory;

  bool operator==(const road&) const = default;

  template <class Archive>
  void save(Archive& archive, unsigned) const {
    archive << boost::serialization::base_object<named>(*this) << cars << limit;
  }

  template <class Archive>
  void load(Archive& archive, unsigned) {
    archive >> boost::serialization::base_object<named>(*this) >> cars >> limit;
    only_in_memory = "loaded";
  }

  BOOST_SERIALIZATION_SPLIT_MEMBER()
};

/// Has its `serialize` beside it.
struct interval {
  std::string from;
  std::string to;

  bool operator==(const interval&) const = default;
};

template <class Archive>
void serialize(Archive& archive, interval& x, unsigned) {
  archive& x.from& x.to;
}

/// Has it where Boost's manual puts it.
struct label {
  std::string text;

  bool operator==(const label&) const = default;
};

struct tree {
  int value = 0;
  std::vector<tree> children;

  bool operator==(const tree&) const = default;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& value& children;
  }
};

/// No default constructor, but nothing that memcpy could not make.
struct celsius {
  explicit celsius(double d) : degrees(d) {}

  bool operator==(const celsius&) const = default;

  double degrees;
};

/// Whatever can be nested, nested.
struct everything {
  std::string text;
  std::u16string wide;
  bool flag = false;
  colour paint = colour::red;
  double ratio = 0;
  position where;
  std::vector<position> path;
  std::vector<std::string> words;
  std::vector<bool> bits;
  std::array<reading, 2> readings;
  std::array<std::string, 2> names;
  int grid[2][2] = {};
  std::pair<int, std::string> pair;
  std::tuple<std::string, double, colour> tuple;
  std::optional<std::string> present;
  std::optional<std::string> absent;
  std::variant<int, std::string, position> choice;
  std::map<std::string, std::vector<int>> map;
  std::multimap<int, std::string> multimap;
  std::set<std::string> set;
  std::unordered_map<std::string, reading> hash_map;
  std::unordered_set<int> hash_set;
  tsl::robin_map<std::uint64_t, std::string> robin_map;
  tsl::robin_set<std::string> robin_set;
  std::deque<reading> deque;
  std::list<named> list;
  std::vector<interval> intervals;
  std::vector<label> labels;
  std::vector<tree> trees;
  std::chrono::milliseconds delay{};
  std::chrono::system_clock::time_point when;

  template <class Self>
  static auto members_of(Self& s) {
    return std::tie(s.text, s.wide, s.flag, s.paint, s.ratio, s.where, s.path,
                    s.words, s.bits, s.readings, s.names, s.pair, s.tuple,
                    s.present, s.absent, s.choice, s.map, s.multimap, s.set,
                    s.hash_map, s.hash_set, s.robin_map, s.robin_set, s.deque,
                    s.list, s.intervals, s.labels, s.trees, s.delay, s.when);
  }

  bool operator==(const everything& other) const {
    return std::equal(&grid[0][0], &grid[0][0] + 4, &other.grid[0][0])
           && members_of(*this) == members_of(other);
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    std::apply([&](auto&... xs) { (archive & ... & xs); }, members_of(*this));
    archive& grid;
  }
};

everything sample() {
  everything x;
  x.text = "a braided river";
  x.wide = u"\u00e9t\u00e9";
  x.flag = true;
  x.paint = colour::green;
  x.ratio = 0.1;
  x.where = {1, 2, 3};
  x.path = {{1, 2, 3}, {4, 5, 6}};
  x.words = {"", "one", std::string(300, 'x')};
  x.bits = {true, false, true, true, false, false, false, true, true};
  x.readings = {reading{1, 2, 'K'}, reading{3, 4, 'F'}};
  x.names = {"left", "right"};
  x.grid[0][1] = 7;
  x.grid[1][0] = 8;
  x.pair = {5, "five"};
  x.tuple = {"t", 2.5, colour::green};
  x.present = "here";
  x.choice = "text";
  x.map = {{"a", {1, 2}}, {"b", {}}};
  x.multimap = {{1, "first"}, {1, "second"}, {2, "third"}};
  x.set = {"x", "y"};
  x.hash_map = {{"k", {9, 8, 'c'}}, {"l", {}}};
  x.hash_set = {1, 2, 3};
  x.robin_map = {{1, "one"}, {2, "two"}};
  x.robin_set = {"r", "s"};
  x.deque = {{1, 1, 'a'}, {2, 2, 'b'}};
  x.list = {named{"n"}, named{"m"}};
  x.intervals = {{"from", "to"}};
  x.labels = {{"label"}};
  x.trees = {{1, {{2, {}}, {3, {{4, {}}}}}}};
  x.delay = std::chrono::milliseconds{17};
  x.when = std::chrono::system_clock::time_point{} + std::chrono::hours{1};
  return x;
}

template <class T>
T round_trip(const T& value) {
  return decoded<T>(encoded(value));
}

template <class T>
std::string error_of(std::span<const std::byte> bytes) {
  try {
    (void)decoded<T>(bytes);
  } catch (const decode_error& error) {
    return error.what();
  }
  return "no error";
}

byte_buffer bytes(std::initializer_list<int> values) {
  byte_buffer result;
  for (auto value : values)
    *result.extend(1) = static_cast<std::byte>(value);
  return result;
}

} // namespace

namespace boost::serialization {

template <class Archive>
void serialize(Archive& archive, label& x, const unsigned) {
  archive& x.text;
}

} // namespace boost::serialization

TEST_CASE("everything nested comes back as it was") {
  auto value = sample();
  CHECK(round_trip(value) == value);
  CHECK(round_trip(everything{}) == everything{});
}

TEST_CASE("decoding replaces what was there") {
  auto target = sample();
  auto empty = encoded(everything{});
  input_archive archive(empty);
  decode(archive, target);
  CHECK(target == everything{});
}

TEST_CASE("a type without default constructor comes back in containers") {
  std::map<int, celsius> map{{1, celsius{20}}, {2, celsius{30}}};
  CHECK(round_trip(map) == map);
  std::vector<celsius> vector{celsius{1}, celsius{2}};
  CHECK(round_trip(vector) == vector);
  std::deque<std::pair<celsius, std::string>> pairs{{celsius{1}, "one"}};
  CHECK(round_trip(pairs) == pairs);
  CHECK(round_trip(celsius{5}) == celsius{5});
}

TEST_CASE("base classes, split members and Boost's wrappers work") {
  road value;
  static_cast<named&>(value) = named{"A7"};
  value.cars = {{1, 2, 3}};
  value.limit = 120;
  value.only_in_memory = "loaded";
  CHECK(round_trip(value) == value);
}

TEST_CASE("long runs are copied whole, at any alignment") {
  std::tuple<std::string, std::vector<position>> value;
  std::get<0>(value) = "odd";
  for (int i = 0; i < 10'000; ++i)
    std::get<1>(value).push_back({i * 0.5, -i * 0.5, i});
  CHECK(round_trip(value) == value);
  CHECK(round_trip(std::get<1>(value)) == std::get<1>(value));
}

TEST_CASE("the encoded form is fixed") {
  // State on disk outlives the build that wrote it.
  CHECK(encoded(std::uint32_t{0x01020304}) == bytes({4, 3, 2, 1}));
  CHECK(encoded(std::string("ab")) == bytes({2, 'a', 'b'}));
  CHECK(encoded(std::vector<std::uint16_t>{1, 2})
        == bytes({2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0}));
  CHECK(encoded(std::deque<std::uint16_t>{1, 2}) == bytes({2, 1, 0, 2, 0}));
  CHECK(encoded(std::vector<std::string>{"a", ""}) == bytes({2, 1, 'a', 0}));
  CHECK(encoded(std::optional<bool>{true}) == bytes({1, 1}));
  CHECK(encoded(std::variant<char, std::string>{"x"}) == bytes({1, 1, 'x'}));
  CHECK(encoded(std::map<char, char>{{'k', 'v'}}) == bytes({1, 'k', 'v'}));
  CHECK(encoded(std::unordered_map<char, char>{{'k', 'v'}})
        == bytes({1, 'k', 'v'}));
  CHECK(encoded(std::vector<bool>{true, false, true}) == bytes({3, 5}));
  CHECK(encoded(std::vector<char>(200)).size() == 202);
  CHECK(encoded(reading{}).size() == sizeof(reading));
  CHECK(encoded(position{}).size() == sizeof(position));
}

TEST_CASE("what is encoded is appended") {
  auto buffer = bytes({1, 2});
  encode(std::uint8_t{3}, buffer);
  encode(std::uint8_t{4}, buffer);
  CHECK(buffer == bytes({1, 2, 3, 4}));
}

TEST_CASE("several values are read one after the other") {
  byte_buffer buffer;
  output_archive out(buffer);
  out << std::string("one") << 2;
  input_archive in(buffer);
  std::string one;
  int two = 0;
  in >> one >> two;
  CHECK(one == "one");
  CHECK(two == 2);
  CHECK(in.offset() == buffer.size());
  CHECK(in.remaining() == 0);
  in.expect_end();
}

TEST_CASE("every truncation is rejected") {
  auto whole = encoded(sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // Memory of its own, so that sanitizers see a read beyond the end.
    std::vector<std::byte> prefix(whole.begin(), whole.begin() + size);
    CHECK_THROWS_AS(decoded<everything>(prefix), decode_error);
  }
}

TEST_CASE("no byte, changed to whatever, does more than throw") {
  auto whole = encoded(sample());
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (auto flip : {0x01, 0x80, 0xff}) {
      auto broken = whole;
      broken.data()[i] ^= static_cast<std::byte>(flip);
      try {
        (void)decoded<everything>(broken);
      } catch (const decode_error&) {
        // Also fine: a changed number is a number, a changed count is not.
      }
    }
}

TEST_CASE("absurd counts are rejected before memory is allocated") {
  auto huge = bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 2});
  CHECK_THROWS_AS(decoded<std::string>(huge), decode_error);
  CHECK_THROWS_AS(decoded<std::vector<double>>(huge), decode_error);
  CHECK_THROWS_AS(decoded<std::vector<std::string>>(huge), decode_error);
  CHECK_THROWS_AS(decoded<std::vector<tree>>(huge), decode_error);
  CHECK_THROWS_AS(decoded<std::vector<bool>>(huge), decode_error);
  CHECK_THROWS_AS((decoded<std::map<int, int>>(huge)), decode_error);
  CHECK_THROWS_AS((decoded<std::unordered_map<int, named>>(huge)),
                  decode_error);
  CHECK_THROWS_AS((decoded<tsl::robin_map<int, named>>(huge)), decode_error);

  auto over_64_bits = bytes(
    {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1});
  CHECK(error_of<std::string>(over_64_bits)
        == "decoding failed at byte 0 of 12: expected a count, found one of "
           "over 64 bits");
}

TEST_CASE("trailing bytes are rejected") {
  auto buffer = encoded(sample());
  buffer.extend(1)[0] = std::byte{0};
  CHECK_THROWS_AS(decoded<everything>(buffer), decode_error);
  CHECK(error_of<char>(bytes({1, 2, 3}))
        == "decoding failed at byte 1 of 3: expected the end, 2 bytes are "
           "left");
}

TEST_CASE("errors say what was expected and where") {
  CHECK(error_of<std::pair<char, int>>(bytes({1, 2, 3, 4}))
        == "decoding failed at byte 1 of 4: expected 4 bytes, 3 are left");
  CHECK(error_of<std::pair<char, std::deque<int>>>(bytes({1, 9, 3}))
        == "decoding failed at byte 1 of 3: expected 9 elements of at least 4 "
           "bytes each, but 1 bytes are left");
  CHECK(error_of<bool>(bytes({2}))
        == "decoding failed at byte 0 of 1: expected a bool, a number below "
           "2, found 2");
  CHECK(error_of<std::variant<int, char>>(bytes({7}))
        == "decoding failed at byte 0 of 1: expected the type of a variant, a "
           "number below 2, found 7");
}

namespace {

struct nothing_written {
  nothing_written() {}

  nothing_written(const nothing_written&) {}

  template <class Archive>
  void serialize(Archive&, unsigned) {}
};

} // namespace

TEST_CASE("elements that write nothing are refused, not lost") {
  byte_buffer buffer;
  CHECK_THROWS_AS(encode(std::vector<nothing_written>(2), buffer),
                  std::logic_error);
}

TEST_CASE("pointers and views are not copied raw") {
  STATIC_REQUIRE(raw_copyable<int>);
  STATIC_REQUIRE(raw_copyable<colour>);
  STATIC_REQUIRE(raw_copyable<position>);
  STATIC_REQUIRE(raw_copyable<reading>);
  STATIC_REQUIRE(raw_copyable<std::array<position, 3>>);
  STATIC_REQUIRE(raw_copyable<std::chrono::nanoseconds>);
  STATIC_REQUIRE_FALSE(raw_copyable<int*>);
  STATIC_REQUIRE_FALSE(raw_copyable<std::array<int*, 3>>);
  STATIC_REQUIRE_FALSE(raw_copyable<std::string_view>);
  STATIC_REQUIRE_FALSE(raw_copyable<std::span<int>>);
  STATIC_REQUIRE_FALSE(raw_copyable<std::reference_wrapper<int>>);
  STATIC_REQUIRE_FALSE(raw_copyable<std::optional<int*>>);
  STATIC_REQUIRE_FALSE(raw_copyable<std::string>);
}

TEST_CASE("a byte buffer copies, moves, cuts and compares") {
  auto buffer = bytes({1, 2, 3});
  auto copy = buffer;
  CHECK(copy == buffer);
  auto moved = std::move(copy);
  CHECK(moved == buffer);
  CHECK(copy.empty()); // NOLINT: a moved-from buffer is empty
  moved.resize(2);
  CHECK(moved == bytes({1, 2}));
  moved.append(buffer);
  CHECK(moved == bytes({1, 2, 1, 2, 3}));
  copy = moved;
  copy.clear();
  copy.append(std::span<const std::byte>{});
  CHECK(copy == byte_buffer{});
}
