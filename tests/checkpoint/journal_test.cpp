#include "tests/checkpoint/full_disk.hpp"
#include "tests/tools/scratch_folder.hpp"

#include "checkpoint/journal.hpp"

#include "operators/random.hpp"

#include <catch2/catch.hpp>
#include <iterator>
#include <memory>
#include <vector>

using namespace braid;

namespace {

namespace fs = std::filesystem;

using texts = std::vector<std::string>;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

/// A journal in a folder of its own, with what was read back from it.
class scratch_journal {
public:
  fs::path path() const {
    return folder_.path() / "the-journal";
  }

  std::unique_ptr<journal> open() {
    read.clear();
    numbers.clear();
    return std::make_unique<journal>(path(), [&](const journal_record& x) {
      std::string text{reinterpret_cast<const char*>(x.content.data()),
                       x.content.size()};
      read.push_back((x.snapshot ? "*" : "") + text);
      numbers.push_back(x.number);
    });
  }

  /// Closes, opens and says what is there.
  texts reread() {
    open();
    return read;
  }

  std::string raw() const {
    return text_of(path());
  }

  void write_raw(const std::string& bytes) const {
    folder_.write("the-journal", bytes);
  }

  std::ptrdiff_t files() const {
    return std::distance(fs::directory_iterator{folder_.path()}, {});
  }

  texts read;
  std::vector<std::uint64_t> numbers;

private:
  scratch_folder folder_;
};

void append(journal& to, const texts& records) {
  for (auto& record : records)
    to.append(bytes_of(record));
}

file_trouble trouble_of(scratch_journal& file, const std::string& what) {
  try {
    file.open();
  } catch (const file_error& error) {
    CHECK_THAT(error.what(),
               Catch::Contains("the-journal") && Catch::Contains(what));
    return error.trouble();
  }
  FAIL("the journal opens, where " << what << " was expected");
  return {};
}

constexpr std::size_t head = 16;
constexpr std::size_t record_head = 32;

const texts three{"place", "", "a stable epoch"};

} // namespace

TEST_CASE("a journal gives its records back in order") {
  scratch_journal file;
  CHECK(file.open()->last_number() == 0);
  append(*file.open(), three);
  auto again = file.open();
  CHECK(file.read == three);
  CHECK(file.numbers == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(again->torn_bytes() == 0);
  CHECK(again->bytes() == fs::file_size(file.path()));
  append(*again, {"more"});
  again.reset();
  CHECK(file.reread() == texts{"place", "", "a stable epoch", "more"});
}

TEST_CASE("a journal is used by one at a time") {
  scratch_journal file;
  auto first = file.open();
  CHECK(trouble_of(file, "in use") == file_trouble::in_use);
  first->append(bytes_of("x"));
  SECTION("also once it was rewritten") {
    first->rewrite(bytes_of("y"));
    CHECK(trouble_of(file, "in use") == file_trouble::in_use);
  }
  first.reset();
  CHECK(file.reread().size() == 1);
}

TEST_CASE("a torn tail is cut off, wherever it is torn") {
  scratch_journal file;
  append(*file.open(), three);
  auto whole = file.raw();
  auto two = head + 2 * record_head + three[0].size();
  for (auto size = two + 1; size < whole.size(); ++size) {
    file.write_raw(whole.substr(0, size));
    auto opened = file.open();
    REQUIRE(file.read == texts{"place", ""});
    REQUIRE(opened->torn_bytes() == size - two);
    append(*opened, {"again"});
    opened.reset();
    REQUIRE(file.reread() == texts{"place", "", "again"});
  }
}

TEST_CASE("a tail of which only the size came to the disk is cut off") {
  scratch_journal file;
  append(*file.open(), three);
  file.write_raw(file.raw() + std::string(5'000, '\0'));
  CHECK(file.open()->torn_bytes() == 5'000);
  CHECK(file.read == three);
}

TEST_CASE("a journal torn while it was made is made again") {
  for (std::size_t size = 0; size <= head; ++size) {
    scratch_journal file;
    file.open();
    file.write_raw(file.raw().substr(0, size));
    append(*file.open(), {"x"});
    CHECK(file.reread() == texts{"x"});
    file.write_raw(std::string(size, '\0'));
    append(*file.open(), {"y"});
    CHECK(file.reread() == texts{"y"});
  }
}

TEST_CASE("a journal damaged in the middle is refused and left as it is") {
  scratch_journal file;
  append(*file.open(), three);
  auto whole = file.raw();
  auto last = whole.size() - record_head - three[2].size();
  for (auto bit = head * 8; bit < last * 8; ++bit) {
    auto bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    file.write_raw(bytes);
    REQUIRE(trouble_of(file, "damaged at byte") == file_trouble::damaged);
    REQUIRE(file.raw() == bytes);
  }
}

TEST_CASE("a record missing from the middle is noticed") {
  scratch_journal file;
  append(*file.open(), three);
  auto whole = file.raw();
  auto one = head + record_head + three[0].size();
  file.write_raw(whole.substr(0, one) + whole.substr(one + record_head));
  CHECK(trouble_of(file, "after record 1") == file_trouble::damaged);
}

TEST_CASE("what is no journal is refused and left as it is") {
  scratch_journal file;
  SECTION("a short file") {
    file.write_raw("notes");
    CHECK(trouble_of(file, "not a journal") == file_trouble::foreign);
    CHECK(file.raw() == "notes");
  }
  SECTION("a long one") {
    file.write_raw(std::string(1'000, 'x'));
    CHECK(trouble_of(file, "not a journal") == file_trouble::foreign);
  }
  SECTION("another version") {
    file.write_raw("braid journal 2\nand more");
    CHECK(trouble_of(file, "another version") == file_trouble::version);
  }
  SECTION("no folder") {
    CHECK_THROWS_WITH(journal(file.path() / "there", {}),
                      Catch::Contains("create the folder"));
  }
}

TEST_CASE("rewriting leaves one record that stands for all before it") {
  scratch_journal file;
  auto opened = file.open();
  append(*opened, {std::string(10'000, 'x'), "y"});
  opened->rewrite(bytes_of("both"));
  CHECK(opened->bytes() < 1'000);
  append(*opened, {"z"});
  opened.reset();
  CHECK(file.reread() == texts{"*both", "z"});
  CHECK(file.numbers == std::vector<std::uint64_t>{3, 4});
  CHECK(file.files() == 1);
}

TEST_CASE("a rewriting that died before its end changes nothing") {
  scratch_journal file;
  append(*file.open(), three);
  std::ofstream{file.path().string() + ".new"} << std::string(10'000, 'x');
  auto opened = file.open();
  CHECK(file.read == three);
  opened->rewrite(bytes_of("all"));
  opened.reset();
  CHECK(file.reread() == texts{"*all"});
  CHECK(file.files() == 1);
}

TEST_CASE("a full disk loses nothing that was accepted") {
  scratch_journal file;
  auto opened = file.open();
  append(*opened, three);
  auto size = opened->bytes();
  {
    full_disk full{4'096};
    CHECK_THROWS_WITH(opened->append(bytes_of(std::string(10'000, 'x'))),
                      Catch::Contains("ulimit -f"));
    CHECK_THROWS_WITH(opened->rewrite(bytes_of(std::string(10'000, 'x'))),
                      Catch::Contains("ulimit -f"));
    CHECK(file.files() == 1);
    CHECK(fs::file_size(file.path()) == size);
    append(*opened, {"small"});
  }
  append(*opened, {std::string(10'000, 'y')});
  opened.reset();
  auto expected = three;
  expected.insert(expected.end(), {"small", std::string(10'000, 'y')});
  CHECK(file.reread() == expected);
}

TEST_CASE("a reader that fails leaves the journal closed and unharmed") {
  scratch_journal file;
  append(*file.open(), three);
  auto refuse = [](const journal_record&) { throw std::runtime_error{"no"}; };
  CHECK_THROWS_WITH(journal(file.path(), refuse), "no");
  CHECK(file.reread() == three);
}

TEST_CASE("a journal holds what a list does, through crashes") {
  auto seed = GENERATE(range(0, 20));
  INFO("seed " << seed);
  random_generator random{static_cast<std::uint64_t>(seed)};
  scratch_journal file;
  texts model;
  auto opened = file.open();
  for (int step = 0; step < 60; ++step) {
    auto text = std::to_string(step) + std::string(random.below(100), '.');
    switch (random.below(8)) {
      case 0:
        opened->rewrite(bytes_of(text));
        model = {"*" + text};
        break;
      case 1: {
        // The process dies while it appends.
        auto before = opened->bytes();
        append(*opened, {text});
        auto torn = random.below(opened->bytes() - before);
        opened.reset();
        fs::resize_file(file.path(), before + torn);
        opened = file.open();
        REQUIRE(opened->torn_bytes() == torn);
        REQUIRE(file.read == model);
        break;
      }
      case 2:
        opened.reset();
        opened = file.open();
        REQUIRE(file.read == model);
        break;
      default:
        append(*opened, {text});
        model.push_back(text);
    }
  }
}
