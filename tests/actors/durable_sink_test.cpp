// When a partition of a sink asks for its output to be durable.
#include "tests/actors/partition_messages.hpp"
#include "tests/actors/silent_source.hpp"

#include "actors/make_partition.hpp"
#include "actors/partition.hpp"

#include "operators/stream.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <span>

using namespace braid;

namespace {

struct noted {
  epoch_number committed = 0;
  epoch_number durable = 0;
};

/// Notes up to which epoch it was asked for what.
struct noting_sink {
  struct writer final : sink_writer<std::uint64_t> {
    explicit writer(std::shared_ptr<noted> to) : to_(std::move(to)) {}

    void write(slice_id, std::span<const tuple_view<std::uint64_t>>) override {}

    void commit(const epoch_info& epoch) override {
      to_->committed = epoch.number;
    }

    void make_durable() override {
      to_->durable = to_->committed;
      if (to_->durable == 4)
        throw std::runtime_error{"the disk is gone"};
    }

    std::shared_ptr<noted> to_;
  };

  std::optional<std::uint32_t> slices() const {
    return 1;
  }

  std::unique_ptr<sink_writer<std::uint64_t>> open(const sink_context&) const {
    return std::make_unique<writer>(to);
  }

  std::shared_ptr<noted> to = std::make_shared<noted>();
};

} // namespace

TEST_CASE("output is durable before a checkpoint says so [counterexample 23]") {
  topology graph{"test", settings{}};
  noting_sink sink;
  graph.source("left", silent_source{}).sink("sink", sink);
  partition_settings settings;
  settings.checkpoints.taken = true;
  kept_messages sent;
  auto logic = make_partition(graph, assign_evenly(graph, {}, 1), {1, 0},
                              settings, {sent, [] {}});
  auto close = [&](epoch_number epoch, bool named) {
    close_notice notice;
    notice.first = notice.last = epoch;
    notice.slices = {{0, 2}};
    notice.checkpoint = named ? epoch : 0;
    logic->on_close(notice);
  };
  auto run = [&](epoch_number epoch, bool named) {
    close(epoch, named);
    REQUIRE(logic->step(0).worked);
  };
  run(1, false);
  CHECK(sink.to->committed == 1);
  CHECK(sink.to->durable == 0);
  run(2, true);
  CHECK(sink.to->durable == 2);
  while (sent.checkpoints.empty())
    REQUIRE(logic->step(0).worked);
  CHECK(sent.checkpoints.back().epoch == 2);
  run(3, false);
  CHECK(sink.to->durable == 2);
  close(4, true);
  CHECK_THROWS_WITH(logic->step(0), Catch::Contains("the disk is gone")
                                      && Catch::Contains("'sink'"));
  CHECK(sent.checkpoints.back().epoch == 2);
}
