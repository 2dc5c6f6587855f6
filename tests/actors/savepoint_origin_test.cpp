// Which state of a savepoint goes where in a topology that may have changed.
#include "tests/actors/backup_values.hpp"
#include "tests/tools/scratch_folder.hpp"

#include "actors/held_backups.hpp"
#include "actors/savepoint_origins.hpp"

#include "checkpoint/checksum.hpp"

using namespace braid;
using namespace braid::testing;

namespace {

constexpr auto never = input_progress::never;
constexpr epoch_number at = 40;

operator_node node(const std::string& name, operator_kind kind,
                   std::uint32_t slices) {
  operator_node result;
  result.name = name;
  result.kind = kind;
  result.slices = slices;
  result.count_splits = [=] { return slices; };
  return result;
}

/// A graph of operators that do nothing, and one partition of each on a node.
struct small_graph {
  topology graph{"small", settings{{}}};
  parallelism_options options;

  operator_id add(const std::string& name, operator_kind kind,
                  std::uint32_t slices = 2) {
    return graph.add(node(name, kind, slices));
  }

  void connect(operator_id from, operator_id to, std::uint16_t port = 0) {
    edge_node edge;
    edge.from = from;
    edge.to = to;
    edge.port = port;
    graph.add(edge);
  }

  assignment owners() const {
    return assign_evenly(graph, options, 1);
  }
};

/// numbers -> sums -> files, of which each slice holds its name.
struct usual_graph : small_graph {
  usual_graph() {
    auto numbers = add("numbers", operator_kind::source);
    auto sums = add("sums", operator_kind::stateful, 4);
    auto files = add("files", operator_kind::sink);
    connect(numbers, sums);
    connect(sums, files);
  }
};

/// Writes what a usual graph was after 40 epochs. The source's slices below
/// `ended` had ended, after epoch 30.
class small_savepoint {
public:
  explicit small_savepoint(slice_id ended = 0)
    : path_(folder_.path() / "daily.savepoint") {
    savepoint_output out{path_};
    savepoint_manifest manifest;
    manifest.topology = "small";
    manifest.epoch = at;
    manifest.edges = {{0, 1, 0}, {1, 2, 0}};
    manifest.operators.push_back(source(out, ended));
    manifest.operators.push_back(
      consumer(out, "sums", "operator", 4, progress(2, ended)));
    manifest.operators.push_back(
      consumer(out, "files", "sink", 2, progress(4, 0)));
    out.finish(manifest);
  }

  savepoint_origin origin(const small_graph& of,
                          const dropped_operators& dropped = {}) const {
    return {std::make_shared<savepoint_input>(path_), of.graph, of.owners(),
            dropped};
  }

  const std::filesystem::path& path() const {
    return path_;
  }

private:
  static saved_content save(savepoint_output& out, const byte_buffer& bytes) {
    out.append(bytes.bytes());
    auto result = out.end_content(checksum(bytes));
    result.epoch = at;
    return result;
  }

  static saved_operator source(savepoint_output& out, slice_id ended) {
    saved_operator result{"numbers", "source", {}, {}};
    for (slice_id slice = 0; slice < 2; ++slice) {
      auto saved = save(out, bytes_of("numbers " + std::to_string(slice)));
      saved.ended = slice < ended;
      saved.epoch = saved.ended ? 30 : at;
      result.slices.push_back(saved);
    }
    for (event_time now : {700, 900})
      result.common.push_back(save(out, joined(encoded(now), {})));
    return result;
  }

  static input_progress progress(std::uint32_t slices, slice_id ended) {
    input_progress result{at, 900, 500, {{510, {}}}};
    for (slice_id slice = 0; slice < slices; ++slice)
      result.edges[0].ended.push_back(slice < ended ? 30 : never);
    return result;
  }

  static saved_operator consumer(savepoint_output& out, const char* name,
                                 const char* kind, std::uint32_t slices,
                                 const input_progress& progress) {
    saved_operator result{name, kind, {}, {}};
    for (slice_id slice = 0; slice < slices; ++slice)
      result.slices.push_back(
        save(out, bytes_of(std::string{name} + ' ' + std::to_string(slice))));
    result.common.push_back(
      save(out, joined(encoded(progress), bytes_of("shared"))));
    return result;
  }

  scratch_folder folder_;
  std::filesystem::path path_;
};

/// What a new partition begins with.
partition_checkpoint checkpoint_of(savepoint_origin& from,
                                   const small_graph& graph,
                                   const partition_place& place) {
  std::vector<operator_slice> wanted{held_backups::partition_slice(place)};
  auto owners = graph.owners();
  hosted_slices hosted{owners[place.id].table, place.index};
  for (auto slice : hosted.ids())
    wanted.push_back({place.id, slice});
  partition_checkpoint result;
  std::map<slice_id, byte_buffer> contents;
  content_stream stream{1, at, wanted};
  while (!stream.is_complete())
    stream.on_pieces(
      from.pieces(stream.next()), [&](const content_piece& piece) {
        contents[piece.of.slice].append(std::as_bytes(std::span{piece.bytes}));
        if (piece.of.slice < max_slices)
          return;
        result.epoch = piece.epoch;
        result.ended = piece.ended;
      });
  separate(contents.at(wanted[0].slice).bytes(), result);
  for (auto slice : hosted.ids())
    result.slices[slice] = contents.at(slice);
  return result;
}

input_progress progress_in(const partition_checkpoint& from) {
  return decoded<input_progress>(from.progress.bytes());
}

} // namespace

TEST_CASE("slices go on wherever they are hosted") {
  small_savepoint saved;
  usual_graph same;
  same.options.by_operator["sums"] = 2;
  auto origin = saved.origin(same);
  CHECK(origin.epoch() == at);
  auto second = checkpoint_of(origin, same, {1, 1});
  CHECK(second.epoch == at);
  CHECK_FALSE(second.ended);
  CHECK(text_of(second.shared) == "shared");
  CHECK(second.slices.size() == 2);
  CHECK(text_of(second.slices.at(3)) == "sums 3");
  auto progress = progress_in(second);
  CHECK(progress.taken == at);
  CHECK(progress.now == 900);
  CHECK(progress.watermark == 500);
  CHECK(progress.edges.at(0).watermark == 510);
  CHECK(progress.edges.at(0).ended == std::vector<epoch_number>{never, never});
}

TEST_CASE("no partition of a source goes back in time") {
  small_savepoint saved;
  usual_graph same;
  same.options.by_operator["numbers"] = 2;
  auto origin = saved.origin(same);
  for (partition_index i = 0; i < 2; ++i)
    CHECK(
      decoded<event_time>(checkpoint_of(origin, same, {0, i}).progress.bytes())
      == 900);
}

TEST_CASE("a partition has ended if all its slices had") {
  small_savepoint saved{1};
  usual_graph same;
  auto together = saved.origin(same);
  auto both = checkpoint_of(together, same, {0, 0});
  CHECK_FALSE(both.ended);
  CHECK(both.epoch == at);
  same.options.by_operator["numbers"] = 2;
  auto apart = saved.origin(same);
  auto first = checkpoint_of(apart, same, {0, 0});
  CHECK(first.ended);
  CHECK(first.epoch == 30);
  CHECK_FALSE(checkpoint_of(apart, same, {0, 1}).ended);
  auto sums = progress_in(checkpoint_of(apart, same, {1, 0}));
  CHECK(sums.edges.at(0).ended == std::vector<epoch_number>{30, never});
}

TEST_CASE("operators keep their state by name, and new ones begin empty") {
  small_savepoint saved;
  small_graph changed;
  auto more = changed.add("more", operator_kind::source);
  auto numbers = changed.add("numbers", operator_kind::source);
  auto fresh = changed.add("fresh", operator_kind::stateful);
  auto sums = changed.add("sums", operator_kind::stateful, 4);
  auto files = changed.add("files", operator_kind::sink);
  changed.connect(more, sums);
  changed.connect(numbers, fresh);
  changed.connect(fresh, sums);
  changed.connect(numbers, sums);
  changed.connect(sums, files);
  auto origin = saved.origin(changed);
  CHECK(text_of(checkpoint_of(origin, changed, {sums, 0}).slices.at(2))
        == "sums 2");
  auto empty = checkpoint_of(origin, changed, {fresh, 0});
  CHECK(empty.epoch == at);
  CHECK(empty.slices.at(0).empty());
  CHECK(empty.shared.empty());
  CHECK(progress_in(empty).taken == at);
  // Of three inputs one was there before.
  auto progress = progress_in(checkpoint_of(origin, changed, {sums, 0}));
  REQUIRE(progress.edges.size() == 3);
  CHECK(progress.edges[0].watermark == beginning_of_time);
  CHECK(progress.edges[1].watermark == beginning_of_time);
  CHECK(progress.edges[2].watermark == 510);
  auto begun = checkpoint_of(origin, changed, {more, 0});
  CHECK(begun.slices.at(0).empty());
  CHECK(begun.epoch == at);
}

TEST_CASE("a new operator after a source that had ended has ended, too") {
  small_savepoint saved{2};
  small_graph changed;
  auto numbers = changed.add("numbers", operator_kind::source);
  auto fresh = changed.add("fresh", operator_kind::sink);
  changed.connect(numbers, fresh);
  auto origin = saved.origin(changed, {{}, true});
  auto empty = checkpoint_of(origin, changed, {fresh, 0});
  CHECK(empty.ended);
  CHECK(empty.epoch == at);
}

TEST_CASE("state without an operator is left behind only if that is said") {
  small_savepoint saved;
  small_graph changed;
  auto numbers = changed.add("numbers", operator_kind::source);
  auto results = changed.add("results", operator_kind::sink);
  changed.connect(numbers, results);
  CHECK_THROWS_WITH(saved.origin(changed),
                    Catch::Contains("it has operator 'sums', which topology "
                                    "'small' does not")
                      && Catch::Contains("--drop sums")
                      && Catch::Contains("daily.savepoint"));
  CHECK_THROWS_WITH(saved.origin(changed, {{"sums"}, false}),
                    Catch::Contains("--drop files"));
  CHECK_NOTHROW(saved.origin(changed, {{"sums", "files"}, false}));
  CHECK_NOTHROW(saved.origin(changed, {{}, true}));
  CHECK_THROWS_WITH(saved.origin(usual_graph{}, {{"summs"}, false}),
                    Catch::Contains("no operator 'summs'"));
}

TEST_CASE("state of an operator that is dropped begins empty") {
  small_savepoint saved;
  usual_graph same;
  auto origin = saved.origin(same, {{"sums"}, false});
  CHECK(checkpoint_of(origin, same, {1, 0}).slices.at(0).empty());
  CHECK(text_of(checkpoint_of(origin, same, {2, 0}).slices.at(0)) == "files 0");
}

TEST_CASE("an operator that became another one is refused") {
  small_savepoint saved;
  small_graph changed;
  auto numbers = changed.add("numbers", operator_kind::source);
  auto sums = changed.add("sums", operator_kind::stateful, 8);
  auto files = changed.add("files", operator_kind::sink);
  changed.connect(numbers, sums);
  changed.connect(sums, files);
  CHECK_THROWS_WITH(saved.origin(changed),
                    Catch::Contains("its operator 'sums' has 4 slices, and 8 "
                                    "in the topology"));
  small_graph other;
  auto from = other.add("numbers", operator_kind::source);
  auto to = other.add("sums", operator_kind::sink, 4);
  other.connect(from, to);
  CHECK_THROWS_WITH(saved.origin(other, {{"files"}, false}),
                    Catch::Contains("is another kind in the topology, sink"));
}

TEST_CASE("an operator that would wait for ever is refused") {
  small_savepoint saved{2}; // of which `sums` knows, but was not done yet
  CHECK_THROWS_WITH(saved.origin(usual_graph{}),
                    Catch::Contains("'sums' has lost its input")
                      && Catch::Contains("--drop sums"));
}

// -- when the supervising node was started again ------------------------------

namespace {

/// What a journal says of a run that began from a savepoint.
deployment plan_from(const small_savepoint& saved, const small_graph& graph) {
  deployment plan;
  plan.run = 7;
  plan.name = "small-2";
  plan.asked.from = saved.path().string();
  plan.owners = graph.owners();
  plan.begins_after = at;
  return plan;
}

std::string refusal(savepoint_origins& origins, const content_request& asked) {
  try {
    origins.pieces(asked);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "answered";
}

} // namespace

TEST_CASE("[39] a later life of the supervisor opens the savepoints of its "
          "runs again") {
  small_savepoint saved;
  usual_graph same;
  savepoint_origins origins;
  CHECK(origins.open_again(plan_from(saved, same), same.graph).empty());
  auto found = origins.pieces({7, at, {{1, 2}}});
  REQUIRE(found.size() == 1);
  CHECK(std::string(found[0].bytes.begin(), found[0].bytes.end()) == "sums 2");
  CHECK_THAT(refusal(origins, {8, at, {{1, 2}}}),
             Catch::Contains("no run of that number"));
  origins.forget(7);
  CHECK_THAT(refusal(origins, {7, at, {{1, 2}}}),
             Catch::Contains("no run of that number"));
}

TEST_CASE("a savepoint that is gone when it is needed again is named, and "
          "nothing begins empty in its place") {
  small_savepoint saved;
  usual_graph same;
  auto plan = plan_from(saved, same);
  std::string why;
  SECTION("gone") {
    std::filesystem::remove(saved.path());
    why = "there is no savepoint";
  }
  SECTION("damaged") {
    std::filesystem::resize_file(saved.path(), 100);
    why = "daily.savepoint";
  }
  SECTION("another one of its name") {
    plan.begins_after = at + 1;
    why = "is of epoch 40 now, and the run began after epoch 41";
  }
  savepoint_origins origins;
  auto trouble = origins.open_again(plan, same.graph);
  CHECK_THAT(trouble, Catch::Contains("which small-2 began from, cannot be "
                                      "used any more")
                        && Catch::Contains("daily.savepoint")
                        && Catch::Contains(why));
  CHECK(refusal(origins, {7, at, {{1, 2}}}) == trouble);
}
