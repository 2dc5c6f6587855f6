#include "checkpoint/cut_log.hpp"

#include <catch2/catch.hpp>
#include <iterator>
#include <unistd.h>

using namespace braid;

namespace {

/// A file that is gone with the object.
class scratch_file {
public:
  scratch_file()
    : path(std::filesystem::temp_directory_path()
           / ("braid-cut-log-" + std::to_string(getpid()))) {}

  ~scratch_file() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }

  scratch_file(const scratch_file&) = delete;
  scratch_file& operator=(const scratch_file&) = delete;

  std::string contents() const {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  void write(const std::string& bytes) const {
    std::ofstream file{path, std::ios::binary | std::ios::trunc};
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  recorded_cuts load() const {
    recorded_cuts result;
    result.load(path);
    return result;
  }

  std::filesystem::path path;
};

const std::vector<source_cut> first_cuts{{0, 100, 1'000, false},
                                         {3, 7, 1'001, true}};
const std::vector<source_cut> second_cuts{{0, 250, 2'000, true}};
const std::vector<source_cut> other_cuts{{0, 1, 1'500, false}};

void record_three(const scratch_file& file) {
  cut_recorder recorder{file.path};
  recorder.record("lines", 1, first_cuts);
  recorder.record("others", 1, other_cuts);
  recorder.record("lines", 2, second_cuts);
}

/// That loading fails with a message that names the file and says `what`.
void require_refused(const scratch_file& file, const std::string& what) {
  REQUIRE_THROWS_WITH(file.load(), Catch::Contains(file.path.string())
                                     && Catch::Contains(what));
}

} // namespace

TEST_CASE("recorded cuts come back by source and epoch") {
  scratch_file file;
  record_three(file);
  auto cuts = file.load();
  CHECK(cuts.of("lines", 1) == first_cuts);
  CHECK(cuts.of("lines", 2) == second_cuts);
  CHECK(cuts.of("others", 1) == other_cuts);
  CHECK(cuts.of("others", 2).empty());
  CHECK(cuts.of("nobody", 1).empty());
}

TEST_CASE("the slices of an epoch are gathered from several files") {
  recorded_cuts cuts;
  scratch_file file;
  cut_recorder{file.path}.record("lines", 1, {{0, 1, 1, false}});
  cuts.load(file.path);
  cut_recorder{file.path}.record("lines", 1, {{1, 2, 2, true}});
  cuts.load(file.path);
  CHECK(cuts.of("lines", 1)
        == std::vector<source_cut>{{0, 1, 1, false}, {1, 2, 2, true}});
}

TEST_CASE("a run that cut nothing leaves a recording of nothing") {
  scratch_file file;
  cut_recorder{file.path};
  CHECK(file.load().of("lines", 1).empty());
}

TEST_CASE("a new recording replaces the old one") {
  scratch_file file;
  record_three(file);
  cut_recorder{file.path}.record("others", 9, other_cuts);
  auto cuts = file.load();
  CHECK(cuts.of("lines", 1).empty());
  CHECK(cuts.of("others", 9) == other_cuts);
}

TEST_CASE("a torn recording is refused, wherever it is torn") {
  scratch_file file;
  cut_recorder{file.path};
  auto head = file.contents().size();
  cut_recorder{file.path}.record("lines", 1, first_cuts);
  auto one = file.contents().size();
  record_three(file);
  auto whole = file.contents();
  for (std::size_t size = 0; size < head; ++size) {
    file.write(whole.substr(0, size));
    require_refused(file, "not a recording");
  }
  for (auto size = head + 1; size < one; ++size) {
    file.write(whole.substr(0, size));
    require_refused(file, "torn");
  }
}

TEST_CASE("a damaged recording is refused") {
  scratch_file file;
  record_three(file);
  auto bytes = file.contents();
  SECTION("at its head") {
    bytes[0] = 'x';
    file.write(bytes);
    require_refused(file, "not a recording");
  }
  SECTION("inside a record") {
    // The length of the first record's source name.
    bytes[std::string{"braid cuts 1\n"}.size() + 4] = '\x7f';
    file.write(bytes);
    require_refused(file, "damaged");
  }
}

TEST_CASE("what is no recording is refused") {
  scratch_file file;
  SECTION("nothing there") {
    require_refused(file, "cannot be read");
  }
  SECTION("another file") {
    file.write("tuples, 17\n");
    require_refused(file, "not a recording");
  }
  SECTION("a folder") {
    std::filesystem::create_directory(file.path);
    require_refused(file, "cannot be read");
  }
}

TEST_CASE("a recording that cannot be written is refused at once") {
  std::filesystem::path path{"/nowhere at all/cuts"};
  REQUIRE_THROWS_WITH(cut_recorder{path}, Catch::Contains(path.string())
                                            && Catch::Contains("No such file"));
}
