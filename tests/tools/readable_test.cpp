#include "tools/readable.hpp"

#include <catch2/catch.hpp>
#include <limits>

using namespace braid;

TEST_CASE("counts have three digits and a unit") {
  CHECK(readable_count(0) == "0");
  CHECK(readable_count(999) == "999");
  CHECK(readable_count(1'000) == "1.00 k");
  CHECK(readable_count(12'345) == "12.3 k");
  CHECK(readable_count(999'499) == "999 k");
  CHECK(readable_count(999'500) == "1.00 M");
  CHECK(readable_count(9'996) == "10.0 k");
  CHECK(readable_count(7'000'000'000) == "7.00 G");
  CHECK(readable_count(std::numeric_limits<std::uint64_t>::max())
        == "18446744 T");
}

TEST_CASE("rates are counts a second") {
  CHECK(readable_rate(0) == "0 /s");
  CHECK(readable_rate(12'345) == "12.3 k/s");
}

TEST_CASE("sizes have binary units") {
  CHECK(readable_bytes(0) == "0 B");
  CHECK(readable_bytes(999) == "999 B");
  CHECK(readable_bytes(1'024) == "1.00 KiB");
  CHECK(readable_bytes(1'310'720) == "1.25 MiB");
  CHECK(readable_bytes(std::uint64_t{5} << 40) == "5.00 TiB");
}

TEST_CASE("spans of time have two parts at most") {
  CHECK(readable_span(-5) == "0 us");
  CHECK(readable_span(350) == "350 us");
  CHECK(readable_span(12'999) == "12 ms");
  CHECK(readable_span(4'290'000) == "4.2 s");
  CHECK(readable_span(60'000'000) == "1 m 0 s");
  CHECK(readable_span(310'000'000) == "5 m 10 s");
  CHECK(readable_span(7'500'000'000) == "2 h 5 m");
}
