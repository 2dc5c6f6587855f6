// Rows as RFC 4180 has them, wherever the reader stops, and clear errors.
#include "tests/operators/source_fixture.hpp"
#include "tests/tools/scratch_folder.hpp"

#include "operators/csv.hpp"
#include "operators/topology_error.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace braid;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

using fields = std::vector<std::string>;
using table = std::vector<fields>;

fields all_fields(const csv_row& row) {
  fields result;
  for (std::size_t i = 0; i < row.size(); ++i)
    result.emplace_back(row[i]);
  return result;
}

class csv_fixture {
public:
  std::string write(const std::string& text) const {
    return folder_.write("table.csv", text).string();
  }

  table read(const std::string& text, const csv_options& options = {}) const {
    return read_all(read_csv(write(text), all_fields, options));
  }

private:
  scratch_folder folder_;
};

/// A table with everything in it that needs care, and its text.
struct random_table {
  table rows;
  std::string text;

  explicit random_table(unsigned seed) : random_(seed) {
    auto count = 1 + random_() % 40;
    for (unsigned i = 0; i < count; ++i)
      add_row();
    if (random_() % 2)
      while (text.back() == '\n' || text.back() == '\r')
        text.pop_back();
  }

private:
  void add_row() {
    fields row;
    auto count = 2 + random_() % 4;
    for (unsigned i = 0; i < count; ++i) {
      row.push_back(random_field());
      text += (i == 0 ? "" : ",") + written(row.back());
    }
    rows.push_back(std::move(row));
    text += random_() % 3 == 0 ? "\r\n" : "\n";
    if (random_() % 8 == 0)
      text += random_() % 2 ? "\n" : "\r\n";
  }

  std::string random_field() {
    static constexpr char letters[] = "ab ,\"\n\r;x";
    std::string result;
    for (auto size = random_() % 7; size > 0; --size)
      result += letters[random_() % (sizeof(letters) - 1)];
    return result;
  }

  std::string written(const std::string& field) {
    if (field.find_first_of(",\"\n\r") == field.npos && random_() % 3 != 0)
      return field;
    std::string result = "\"";
    for (auto letter : field)
      result += letter == '"' ? "\"\"" : std::string{letter};
    return result + "\"";
  }

  std::mt19937 random_;
};

struct order {
  std::int64_t id = 0;
  double price = 0;
  std::optional<int> count{};
};

order parse_order(const csv_row& row) {
  return {row.get<std::int64_t>("id"), row.get<double>("price"),
          row.get<std::optional<int>>("count")};
}

/// The message that reading `text` ends in, without the folder.
std::string error_of(const std::string& text, const csv_options& options,
                     std::function<int(const csv_row&)> parse) {
  csv_fixture csv;
  auto path = csv.write(text);
  auto folder = path.substr(0, path.size() - std::string{"table.csv"}.size());
  try {
    read_all(read_csv(path, parse, options));
  } catch (const csv_error& error) {
    std::string message = error.what();
    REQUIRE_THAT(message, StartsWith(folder));
    return message.substr(folder.size());
  }
  return "no error";
}

int nothing(const csv_row&) {
  return 0;
}

} // namespace

TEST_CASE("a row is what RFC 4180 says") {
  csv_fixture csv;
  CHECK(csv.read("") == table{});
  CHECK(csv.read("\n\r\n\n") == table{});
  CHECK(csv.read("a,b,c\n") == table{{"a", "b", "c"}});
  CHECK(csv.read("a,b\r\nc,d") == table{{"a", "b"}, {"c", "d"}});
  CHECK(csv.read(",\n,,") == table{{"", ""}, {"", "", ""}});
  CHECK(csv.read("a,\n") == table{{"a", ""}});
  CHECK(csv.read("\"\"\n") == table{{""}});
  CHECK(csv.read("\"a,b\",\"c\"\"d\",\"\"\"\"\n")
        == table{{"a,b", "c\"d", "\""}});
  CHECK(csv.read("\"one\ntwo\r\nthree\",x\ny,z\n")
        == table{{"one\ntwo\r\nthree", "x"}, {"y", "z"}});
  CHECK(csv.read("a, b ,c\n") == table{{"a", " b ", "c"}});
  CHECK(csv.read("a\rb\n") == table{{"a\rb"}});
  CHECK(csv.read("a;\"b;c\"\n", {.separator = ';'}) == table{{"a", "b;c"}});
}

TEST_CASE("any table comes back as it was written") {
  csv_fixture csv;
  for (unsigned seed = 1; seed <= 300; ++seed) {
    random_table expected{seed};
    CAPTURE(seed, expected.text);
    REQUIRE(csv.read(expected.text) == expected.rows);
  }
}

TEST_CASE("rows that lie across two reads of a file are whole") {
  csv_fixture csv;
  std::string text;
  table expected;
  for (int i = 0; i < 3'000; ++i) {
    std::string inner(static_cast<std::size_t>(i % 700), i % 5 ? 'x' : '\n');
    text += std::to_string(i) + ",\"" + inner + "\"\"" + inner + "\"\r\n";
    expected.push_back({std::to_string(i), inner + "\"" + inner});
  }
  expected.push_back({"big", std::string(900'000, ',')});
  text += "big,\"" + expected.back().back() + "\"";
  CHECK(csv.read(text) == expected);
}

TEST_CASE("a CSV reader stops at each limit and reads on from anywhere") {
  csv_fixture csv;
  for (unsigned seed = 1; seed <= 40; ++seed) {
    random_table expected{seed};
    CAPTURE(seed, expected.text);
    auto source = read_csv(csv.write(expected.text), all_fields);
    split_fixture split{source};
    split_fixture again{source};
    std::vector<std::uint64_t> positions{0};
    for (auto status = source_status::more; status != source_status::ended;) {
      status = split.read(seed % 2 ? tuples(1) : bytes(1));
      positions.push_back(split.position());
      auto row = split.values();
      REQUIRE(row.size() <= 1);
      again.read(until(split.position()));
      REQUIRE(again.position() == split.position());
      REQUIRE(again.values() == row);
    }
    for (std::size_t i = 0; i <= expected.rows.size(); ++i) {
      split_fixture fresh{source};
      fresh.reader().seek(positions[i]);
      CHECK(fresh.rest()
            == table(expected.rows.begin() + static_cast<int>(i),
                     expected.rows.end()));
    }
  }
}

TEST_CASE("fields are found by the names in the header, from anywhere") {
  csv_fixture csv;
  auto path = csv.write("\xEF\xBB\xBFprice,id,count\n1.5,7,\n 2e3 ,-8,3\n");
  auto source = read_csv<order>(path, parse_order, {.header = true});
  split_fixture split{source};
  CHECK(split.read(tuples(1)) == source_status::more);
  auto first = split.values().at(0);
  CHECK(first.id == 7);
  CHECK(first.price == 1.5);
  CHECK_FALSE(first.count);
  split_fixture moved{source};
  moved.reader().seek(split.position());
  auto second = moved.rest().at(0);
  CHECK(second.id == -8);
  CHECK(second.price == 2000);
  CHECK(second.count == 3);
  CHECK(csv.read("a,b\n", {.header = true}) == table{});
  CHECK(csv.read("", {.header = true}) == table{});
}

TEST_CASE("each file is a split with a header of its own") {
  scratch_folder folder;
  folder.write("1.csv", "id,name\n1,a\n");
  folder.write("2.csv", "name,id\nb,2\n");
  auto source =
    read_csv(folder.path().string(),
             [](const csv_row& row) {
               return row.get<std::string>("name") + std::string{row["id"]};
             },
             {.header = true});
  CHECK(source.splits() == 2);
  CHECK(read_all(source) == fields{"a1", "b2"});
}

TEST_CASE("a malformed row is named by file, line and column") {
  CHECK(error_of("a,b\nc,d\"e\n", {}, nothing)
        == "table.csv:2:4: a quote inside a field that is not quoted; quote "
           "the whole field and double the quotes in it");
  CHECK_THAT(error_of("\"a\nb\",c\n\"d\"e\n", {}, nothing),
             StartsWith("table.csv:3:4: text behind the closing quote"));
  CHECK_THAT(error_of("a\nb,\"c\nd\n", {}, nothing),
             StartsWith("table.csv:2:3: this quote is never closed"));
  CHECK_THAT(error_of("a,b\n\nc,d,e\n", {.header = true}, nothing),
             StartsWith("table.csv:3:1: this row has 3 fields, the header 2"));
  CHECK_THAT(error_of("a\n\"" + std::string(5'000, 'x') + "\"\n",
                      {.max_row_bytes = 4'000}, nothing),
             StartsWith("table.csv:2:1: a row of more than 4000 bytes"));
}

TEST_CASE("a field of another type is named by file, line and column") {
  auto number = [](const csv_row& row) { return row.get<int>("n"); };
  CHECK(error_of("id,n\nx,5\n\"y\nz\",abc\n", {.header = true}, number)
        == "table.csv:4:4: field 'n' is 'abc', which is not a whole number");
  CHECK_THAT(error_of("n\n3000000000\n", {.header = true}, number),
             Contains("which does not fit the number's type"));
  CHECK_THAT(error_of("n\n1.5\n", {.header = true}, number),
             Contains("is not a whole number"));
  CHECK_THAT(error_of("n,m\n,\n", {.header = true}, number),
             Contains("field 'n' is '', which is not a number"));
  auto flag = [](const csv_row& row) { return int{row.get<bool>(1)}; };
  CHECK(error_of("a,true\nb,0\nc,yes\n", {}, flag)
        == "table.csv:3:3: field 1 is 'yes', which is not true or false");
  CHECK_THAT(error_of("id,flag\n", {}, flag),
             Contains("if the first row names the columns, set "
                      "csv_options::header"));
}

TEST_CASE("a field that is not there is named with what there is") {
  auto third = [](const csv_row& row) { return row.get<int>(2); };
  CHECK(error_of("1,2,3\n4,5\n", {}, third)
        == "table.csv:2:1: field 2 is asked for, but the row has 2 fields, "
           "counted from 0");
  auto named = [](const csv_row& row) { return row.get<int>("prize"); };
  CHECK(error_of("id,price\n1,2\n", {.header = true}, named)
        == "table.csv:1:1: there is no column 'prize', only 'id', 'price'");
  CHECK_THAT(error_of("1,2\n", {}, named),
             Contains("read without a header; set csv_options::header"));
}

TEST_CASE("a row that cannot be parsed is still the next one") {
  csv_fixture csv;
  split_fixture split{read_csv(
    csv.write("1\nx\n"), [](const csv_row& row) { return row.get<int>(0); })};
  CHECK_THROWS_AS(split.read(), csv_error);
  CHECK(split.position() == 2);
}

TEST_CASE("separators that cannot separate are refused") {
  CHECK_THROWS_AS(read_csv("x", nothing, {.separator = '"'}), topology_error);
  CHECK_THROWS_WITH(read_csv("x", nothing, {.separator = '\n'}),
                    Contains("csv_options::separator"));
}
