#include "tools/units.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <stdexcept>

using namespace braid;
using namespace std::chrono_literals;

namespace {

/// What `parse` says about `text`, or that it takes it.
template <class Parse>
std::string refusal(Parse parse, const std::string& text) {
  try {
    parse(text);
  } catch (const std::invalid_argument& refused) {
    return refused.what();
  }
  return "accepted";
}

} // namespace

TEST_CASE("a duration is a whole number and a unit") {
  CHECK(parse_duration("0us") == 0us);
  CHECK(parse_duration("100us") == 100us);
  CHECK(parse_duration("5ms") == 5ms);
  CHECK(parse_duration("90s") == 90s);
  CHECK(parse_duration("1m") == 1min);
  CHECK(parse_duration("2h") == 2h);
}

TEST_CASE("a size is a whole number and a unit") {
  CHECK(parse_size("512B") == 512);
  CHECK(parse_size("64KiB") == 64 * 1024);
  CHECK(parse_size("4MiB") == 4 * 1024 * 1024);
  CHECK(parse_size("1GiB") == 1024 * 1024 * 1024);
  CHECK(parse_size("2TiB") == 2'199'023'255'552);
  CHECK(parse_size("3KB") == 3'000);
  CHECK(parse_size("10MB") == 10'000'000);
  CHECK(parse_size("1GB") == 1'000'000'000);
  CHECK(parse_size("1TB") == 1'000'000'000'000);
}

TEST_CASE("durations and sizes are printed in the largest whole unit") {
  CHECK(print_duration(0us) == "0us");
  CHECK(print_duration(1500us) == "1500us");
  CHECK(print_duration(90s) == "90s");
  CHECK(print_duration(120s) == "2m");
  CHECK(print_duration(24h) == "24h");
  CHECK(print_size(0) == "0B");
  CHECK(print_size(1023) == "1023B");
  CHECK(print_size(64 << 10) == "64KiB");
  CHECK(print_size(10'000'000) == "10MB");
}

TEST_CASE("what is printed means the same when read") {
  std::mt19937_64 random{7};
  for (int i = 0; i < 10'000; ++i) {
    auto value = random() >> (random() % 64);
    value -= value % (i % 2 == 0 ? 1 : 1000);
    CHECK(parse_size(print_size(value)) == value);
    std::chrono::microseconds time{static_cast<std::int64_t>(value >> 1)};
    CHECK(parse_duration(print_duration(time)) == time);
  }
}

TEST_CASE("a refused duration names the problem and the remedy") {
  auto refused = [](const std::string& text) {
    return refusal(parse_duration, text);
  };
  CHECK(refused("")
        == "\"\" does not start with a number; write a number and "
           "a unit, such as \"5ms\"");
  CHECK(refused("ms")
        == "\"ms\" does not start with a number; write a number "
           "and a unit, such as \"5ms\"");
  CHECK(refused("+5ms")
        == "\"+5ms\" does not start with a number; write a "
           "number and a unit, such as \"5ms\"");
  CHECK(refused("70")
        == "\"70\" has no unit; write a number and a unit, such "
           "as \"70ms\"");
  CHECK(refused("-5ms") == "\"-5ms\" is negative; use a number from 0 upwards");
  CHECK(refused("1.5s")
        == "\"1.5s\" is not a whole number; use a smaller unit");
  CHECK(refused("5sec")
        == "\"5sec\" has the unknown unit \"sec\"; use us, ms, s, m or h");
  CHECK(refused("5 ms")
        == "\"5 ms\" has the unknown unit \" ms\"; use us, ms, s, m or h");
  CHECK(refused("5ms ")
        == "\"5ms \" has the unknown unit \"ms \"; use us, ms, s, m or h");
}

TEST_CASE("a refused size names the problem and the remedy") {
  auto refused = [](const std::string& text) {
    return refusal(parse_size, text);
  };
  CHECK(refused("64")
        == "\"64\" has no unit; write a number and a unit, such "
           "as \"64KiB\"");
  CHECK(refused("64kib")
        == "\"64kib\" has the unknown unit \"kib\"; use B, KiB, MiB, GiB, TiB, "
           "KB, MB, GB or TB");
  CHECK(refused("-1B") == "\"-1B\" is negative; use a number from 0 upwards");
}

TEST_CASE("durations and sizes stop at the largest one that fits") {
  CHECK(parse_duration("9223372036854775807us").count()
        == std::numeric_limits<std::int64_t>::max());
  CHECK(refusal(parse_duration, "9223372036854775808us")
        == "\"9223372036854775808us\" is too large; use a smaller number");
  CHECK(refusal(parse_duration, "9223372036854776ms")
        == "\"9223372036854776ms\" is too large; use a smaller number");
  CHECK(refusal(parse_duration, "99999999999999999999s")
        == "\"99999999999999999999s\" is too large; use a smaller number");
  CHECK(parse_size("18446744073709551615B")
        == std::numeric_limits<std::uint64_t>::max());
  CHECK(parse_size("16777215TiB") == std::uint64_t{16777215} << 40);
  CHECK(refusal(parse_size, "16777216TiB")
        == "\"16777216TiB\" is too large; use a smaller number");
  CHECK(refusal(parse_size, "18446744073709551616B")
        == "\"18446744073709551616B\" is too large; use a smaller number");
}
