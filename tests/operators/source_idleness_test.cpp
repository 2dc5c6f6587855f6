// When a slice of a source that brings no tuples stops holding the watermark
// back.
#include "tests/operators/operator_fixture.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <memory>
#include <vector>

using namespace braid;
using namespace braid::test;

namespace {

constexpr event_time ms = 1'000;

/// Split 0 has a tuple at every read, its time the clock's; split 1 has one at
/// the very beginning.
struct lively_and_silent {
  using value_type = event_time;

  struct reader final : source_reader<event_time> {
    explicit reader(bool is_lively) : lively(is_lively) {}

    source_status read(emitter<event_time>& out,
                       const read_limits& limits) override {
      if (lively || at == 0)
        out.emit(limits.now, limits.now);
      ++at;
      return source_status::waiting;
    }

    std::uint64_t position() const override {
      return at;
    }

    void seek(std::uint64_t position) override {
      at = position;
    }

    bool lively;
    std::uint64_t at = 0;
  };

  std::uint32_t splits() const {
    return 2;
  }

  std::unique_ptr<source_reader<event_time>> open(std::uint32_t split,
                                                  const source_context&) const {
    return std::make_unique<reader>(split == 0);
  }
};

/// The source, with its splits on one partition.
class source_on_trial {
public:
  source_on_trial() {
    graph_.source("source", lively_and_silent{})
      .assign_times("times", [](event_time at) { return at; })
      .sink("out", recorded<event_time>{});
    begin();
  }

  /// An epoch at so much later. Returns how far behind it the watermark is.
  event_time behind_after(event_time time) {
    now_ += time;
    epoch_info epoch;
    epoch.number = ++epoch_;
    epoch.now = now_;
    source_->begin_epoch(epoch);
    read_budget budget;
    budget.tuples = 100;
    budget.bytes = ~std::uint64_t{0};
    budget.now = now_;
    source_->read(budget);
    source_->finish_epoch();
    for (auto* edge : source_->edges())
      edge->finish_epoch();
    return now_ - source_->watermark(0).watermark;
  }

  /// Another instance goes on from what this one has saved.
  void replace() {
    std::vector<byte_buffer> saved(2);
    for (std::uint32_t slice = 0; slice < 2; ++slice)
      source_->save_slice(slice, saved[slice]);
    begin();
    for (std::uint32_t slice = 0; slice < 2; ++slice)
      source_->load_slice(slice, saved[slice].bytes());
  }

private:
  void begin() {
    instance_setup setup;
    setup.topology = "test";
    setup.operator_name = "source";
    setup.slices = hosted_slices{slice_table(2, 0), 0};
    for (auto& edge : graph_.outputs_of(0))
      setup.targets.push_back(
        {edge.id, edge.how, slice_table(2, 0), 1, 200,
         [](edge_id, partition_index, epoch_number, const batch_ptr&) {}});
    source_ = graph_.operators()[0].make_source(setup, {});
  }

  topology graph_{"test", {}};
  std::unique_ptr<source_instance> source_;
  event_time now_ = 5'000 * ms;
  epoch_number epoch_ = 0;
};

} // namespace

TEST_CASE("a slice without tuples for a second is idle") {
  source_on_trial source;
  CHECK(source.behind_after(0) == 1);
  for (int epoch = 1; epoch < 10; ++epoch)
    CHECK(source.behind_after(100 * ms) == epoch * 100 * ms + 1);
  CHECK(source.behind_after(100 * ms) == 1);
}

TEST_CASE("time in which no epochs are cut makes nobody idle") {
  source_on_trial source;
  CHECK(source.behind_after(0) == 1);
  CHECK(source.behind_after(200 * ms) == 200 * ms + 1);
  source.replace();
  // A quarter of a second of it counts, as of all that is long.
  CHECK(source.behind_after(60'000 * ms) == 60'200 * ms + 1);
  CHECK(source.behind_after(60'000 * ms) == 120'200 * ms + 1);
  CHECK(source.behind_after(250 * ms) == 120'450 * ms + 1);
  source.replace();
  CHECK(source.behind_after(49 * ms) == 120'499 * ms + 1);
  CHECK(source.behind_after(1 * ms) == 1);
}
