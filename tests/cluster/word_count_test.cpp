// The main job: words are counted right, wherever they are counted.
#include "tests/cluster/cluster.hpp"
#include "tests/tools/scratch_folder.hpp"

#include <catch2/catch.hpp>
#include <cctype>
#include <map>
#include <random>

using namespace braid;
using namespace braid::testing;

namespace {

/// Lines of words and of what separates them.
std::string make_text(unsigned seed, std::size_t lines) {
  std::mt19937 random{seed};
  std::string result;
  for (std::size_t line = 0; line < lines; ++line) {
    for (auto words = random() % 12; words > 0; --words) {
      for (auto letters = 1 + random() % 3; letters > 0; --letters)
        result += "aAbcdEfgZ"[random() % 9];
      result += std::string_view{" ,.;-1"}[random() % 6];
    }
    result += '\n';
  }
  return result;
}

using counts = std::map<std::string, std::uint64_t>;

/// Counts in the plainest way.
counts counts_in(const std::string& text) {
  counts result;
  std::string word;
  for (char c : text + ' ')
    if (std::isalpha(static_cast<unsigned char>(c)))
      word += static_cast<char>(std::tolower(c));
    else if (!word.empty()) {
      ++result[word];
      word.clear();
    }
  return result;
}

/// What the files of a folder say, none of them twice.
counts counts_written(const std::filesystem::path& folder) {
  counts result;
  for (auto& file : std::filesystem::directory_iterator{folder}) {
    std::ifstream in{file.path()};
    std::string word;
    for (std::uint64_t count = 0; in >> word >> count;)
      REQUIRE(result.emplace(word, count).second);
  }
  return result;
}

struct texts {
  scratch_folder folder;
  std::string first = make_text(1, 4'000);
  std::string second = make_text(2, 9'000);
  counts expected = counts_in(first + second);

  texts() {
    folder.write("first.txt", first);
    folder.write("second.txt", second);
  }

  std::string path(const std::string& name) const {
    return (folder.path() / name).string();
  }

  std::string input() const {
    return "input=" + path("first.txt") + ',' + path("second.txt");
  }

  std::string output() const {
    return "output=" + path("counts");
  }
};

} // namespace

TEST_CASE_METHOD(texts, "three processes count words as a plain loop does") {
  cluster all{3};
  all.start_all();
  auto done = all.control({"submit", "word_count", "--set", input(), output(),
                           "--parallelism", "4", "--wait", "--limit", "60s"});
  INFO(done.errors);
  REQUIRE(done.status == 0);
  CHECK_THAT(done.output,
             Catch::StartsWith("word_count-1\nword_count-1 is complete"));
  CHECK(counts_written(path("counts")) == expected);
  // All three had a part in it.
  auto operators = all.ask({"status", "word_count-1"})["operators"];
  CHECK(operators[1]["parallelism"] == 4);
  CHECK(operators[1]["partitions_done"] == 4);
  // What they did can be seen when they have gone.
  auto ended = all.ask_until({"status", "word_count-1"}, [](auto& status) {
    return status["operators"][1]["partitions"].size() == 4;
  });
  CHECK(ended["operators"][0]["tuples_out"] == 13'000);
  CHECK(ended["operators"][1]["tuples_out"]
        == ended["operators"][2]["tuples_in"]);
  CHECK(ended["operators"][1]["tuples_in"] > 0);
  CHECK(ended["operators"][1]["partitions"][3]["state"] == "done");
}

TEST_CASE_METHOD(texts, "with cuts by count, one process and three write the "
                        "same bytes") {
  cluster all{3};
  all.start_all();
  for (auto* program : {"one", "three"})
    std::filesystem::create_directory(path(program));
  auto alone = run_to_end({program("word_count"), "--input", path("first.txt"),
                           path("second.txt"), "--output", path("one"),
                           "--count-cuts", "100", "--parallelism", "1"});
  REQUIRE(alone.status == 0);
  all.submit({"word_count", "--set", input(), "output=" + path("three"),
              "--count-cuts", "100", "--parallelism", "4", "--wait"});
  auto compared =
    run_to_end({"/usr/bin/diff", "-r", path("one"), path("three")});
  CHECK(compared.status == 0);
  CHECK(compared.output.empty());
  CHECK(counts_written(path("three")) == expected);
}

TEST_CASE_METHOD(texts, "three processes count words as coreutils do") {
  cluster all{3};
  all.start_all();
  all.submit({"word_count", "--set", input(), output(), "--wait"});
  auto shell = [](const std::string& text) {
    return run_to_end({"/bin/sh", "-c", text}, {"LC_ALL=C"}).output;
  };
  auto theirs =
    shell("cat " + path("first.txt") + ' ' + path("second.txt")
          + " | tr A-Z a-z | tr -cs a-z '\\n' | grep . | sort | uniq -c"
            " | awk '{ print $2, $1 }'");
  CHECK(!theirs.empty());
  CHECK(shell("cat " + path("counts") + "/* | sort") == theirs);
}

TEST_CASE_METHOD(texts,
                 "neither parallelism nor the node asked change the counts") {
  cluster all{2};
  all.start_all();
  for (auto* parallelism : {"1", "3"}) {
    auto output = path(std::string{"counts-"} + parallelism);
    // By way of the worker.
    auto done =
      all.control({"submit", "word_count", "--set", input(), "output=" + output,
                   "--parallelism", parallelism, "--wait", "--limit", "60s"},
                  1);
    INFO(done.errors);
    CHECK(done.status == 0);
    CHECK(counts_written(output) == expected);
  }
}

TEST_CASE_METHOD(texts, "a program counts words without a cluster") {
  auto done = run_to_end({program("word_count"), "--input", path("first.txt"),
                          path("second.txt"), "--output", path("counts"),
                          "--parallelism", "2"});
  CHECK(done.status == 0);
  CHECK(done.output.empty());
  CHECK(done.errors.empty());
  CHECK(counts_written(path("counts")) == expected);
}
