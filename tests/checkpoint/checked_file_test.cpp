#include "tests/checkpoint/full_disk.hpp"
#include "tests/tools/scratch_folder.hpp"

#include "checkpoint/checked_file.hpp"
#include "checkpoint/disk_file.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

using namespace braid;

namespace {

namespace fs = std::filesystem;

const file_format savepoint{"savepoint", 3};

/// A checked file in a folder of its own.
class scratch_file {
public:
  fs::path path() const {
    return folder_.path() / "the-savepoint";
  }

  void write(const std::string& contents,
             const file_format& format = savepoint) const {
    write_checked_file(
      path(), format,
      std::as_bytes(std::span{contents.data(), contents.size()}));
  }

  std::string read() const {
    auto bytes = read_checked_file(path(), savepoint);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  std::string raw() const {
    return text_of(path());
  }

  void write_raw(const std::string& bytes) const {
    std::ofstream file{path(), std::ios::binary | std::ios::trunc};
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  /// How many files the folder holds.
  std::ptrdiff_t files() const {
    return std::distance(fs::directory_iterator{folder_.path()}, {});
  }

private:
  scratch_folder folder_;
};

template <class Call>
void require_trouble(file_trouble expected, const std::string& what,
                     Call call) {
  try {
    call();
  } catch (const file_error& error) {
    CHECK(error.trouble() == expected);
    CHECK_THAT(error.what(), Catch::Contains(what));
    CHECK_THAT(error.what(), Catch::Contains("the-savepoint"));
    return;
  }
  FAIL("nothing is wrong, where " << what << " was expected");
}

} // namespace

TEST_CASE("a checked file comes back as it was written") {
  scratch_file file;
  for (auto& contents :
       {std::string{}, std::string{"state"}, std::string(100'000, '\0')}) {
    file.write(contents);
    CHECK(file.read() == contents);
    CHECK(file.files() == 1);
  }
}

TEST_CASE("a checked file is read only as what it is") {
  scratch_file file;
  auto read = [&] { file.read(); };
  SECTION("missing") {
    require_trouble(file_trouble::missing, "check the path", read);
  }
  SECTION("another kind") {
    file.write("x", {"journal", 3});
    require_trouble(file_trouble::foreign, "is a journal", read);
  }
  SECTION("another version") {
    file.write("x", {"savepoint", 4});
    require_trouble(file_trouble::version, "version 4", read);
  }
  SECTION("somebody else's") {
    file.write_raw(std::string(1'000, 'x'));
    require_trouble(file_trouble::foreign, "not a file of Braid", read);
  }
  SECTION("a folder") {
    fs::create_directory(file.path());
    require_trouble(file_trouble::system, "not a folder", read);
  }
}

TEST_CASE("a checked file that is torn anywhere is refused") {
  scratch_file file;
  file.write("some state");
  auto whole = file.raw();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    file.write_raw(whole.substr(0, size));
    require_trouble(file_trouble::damaged, "use another copy",
                    [&] { file.read(); });
  }
  file.write_raw(whole + "x");
  require_trouble(file_trouble::damaged, "longer", [&] { file.read(); });
}

TEST_CASE("a checked file with any bit flipped is refused") {
  scratch_file file;
  file.write("some state");
  auto whole = file.raw();
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    auto bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    file.write_raw(bytes);
    CHECK_THROWS_AS(file.read(), file_error);
  }
}

TEST_CASE("a full disk leaves the old file, and nothing beside it") {
  scratch_file file;
  file.write("old");
  {
    full_disk full{4'096};
    require_trouble(file_trouble::system, "ulimit -f",
                    [&] { file.write(std::string(10'000, 'x')); });
  }
  CHECK(file.read() == "old");
  CHECK(file.files() == 1);
  file.write(std::string(10'000, 'x'));
  CHECK(file.read() == std::string(10'000, 'x'));
}

TEST_CASE("what a writer that died left behind is taken over") {
  scratch_file file;
  std::ofstream{file.path().string() + ".new"} << std::string(10'000, 'y');
  file.write("state");
  CHECK(file.read() == "state");
  CHECK(file.files() == 1);
}

TEST_CASE("two writers of one file do not mix") {
  scratch_file file;
  file.write("old");
  auto beside = file.path();
  beside += ".new";
  {
    auto other = disk_file::open_locked(beside);
    require_trouble(file_trouble::in_use, "another process",
                    [&] { file.write("state"); });
    CHECK(fs::exists(beside));
  }
  CHECK(file.read() == "old");
}

TEST_CASE("a checked file needs its folder") {
  scratch_file file;
  require_trouble(file_trouble::missing, "create the folder", [&] {
    write_checked_file(file.path() / "there", savepoint, {});
  });
}

TEST_CASE("a full device is told with the remedy") {
  struct stat status = {};
  if (stat("/dev/full", &status) != 0 || !S_ISCHR(status.st_mode)
      || access("/dev/full", W_OK) != 0)
    return;
  auto full = disk_file::open_locked("/dev/full");
  try {
    full.write(0, byte_buffer{std::as_bytes(std::span{"x"})});
    FAIL("/dev/full took something");
  } catch (const file_error& error) {
    CHECK(error.code() == std::errc::no_space_on_device);
    CHECK_THAT(error.what(),
               Catch::Contains("make room") && Catch::Contains("/dev/full"));
  }
}
