// What file sinks leave on the disk, whoever writes it and how often.
#include "tests/operators/sink_fixture.hpp"
#include "tests/operators/source_fixture.hpp"
#include "tests/tools/scratch_folder.hpp"

#include "operators/aggregate.hpp"
#include "operators/csv.hpp"
#include "operators/file_sink.hpp"
#include "operators/topology_error.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <set>
#include <sys/resource.h>

using namespace braid;
using Catch::Matchers::Contains;

namespace {

using count = keyed_value<std::string, std::uint64_t>;
using texts = std::vector<std::string>;

class output_folder {
public:
  std::string path() const {
    return (folder_.path() / "new" / "output").string();
  }

  std::string text(const std::string& name) const {
    return text_of(std::filesystem::path{path()} / name);
  }

  std::set<std::string> names() const {
    std::set<std::string> result;
    for (auto& entry : std::filesystem::directory_iterator{path()})
      result.insert(entry.path().filename().string());
    return result;
  }

private:
  scratch_folder folder_;
};

/// Lets no file of this process grow beyond so many bytes.
class file_size_limit {
public:
  explicit file_size_limit(rlim_t bytes)
    : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit lower{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &lower);
  }

  ~file_size_limit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

private:
  void (*handler_)(int);
  rlimit before_{};
};

/// An operator error that says all of this.
template <class Action>
void check_error(Action action, const texts& parts) {
  try {
    action();
    FAIL("no error");
  } catch (const std::exception& error) {
    for (auto& part : parts)
      CHECK_THAT(error.what(), Contains(part));
  }
}

} // namespace

TEST_CASE("a file sink writes one file for each slice, tuples or not") {
  output_folder folder;
  sink_fixture<std::string> sink{write_lines(folder.path()), hosting_all(3)};
  CHECK(folder.names()
        == std::set<std::string>{"part-00000", "part-00001", "part-00002"});
  sink.write(0, {"a", "b"});
  sink.write(2, {"c"});
  CHECK(folder.text("part-00000").empty());
  sink.commit(1);
  CHECK(folder.text("part-00000") == "a\nb\n");
  sink.write(2, {"d"});
  sink.commit(2);
  sink.finish();
  CHECK(folder.text("part-00000") == "a\nb\n");
  CHECK(folder.text("part-00001").empty());
  CHECK(folder.text("part-00002") == "c\nd\n");
}

TEST_CASE("partitions of a file sink write the files of their own slices") {
  output_folder folder;
  auto format = [](const count& x, std::string& out) {
    out += x.key + ": " + std::to_string(x.value);
  };
  auto to = write_lines(folder.path(), format, {.suffix = ".txt"});
  sink_fixture<count> first{to, hosting({0, 2}, 70'000)};
  sink_fixture<count> second{to, hosting({1, 65'536}, 70'000)};
  CHECK(folder.names()
        == std::set<std::string>{"part-00000.txt", "part-00001.txt",
                                 "part-00002.txt", "part-65536.txt"});
  second.write(65'536, {{"word", 7}});
  second.commit();
  CHECK(folder.text("part-65536.txt") == "word: 7\n");
}

TEST_CASE("a file sink has as many files as it is asked to have") {
  CHECK_FALSE(write_lines("x").slices());
  CHECK(write_lines("x", {}, {.files = 4}).slices() == 4);
  CHECK(write_csv("x", {.files = 1}).slices() == 1);
}

TEST_CASE("output of an earlier run is refused, or replaced on demand") {
  output_folder folder;
  {
    sink_fixture<std::string> sink{write_lines(folder.path()), hosting_all(3)};
    sink.write(2, {"old and long"});
    sink.commit();
    sink.finish();
  }
  check_error(
    [&] {
      sink_fixture<std::string>{write_lines(folder.path()), hosting_all(3)};
    },
    {"sink 'result'", folder.path() + "/part-00002", "is there already",
     "overwrite"});
  check_error(
    [&] {
      sink_fixture<std::string>{write_lines(folder.path()), hosting_all(2)};
    },
    {"part-00002", "left of another run"});
  sink_fixture<std::string> sink{
    write_lines(folder.path(), {}, {.overwrite = true}), hosting_all(2)};
  sink.write(1, {"new"});
  sink.commit();
  CHECK(folder.names() == std::set<std::string>{"part-00000", "part-00001"});
  CHECK(folder.text("part-00001") == "new\n");
}

TEST_CASE("a sink that is executed again writes the same bytes in place "
          "[counterexample 40]") {
  output_folder folder;
  sink_fixture<std::string> first{write_lines(folder.path()), hosting_all(2)};
  first.write(1, {"one"});
  first.commit(1);
  auto checkpoint = first.writer().position(1);
  CHECK(checkpoint == 4);
  first.write(1, {"two"});
  first.commit(2);
  first.write(1, {"three"});

  sink_fixture<std::string> second{write_lines(folder.path()),
                                   hosting_all(2, true)};
  second.writer().seek(0, 0);
  second.writer().seek(1, checkpoint);
  CHECK(folder.text("part-00001") == "one\ntwo\n");
  second.write(1, {"two"});
  second.commit(2);
  second.write(1, {"three"});
  second.commit(3);
  // The first was only slow, and still believes that it writes.
  first.commit(3);
  CHECK(folder.text("part-00001") == "one\ntwo\nthree\n");
}

TEST_CASE("a checkpoint of a sink carries the positions of its slices") {
  output_folder folder;
  instance_setup setup;
  setup.operator_name = "result";
  setup.slices = hosting_all(2).slices;
  auto open = [&](bool resumed) {
    return open_sink<std::string>(write_lines(folder.path()),
                                  hosting_all(2, resumed));
  };
  auto writer = open(false);
  std::string text = "abc";
  writer->write(1, std::vector<tuple_view<std::string>>{{&text, 0, 0}});
  writer->commit({});
  sink_partition<std::string> before{setup, std::move(writer)};
  byte_buffer saved;
  before.save_slice(1, saved);

  auto resumed = open(true);
  auto* resumed_writer = resumed.get();
  sink_partition<std::string> after{setup, std::move(resumed)};
  after.load_slice(1, saved);
  CHECK(resumed_writer->position(1) == 4);
}

TEST_CASE("a sink that goes back to a savepoint cuts its files there "
          "[counterexample 24]") {
  output_folder folder;
  sink_fixture<std::string> before{write_lines(folder.path())};
  before.write(0, {"kept", "void", "void"});
  before.commit();
  auto context = hosting_all(1, true);
  context.goes_back = true;
  sink_fixture<std::string> after{write_lines(folder.path()), context};
  after.writer().seek(0, 5);
  auto path = folder.path() + "/part-00000";
  CHECK(std::filesystem::file_size(path) == 5);
  after.write(0, {"new"});
  after.commit();
  CHECK(after.writer().position(0) == 9);
  CHECK(std::filesystem::file_size(path) == 9);
}

TEST_CASE("a sink that cannot find what it wrote says so [counterexample 23]") {
  output_folder folder;
  sink_fixture<std::string> sink{write_lines(folder.path()),
                                 hosting_all(1, true)};
  check_error([&] { sink.writer().seek(0, 10); },
              {"part-00000", "has 0 bytes where 10 were written",
               "must see the same directory"});
}

TEST_CASE("a durable sink writes on after its files are on the disk") {
  output_folder folder;
  sink_fixture<std::string> sink{
    write_lines(folder.path(), {}, {.durable = true}), hosting_all(2)};
  sink.write(1, {"one"});
  sink.commit();
  sink.writer().make_durable();
  sink.write(0, {"two"});
  sink.write(1, {"three"});
  sink.commit();
  sink.writer().make_durable();
  sink.finish();
  sink.writer().make_durable(); // the last checkpoint comes after the end
  CHECK(folder.text("part-00000") == "two\n");
  CHECK(folder.text("part-00001") == "one\nthree\n");
}

TEST_CASE("a full disk is reported with the file, and nothing is skipped") {
  output_folder folder;
  std::filesystem::create_directories(folder.path());
  std::filesystem::create_symlink("/dev/full", folder.path() + "/part-00000");
  sink_fixture<std::string> sink{write_lines(folder.path())};
  sink.write(0, {"text"});
  check_error([&] { sink.commit(); },
              {folder.path() + "/part-00000", "No space left on device"});
  CHECK(sink.writer().position(0) == 0);
  check_error([&] { sink.finish(); }, {"No space left on device"});
}

TEST_CASE("what the system takes only in part is written to the end") {
  output_folder folder;
  sink_fixture<std::string> sink{write_lines(folder.path())};
  sink.write(0, {"0123456789"});
  std::string error;
  {
    file_size_limit limit{4};
    try {
      sink.commit();
    } catch (const std::exception& caught) {
      error = caught.what();
    }
  }
  CHECK_THAT(error, Contains("part-00000") && Contains("File too large"));
  CHECK(folder.text("part-00000") == "0123");
  sink.commit();
  CHECK(folder.text("part-00000") == "0123456789\n");
}

TEST_CASE("a folder that cannot be made is an operator error") {
  scratch_folder folder;
  auto file = folder.write("file", "").string();
  auto open = [&] { sink_fixture<int>{write_lines(file + "/output")}; };
  CHECK_THROWS_AS(open(), operator_error);
  check_error(open, {"sink 'result'", "cannot make the directory", file});
}

TEST_CASE("CSV files come back as they were written") {
  output_folder folder;
  std::vector<count> tuples{
    {"plain", 1}, {"a,b", 2}, {"quote\"", 3}, {"line\nbreak\r\n", 4}, {"", 5}};
  sink_fixture<count> sink{write_csv(folder.path(), {.header = true}),
                           hosting_all(2)};
  sink.write(0, {tuples.begin(), tuples.begin() + 2});
  sink.commit(1);
  sink.write(0, {tuples.begin() + 2, tuples.end()});
  sink.commit(2);
  sink.finish();
  CHECK(folder.text("part-00001.csv") == "key,value\n");
  auto read = read_all(read_csv(folder.path() + "/part-00000.csv",
                                [](const csv_row& row) {
                                  return count{row.get<std::string>("key"),
                                               row.get<std::uint64_t>("value")};
                                },
                                {.header = true}));
  CHECK(read == tuples);
}

TEST_CASE("a CSV file that is written again from its start has one header") {
  output_folder folder;
  auto to = write_csv(folder.path(), {.separator = ';', .header = true});
  sink_fixture<count> first{to};
  first.write(0, {{"a", 1}});
  first.commit();
  sink_fixture<count> again{to, hosting_all(1, true)};
  again.writer().seek(0, 0);
  again.write(0, {{"a", 1}});
  again.commit();
  CHECK(folder.text("part-00000.csv") == "key;value\na;1\n");
  sink_fixture<count> later{to, hosting_all(1, true)};
  later.writer().seek(0, again.writer().position(0));
  later.write(0, {{"b", 2}});
  later.commit();
  CHECK(folder.text("part-00000.csv") == "key;value\na;1\nb;2\n");
}

TEST_CASE("separators that cannot separate rows are refused") {
  CHECK_THROWS_AS(write_csv("x", {.separator = '"'}), topology_error);
  CHECK_THROWS_WITH(write_csv("x", {.separator = '.'}),
                    Contains("csv_file_options::separator"));
}
