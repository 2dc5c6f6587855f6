#include "tests/tools/reports.hpp"
#include "tools/braidctl_tables.hpp"
#include "tools/json_savepoints.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace braid;
using namespace braid::testing;

namespace {

/// `text` without the lines that tell local time.
std::string timeless(const std::string& text) {
  std::string result;
  for (std::size_t begin = 0; begin < text.size();) {
    auto end = text.find('\n', begin) + 1;
    auto line = text.substr(begin, end - begin);
    if (!line.starts_with("submitted"))
      result += line;
    begin = end;
  }
  return result;
}

constexpr std::int64_t now = 1'700'000'090'000'000;

} // namespace

TEST_CASE("the tree is drawn with lines and figures") {
  CHECK('\n' + tree_text(tree_json(made_up_cluster())) == R"(
ACTOR                                     ID  STATE     EPOCH  TUPLES/S         QUEUE      HELD   BUSY
node boss                                     up               13.8 k/s                          109 %
└── node_supervisor                        6
    ├── backup_holder                      7                                                  -
    ├── topology_supervisor word_count-2  11  running          12.3 k/s
    │   ├── operator_supervisor lines     12  0/1 done     44  12.3 k/s             -  1.25 MiB   54 %
    │   └── operator_supervisor counts    13  0/2 done     40  3.00 k/s  6 / 4.00 KiB         -  109 %
    ├── partition word_count-2/lines/0    19  blocked      44  12.3 k/s             -  1.25 MiB   54 %
    └── partition word_count-2/counts/0   20  busy         41  1.50 k/s  3 / 2.00 KiB         -   54 %
node worker                                   up               1.50 k/s                           54 %
└── node_supervisor                        7
    ├── backup_holder                      8                                           5.00 KiB
    └── partition word_count-2/counts/1   21  busy         40  1.50 k/s  3 / 2.00 KiB         -   54 %
)");
}

TEST_CASE("a run is shown with its operators and partitions") {
  auto cluster = made_up_cluster();
  CHECK('\n' + timeless(run_text(run_json(cluster, cluster.runs[1]), now))
        == R"(
RUN           word_count-2
topology      word_count
state         running
took          1 m 30 s
supervisor    boss
stable epoch  38
recoveries    1

OPERATOR  KIND    SLICES  DONE  EPOCH      IN     OUT  TUPLES/S         QUEUE   BUSY  WITH IT
lines     source       3   0/1     44  5.00 k  9.00 k  12.3 k/s             -   54 %  words
counts    sink        16   0/2     40  10.0 k       0  3.00 k/s  6 / 4.00 KiB  109 %

PARTITION  NODE    STATE    SLICES  EPOCH      IN     OUT  TUPLES/S         QUEUE  BUSY
lines/0    boss    blocked       8     44  5.00 k  9.00 k  12.3 k/s             -  54 %
counts/0   boss    busy          8     41  5.00 k       0  1.50 k/s  3 / 2.00 KiB  54 %
counts/1   worker  busy          8     40  5.00 k       0  1.50 k/s  3 / 2.00 KiB  54 %
)");
}

TEST_CASE("a run without checkpoints shows nothing of them") {
  auto cluster = made_up_cluster();
  auto text = run_text(run_json(cluster, cluster.runs[0]), now);
  CHECK_THAT(text, !Catch::Contains("stable epoch"));
  CHECK_THAT(text, !Catch::Contains("recoveries"));
}

TEST_CASE("runs are listed with how they stand") {
  auto text = runs_text(runs_json(made_up_cluster()), now);
  CHECK_THAT(text, Catch::StartsWith("RUN           STATE    SUBMITTED"));
  CHECK_THAT(text, Catch::Contains("4.2 s   1/3  0 /s      node x is lost\n")
                     || Catch::Contains("node x is lost\n"));
  CHECK_THAT(text, Catch::Contains("1 m 30 s   0/3  12.3 k/s\n"));
}

TEST_CASE("nodes are listed with what they do") {
  auto text = nodes_text(nodes_json(made_up_cluster()));
  CHECK_THAT(text, Catch::Contains("boss    up     supervisor"));
  CHECK_THAT(text, Catch::Contains("MEMORY   BACKUPS  PARTITIONS"));
  CHECK_THAT(text, Catch::Contains("0 B         -           2"));
  CHECK_THAT(text, Catch::Contains("0 B  5.00 KiB           1"));
  CHECK_THAT(text, Catch::Contains("120 ms ago\n"));
}

TEST_CASE("only states are coloured") {
  CHECK(colour_states("up") == "\x1b[32mup\x1b[0m");
  CHECK(colour_states("failed") == "\x1b[31mfailed\x1b[0m");
  CHECK(colour_states("word_count") == "word_count");
  auto plain = nodes_text(nodes_json(made_up_cluster()));
  CHECK(plain.find('\x1b') == std::string::npos);
}

TEST_CASE("savepoints are listed, and those that failed with the reason") {
  auto failed = made_up_savepoint("late");
  failed.stage = savepoint_stage::failed;
  failed.reason = "the disk is full";
  failed.taken_at = 0;
  failed.epoch = 0;
  failed.bytes = 0;
  auto daily = made_up_savepoint("daily");
  daily.taken_at = 0;
  daily.periodic = true;
  CHECK('\n' + savepoints_text(savepoints_json({daily, failed})) == R"(
SAVEPOINT  STATE    RUN           TAKEN  EPOCH      SIZE  BY     REASON
daily      written  word_count-2  -         40  3.00 KiB  clock
late       failed   word_count-2  -          -         -  user   the disk is full
)");
}

TEST_CASE("a savepoint that is whole is shown with its operators") {
  auto daily = made_up_savepoint("daily");
  daily.taken_at = 0;
  CHECK('\n' + savepoint_text(savepoint_json(daily)) == R"(
SAVEPOINT  daily
state      whole
path       /savepoints/daily.savepoint
topology   word_count
run        word_count-2
taken      -
epoch      40
size       3.00 KiB

OPERATOR  KIND      SLICES      SIZE
counts    operator     256  2.00 KiB
)");
}
