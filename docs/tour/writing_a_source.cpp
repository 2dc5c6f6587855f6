// The code of docs/writing_a_source.md; compiled and run with the tests.
#include "tests/tools/scratch_folder.hpp"

#include "actors/run_to_end.hpp"

#include "operators/braid.hpp"

#include <catch2/catch.hpp>
#include <fstream>

namespace {

// [tuple]
struct sample {
  std::uint64_t sensor = 0;
  double value = 0;

  bool operator==(const sample&) const = default;
};
// [tuple]

// [reader]
/// Reads one file of samples, back to back. A position is how many were read.
class sample_reader : public braid::source_reader<sample> {
public:
  explicit sample_reader(const std::string& path)
    : path_(path), file_(path, std::ios::binary) {
    if (!file_)
      throw std::runtime_error{"cannot open '" + path + "'"};
  }

  braid::source_status read(braid::emitter<sample>& out,
                            const braid::read_limits& limits) override {
    auto most = std::min(limits.tuples, limits.bytes / sizeof(sample) + 1);
    if (limits.until)
      most = std::min(most, *limits.until - position_);
    for (; most > 0; --most) {
      sample next;
      if (!file_.read(reinterpret_cast<char*>(&next), sizeof(next)))
        return braid::source_status::ended;
      out.emit(next);
      ++position_;
    }
    return braid::source_status::more;
  }

  std::uint64_t position() const override {
    return position_;
  }

  void seek(std::uint64_t position) override {
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(position * sizeof(sample)));
    if (!file_)
      throw std::runtime_error{"cannot continue '" + path_ + "'"};
    position_ = position;
  }

private:
  std::string path_;
  std::ifstream file_;
  std::uint64_t position_ = 0;
};
// [reader]

// [source]
/// Each file is a split.
class sample_files {
public:
  using value_type = sample;

  explicit sample_files(std::vector<std::string> paths)
    : paths_(std::move(paths)) {}

  std::uint32_t splits() const {
    return static_cast<std::uint32_t>(paths_.size());
  }

  std::unique_ptr<braid::source_reader<sample>>
  open(std::uint32_t split, const braid::source_context&) const {
    return std::make_unique<sample_reader>(paths_[split]);
  }

private:
  std::vector<std::string> paths_;
};
// [source]

using hottest = braid::keyed_value<std::uint64_t, double>;

std::string write_samples(const braid::scratch_folder& folder,
                          const std::string& name, std::uint64_t count) {
  auto path = (folder.path() / name).string();
  std::ofstream file{path, std::ios::binary};
  for (std::uint64_t i = 0; i < count; ++i) {
    sample x{i % 3, static_cast<double>(i)};
    file.write(reinterpret_cast<const char*>(&x), sizeof(x));
  }
  return path;
}

/// Stands for what consumes a source.
class sample_collector : public braid::collector<sample> {
public:
  explicit sample_collector(std::vector<sample>& into) : into_(&into) {}

  void begin_slice(const braid::epoch_info&, braid::slice_id) override {}

  void end_slice() override {}

  void take(const braid::chunk<sample>& tuples) override {
    into_->insert(into_->end(), tuples.values.begin(), tuples.values.end());
  }

private:
  std::vector<sample>* into_;
};

} // namespace

TEST_CASE("a source of one's own feeds a topology") {
  braid::scratch_folder folder;
  std::vector<std::string> paths{write_samples(folder, "a", 1000),
                                 write_samples(folder, "b", 2000)};
  auto results = std::make_shared<braid::collected<hottest>>();
  braid::topology topology{"hottest", {}};
  // [compose]
  topology.source("samples", sample_files{paths})
    .key_by([](const sample& x) { return x.sensor; })
    .reduce(
      "hottest", 0.0,
      [](double& most, const sample& x) { most = std::max(most, x.value); },
      braid::emit::at_end)
    .sink("result", braid::collect(results));
  // [compose]
  braid::run_to_end(topology, {.parallelism = 2});
  auto found = results->values();
  std::sort(found.begin(), found.end(),
            [](auto& a, auto& b) { return a.key < b.key; });
  CHECK(found == std::vector<hottest>{{0, 1998.0}, {1, 1999.0}, {2, 1997.0}});
}

TEST_CASE("a source of one's own can be read on from any position") {
  braid::scratch_folder folder;
  auto path = write_samples(folder, "a", 10);
  auto rest_from = [&](std::uint64_t position) {
    std::vector<sample> result;
    braid::emitter<sample> out;
    out.add(std::make_unique<sample_collector>(result));
    sample_reader reader{path};
    reader.seek(position);
    out.begin_slice({}, 0);
    braid::read_limits limits;
    limits.tuples = 100;
    limits.bytes = 10'000;
    CHECK(reader.read(out, limits) == braid::source_status::ended);
    out.end_slice();
    return result;
  };
  auto all = rest_from(0);
  REQUIRE(all.size() == 10);
  for (std::uint64_t position = 0; position <= 10; ++position)
    CHECK(rest_from(position)
          == std::vector<sample>(all.begin() + static_cast<int>(position),
                                 all.end()));
}
