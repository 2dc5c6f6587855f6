// Every line once, wherever a file is split, stopped or read again.
#include "tests/operators/source_fixture.hpp"
#include "tests/tools/scratch_folder.hpp"

#include "operators/file_source.hpp"
#include "operators/topology_error.hpp"

#include <catch2/catch.hpp>
#include <sstream>

using namespace braid;
using Catch::Matchers::Contains;

namespace {

using lines = std::vector<std::string>;

/// The lines of `text` as the standard library finds them.
lines lines_of(const std::string& text) {
  lines result;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    result.push_back(line);
  return result;
}

/// Texts in which a split can fall on anything.
const std::string odd_texts[] = {
  "",
  "\n",
  "a",
  "a\n",
  "\n\n\n",
  "one\ntwo\nthree\n",
  "one\ntwo\nthree",
  "\n\na\n\nbb\n\n\n",
  "a long line without an end",
  "x\n" + std::string(40, 'y') + "\nz\n",
};

/// A deterministic text of lines of many lengths.
std::string many_lines(std::uint32_t count) {
  std::string result;
  std::uint32_t state = 17;
  for (std::uint32_t i = 0; i < count; ++i) {
    state = state * 1664525 + 1013904223;
    result += std::to_string(i) + std::string(state >> 25, 'a' + i % 26) + "\n";
  }
  return result;
}

} // namespace

TEST_CASE("every line is read once, whatever the size of the splits") {
  scratch_folder folder;
  for (auto& text : odd_texts) {
    auto path = folder.write("text", text).string();
    for (std::uint64_t bytes = 1; bytes <= text.size() + 2; ++bytes) {
      CAPTURE(text, bytes);
      auto source = read_lines(path, {.split_bytes = bytes});
      CHECK(source.splits()
            == std::max<std::size_t>(1, (text.size() + bytes - 1) / bytes));
      CHECK(read_all(source) == lines_of(text));
    }
  }
}

TEST_CASE("a line belongs to the split in which it begins") {
  scratch_folder folder;
  auto path = folder.write("text", "0123\n5678\nab\n").string();
  auto source = read_lines(path, {.split_bytes = 5});
  REQUIRE(source.splits() == 3);
  CHECK(split_fixture{source, 0}.rest() == lines{"0123"});
  CHECK(split_fixture{source, 1}.rest() == lines{"5678"});
  CHECK(split_fixture{source, 2}.rest() == lines{"ab"});
  source = read_lines(path, {.split_bytes = 4});
  REQUIRE(source.splits() == 4);
  CHECK(split_fixture{source, 0}.rest() == lines{"0123"});
  CHECK(split_fixture{source, 1}.rest() == lines{"5678"});
  CHECK(split_fixture{source, 2}.rest() == lines{"ab"});
  CHECK(split_fixture{source, 3}.rest().empty());
}

TEST_CASE("a file larger than the read buffer keeps every line") {
  scratch_folder folder;
  auto text = many_lines(20'000) + std::string(700'000, 'L') + "\nend";
  auto path = folder.write("text", text).string();
  for (std::uint64_t bytes : {10'000, 100'000, 262'144, 300'000, 1 << 30}) {
    CAPTURE(bytes);
    CHECK(read_all(read_lines(path, {.split_bytes = bytes})) == lines_of(text));
  }
}

TEST_CASE("a reader stops at the limit of tuples") {
  scratch_folder folder;
  auto text = many_lines(1'000);
  split_fixture split{read_lines(folder.write("text", text).string())};
  lines read;
  for (std::uint64_t count = 0; read.size() < 1'000; ++count) {
    auto expected = std::min<std::uint64_t>(count, 1'000 - read.size());
    auto status = split.read(tuples(count));
    auto part = split.values();
    REQUIRE(part.size() == expected);
    read.insert(read.end(), part.begin(), part.end());
    CHECK((status == source_status::ended) == (read.size() == 1'000));
  }
  CHECK(read == lines_of(text));
}

TEST_CASE("a reader goes over the limit of bytes by one line at most") {
  scratch_folder folder;
  auto path = folder.write("text", many_lines(300)).string();
  for (std::uint64_t limit = 1; limit < 400; limit += 7) {
    split_fixture split{read_lines(path)};
    while (true) {
      auto before = split.position();
      auto status = split.read(bytes(limit));
      auto last = split.values().back().size() + 1;
      REQUIRE(split.position() - before - last < limit);
      if (status == source_status::ended)
        break;
      REQUIRE(split.position() - before >= limit);
    }
  }
}

TEST_CASE("a reader repeats an epoch up to the recorded position") {
  scratch_folder folder;
  auto text = many_lines(100);
  auto source =
    read_lines(folder.write("text", text).string(), {.split_bytes = 500});
  for (std::uint32_t i = 0; i < source.splits(); ++i) {
    split_fixture first{source, i};
    split_fixture again{source, i};
    auto status = source_status::more;
    while (status == source_status::more) {
      status = first.read(tuples(3));
      again.read(until(first.position()));
      REQUIRE(again.position() == first.position());
      REQUIRE(again.values() == first.values());
    }
  }
}

TEST_CASE("reading on from any position gives the same rest") {
  scratch_folder folder;
  for (auto& text : odd_texts) {
    auto path = folder.write("text", text).string();
    auto source = read_lines(path, {.split_bytes = 7});
    for (std::uint32_t i = 0; i < source.splits(); ++i) {
      split_fixture split{source, i};
      while (true) {
        auto position = split.position();
        auto rest = split.rest();
        split_fixture fresh{source, i};
        fresh.reader().seek(position);
        CHECK(fresh.rest() == rest);
        split.reader().seek(position);
        if (split.read(tuples(1)) == source_status::ended)
          break;
      }
    }
  }
}

TEST_CASE("the CR of CR LF is dropped unless it is wanted") {
  scratch_folder folder;
  auto path = folder.write("text", "a\r\n\r\nb\rc\r\nd\r").string();
  CHECK(read_all(read_lines(path)) == lines{"a", "", "b\rc", "d\r"});
  CHECK(read_all(read_lines(path, {.keep_carriage_return = true}))
        == lines{"a\r", "\r", "b\rc\r", "d\r"});
}

TEST_CASE("files are read in the given order, those of a folder by name") {
  scratch_folder folder;
  auto inside = folder.path() / "inside";
  std::filesystem::create_directories(inside / "deeper");
  folder.write("inside/b", "2\n");
  folder.write("inside/a", "1");
  folder.write("inside/c", "");
  folder.write("inside/.hidden", "never\n");
  folder.write("inside/deeper/d", "never\n");
  auto last = folder.write("0", "3\n").string();
  auto source = read_lines({inside.string(), last});
  CHECK(source.splits() == 4);
  CHECK(read_all(source) == lines{"1", "2", "3"});
}

TEST_CASE("input that is not there is named with a remedy") {
  scratch_folder folder;
  auto missing = (folder.path() / "missing").string();
  CHECK_THROWS_AS(read_lines(missing).splits(), topology_error);
  CHECK_THROWS_WITH(read_lines(missing).splits(),
                    Contains(missing) && Contains("No such file")
                      && Contains("give the path of an existing file"));
  CHECK_THROWS_WITH(read_lines(folder.path().string()).splits(),
                    Contains("holds no files"));
  CHECK_THROWS_WITH(read_lines("/dev/null").splits(),
                    Contains("neither a regular file nor a directory"));
  CHECK_THROWS_WITH(read_lines(lines{}).splits(), Contains("no input"));
  CHECK_THROWS_WITH(read_lines(missing, {.split_bytes = 0}),
                    Contains("split_bytes is 0"));
  auto path = folder.write("text", std::string(70'000, '\n')).string();
  CHECK_THROWS_WITH(read_lines(path, {.split_bytes = 1}).splits(),
                    Contains("70000 splits") && Contains("split_bytes"));
}

TEST_CASE("a file that shrinks or vanishes under a reader is named") {
  scratch_folder folder;
  auto path = folder.write("text", many_lines(5'000)).string();
  auto source = read_lines(path);
  REQUIRE(source.splits() == 1);
  split_fixture split{source};
  split.read(tuples(10));
  std::filesystem::resize_file(path, 1'000);
  CHECK_THROWS_WITH(split.read(), Contains(path)
                                    && Contains("has become shorter")
                                    && Contains("1000 now"));

  source = read_lines(path);
  REQUIRE(source.splits() == 1);
  std::filesystem::resize_file(path, 10);
  CHECK_THROWS_WITH(source.open(0, {}), Contains("has become shorter"));
  std::filesystem::remove(path);
  CHECK_THROWS_WITH(source.open(0, {}),
                    Contains(path) && Contains("No such file"));
}

TEST_CASE("a file that grows is read as far as it went at the start") {
  scratch_folder folder;
  auto path = folder.write("text", "a\nb\n").string();
  auto source = read_lines(path);
  REQUIRE(source.splits() == 1);
  folder.write("text", "a\nb\nc\n");
  CHECK(read_all(source) == lines{"a", "b"});
}

TEST_CASE("a line beyond the allowed length is an error") {
  scratch_folder folder;
  auto text = "short\n" + std::string(300'000, 'x') + "\n";
  auto path = folder.write("text", text).string();
  for (std::uint64_t most : {10, 1'000, 290'000, 299'999}) {
    split_fixture split{read_lines(path, {.max_line_bytes = most})};
    CHECK_THROWS_WITH(split.read(), Contains(path) && Contains("near byte 6"));
  }
  CHECK(read_all(read_lines(path, {.max_line_bytes = 300'000})).size() == 2);
}

TEST_CASE("a position outside the split is refused") {
  scratch_folder folder;
  auto path = folder.write("text", "a\nb\nc\nd\n").string();
  split_fixture split{read_lines(path, {.split_bytes = 4}), 1};
  CHECK_THROWS_WITH(split.reader().seek(2), Contains("bytes 4 to 8"));
  CHECK_THROWS_WITH(split.reader().seek(9), Contains("bytes 4 to 8"));
}
