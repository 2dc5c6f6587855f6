// How tuples of all kinds become lines and rows.
#include "operators/aggregate.hpp"
#include "operators/text_form.hpp"
#include "operators/window.hpp"

#include <catch2/catch.hpp>
#include <limits>

using namespace braid;

namespace {

enum class colour : std::uint8_t { red, green };

struct trade {
  std::string symbol;
  double price = 0;
  std::optional<int> count{};
};

template <class T>
std::string words(const T& tuple) {
  std::string result;
  append_words(result, tuple);
  return result;
}

template <class T>
std::string row(const T& tuple, char separator = ',') {
  std::string result;
  append_csv_row(result, tuple, separator);
  return result;
}

template <class T>
std::vector<std::string> names() {
  std::vector<std::string> result;
  append_column_names<T>(result);
  return result;
}

using texts = std::vector<std::string>;

} // namespace

template <>
struct braid::columns<trade> {
  static constexpr std::array names{"symbol", "price", "count"};

  static auto of(const trade& x) {
    return std::tie(x.symbol, x.price, x.count);
  }
};

TEST_CASE("fields are written so that reading them gives the same again") {
  CHECK(words(std::string{"a b"}) == "a b");
  CHECK(words("literal") == "literal");
  CHECK(words('x') == "x");
  CHECK(words(true) == "true");
  CHECK(words(colour::green) == "1");
  CHECK(words(std::int8_t{-5}) == "-5");
  CHECK(words(std::numeric_limits<std::uint64_t>::max())
        == "18446744073709551615");
  CHECK(words(0.1) == "0.1");
  CHECK(words(1e300) == "1e+300");
  CHECK(words(2.5F) == "2.5");
  CHECK(words(std::optional<int>{}).empty());
  CHECK(words(std::optional<int>{7}) == "7");
  CHECK(words(std::chrono::milliseconds{12}) == "12");
}

TEST_CASE("tuples are taken apart into words") {
  CHECK(words(keyed_value<std::string, std::uint64_t>{"word", 3}) == "word 3");
  CHECK(words(std::tuple{1, std::pair{2, 'c'}, "d"}) == "1 2 c d");
  CHECK(words(windowed_value<int, double>{1, {10, 20}, 0.5}) == "1 10 20 0.5");
  CHECK(words(trade{"A", 1.5, {}}) == "A 1.5 ");
}

TEST_CASE("a CSV field is quoted when it needs to be, and only then") {
  using pair = std::pair<std::string, std::string>;
  CHECK(row(pair{"a b", "c'd"}) == "a b,c'd");
  CHECK(row(pair{"a,b", "c"}) == "\"a,b\",c");
  CHECK(row(pair{"a,b", "c;d"}, ';') == "a,b;\"c;d\"");
  CHECK(row(pair{"\"", "a\"b\"\"c"}) == "\"\"\"\",\"a\"\"b\"\"\"\"c\"");
  CHECK(row(pair{"a\nb", "c\rd"}) == "\"a\nb\",\"c\rd\"");
  CHECK(row(pair{"", ""}) == ",");
  CHECK(row(std::string{}) == "\"\"");
  CHECK(row(trade{"A", 1.5, 3}) == "A,1.5,3");
}

TEST_CASE("columns have names, those inside others with the outer name") {
  CHECK(names<int>() == texts{"value"});
  CHECK(names<trade>() == texts{"symbol", "price", "count"});
  CHECK(names<keyed_value<int, int>>() == texts{"key", "value"});
  CHECK(names<keyed_value<std::pair<int, int>, trade>>()
        == texts{"key.first", "key.second", "value.symbol", "value.price",
                 "value.count"});
  CHECK(names<std::tuple<int, std::string>>() == texts{"1", "2"});
  CHECK(names<windowed_value<int, int>>()
        == texts{"key", "window.begin", "window.end", "value"});
}

TEST_CASE("a format returns a line or appends it") {
  std::string out;
  append_line(out, 5, [](int x) { return std::to_string(x); });
  append_line(out, 6, [](int x, std::string& to) { to += std::to_string(x); });
  append_line(out, 7, [](int) { return "seven"; });
  append_line(out, 8, as_words{});
  CHECK(out == "5\n6\nseven\n8\n");
}
