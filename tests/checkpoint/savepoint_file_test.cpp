#include "tests/checkpoint/full_disk.hpp"
#include "tests/tools/scratch_folder.hpp"

#include "checkpoint/checked_file.hpp"
#include "checkpoint/checksum.hpp"
#include "checkpoint/savepoint_file.hpp"

#include <catch2/catch.hpp>
#include <fstream>

using namespace braid;

namespace {

namespace fs = std::filesystem;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

std::string text_in(const byte_buffer& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const std::string first = "what slice 0 holds";
const std::string second(100'000, 'x');

/// A savepoint of one operator with two slices.
class scratch_savepoint {
public:
  fs::path path() const {
    return folder_.path() / "daily";
  }

  void write() const {
    savepoint_output out{path()};
    savepoint_manifest manifest;
    manifest.topology = "word_count";
    manifest.settings = {{"input", "a.txt"}};
    manifest.epoch = 17;
    manifest.edges = {{0, 0, 1}};
    auto& counts = manifest.operators.emplace_back();
    counts.name = "counts";
    counts.kind = "operator";
    counts.slices.push_back(add(out, {first}));
    counts.slices.push_back(
      add(out, {second.substr(0, 10), second.substr(10)}));
    counts.common.push_back(add(out, {}));
    out.finish(manifest);
  }

  std::string raw() const {
    return text_of(path());
  }

  void write_raw(const std::string& bytes) const {
    std::ofstream file{path(), std::ios::binary | std::ios::trunc};
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  std::ptrdiff_t files() const {
    return std::distance(fs::directory_iterator{folder_.path()}, {});
  }

private:
  static saved_content add(savepoint_output& out,
                           const std::vector<std::string>& pieces) {
    std::string all;
    for (auto& piece : pieces) {
      out.append(bytes_of(piece));
      all += piece;
    }
    return out.end_content(checksum(bytes_of(all)));
  }

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
    CHECK_THAT(error.what(), Catch::Contains("daily"));
    return;
  }
  FAIL("nothing is wrong, where " << what << " was expected");
}

} // namespace

TEST_CASE("a savepoint comes back as it was written") {
  scratch_savepoint file;
  file.write();
  CHECK(file.files() == 1);
  savepoint_input in{file.path()};
  in.verify();
  auto& manifest = in.manifest();
  CHECK(manifest.topology == "word_count");
  CHECK(manifest.settings.at("input") == "a.txt");
  CHECK(manifest.epoch == 17);
  CHECK(manifest.edges.at(0).port == 1);
  auto& counts = manifest.operators.at(0);
  CHECK(counts.name == "counts");
  CHECK(text_in(in.read(counts.slices.at(0), "")) == first);
  CHECK(text_in(in.read(counts.slices.at(1), "")) == second);
  CHECK(in.read(counts.common.at(0), "").empty());
  std::string some(4, ' ');
  in.read_some(counts.slices[0], 5,
               std::as_writable_bytes(std::span{some.data(), some.size()}));
  CHECK(some == "slic");
}

TEST_CASE("a savepoint that is torn anywhere is refused") {
  scratch_savepoint file;
  file.write();
  auto whole = file.raw();
  for (std::size_t size = 0; size < whole.size();
       size += size < 100 ? 1 : whole.size() / 50) {
    file.write_raw(whole.substr(0, size));
    require_trouble(file_trouble::damaged, "use another copy",
                    [&] { savepoint_input{file.path()}; });
  }
  file.write_raw(whole + "x");
  require_trouble(file_trouble::damaged, "longer than it says",
                  [&] { savepoint_input{file.path()}; });
}

TEST_CASE("a bit that changed anywhere in a savepoint is noticed") {
  scratch_savepoint file;
  file.write();
  auto whole = file.raw();
  for (std::size_t at = 0; at < whole.size();
       at += at < 100 || at + 400 > whole.size() ? 1 : 997) {
    auto bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 4);
    file.write_raw(bytes);
    INFO("byte " << at);
    CHECK_THROWS_AS(savepoint_input{file.path()}.verify(), file_error);
  }
}

TEST_CASE("a damaged savepoint is refused naming the place") {
  scratch_savepoint file;
  file.write();
  auto bytes = file.raw();
  bytes[sizeof(file_head) + first.size() + 30] = 'y';
  file.write_raw(bytes);
  require_trouble(file_trouble::damaged, "operator 'counts', slice 1, bytes",
                  [&] { savepoint_input{file.path()}.verify(); });
}

TEST_CASE("a savepoint is read only as what it is") {
  scratch_savepoint file;
  auto read = [&] { savepoint_input{file.path()}; };
  SECTION("missing") {
    require_trouble(file_trouble::missing, "check the path", read);
  }
  SECTION("another kind") {
    write_checked_file(file.path(), {"journal", 1}, bytes_of(first));
    require_trouble(file_trouble::foreign, "is a journal", read);
  }
  SECTION("another version") {
    write_checked_file(file.path(), {"savepoint", 2}, bytes_of(first));
    require_trouble(file_trouble::version, "version 2", read);
  }
  SECTION("somebody else's") {
    file.write_raw(std::string(1'000, 'x'));
    require_trouble(file_trouble::foreign, "not a file of Braid", read);
  }
}

TEST_CASE("nothing is left of a savepoint that could not be written") {
  scratch_savepoint file;
  SECTION("the disk is full") {
    full_disk full{50'000};
    require_trouble(file_trouble::system, "write", [&] { file.write(); });
  }
  SECTION("the disk is full at the end") {
    full_disk full{100'100};
    require_trouble(file_trouble::system, "write", [&] { file.write(); });
  }
  SECTION("a content came damaged") {
    savepoint_output out{file.path()};
    savepoint_manifest manifest;
    auto& counts = manifest.operators.emplace_back();
    out.append(bytes_of(first));
    counts.slices.push_back(out.end_content(checksum(bytes_of(second))));
    require_trouble(file_trouble::damaged, "slice 0",
                    [&] { out.finish(manifest); });
  }
  CHECK(file.files() == 0);
}

TEST_CASE("a savepoint replaces no other") {
  scratch_savepoint file;
  file.write();
  require_trouble(file_trouble::in_use, "choose another name",
                  [&] { file.write(); });
  savepoint_input{file.path()}.verify();
}
