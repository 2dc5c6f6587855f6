// Dead letters of functions that are fused into a source: the same tuples,
// however it cuts its epochs and wherever it begins again.
#include "tests/operators/operator_fixture.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

using namespace braid;
using namespace braid::test;

namespace {

using number = std::uint64_t;

constexpr number count = 900;
constexpr std::uint32_t splits = 3;

bool is_poison(number n) {
  return n % 100 == 42 || n == 43;
}

/// The source "numbers", with its splits on one partition.
class source_on_trial {
public:
  explicit source_on_trial(std::uint64_t seed) : random_(seed) {
    auto checked =
      graph_
        .source("numbers", generate([](number n) { return n; },
                                    {.count = count, .splits = splits}))
        .flat_map("twice",
                  [](const number& n, emitter<number>& out) {
                    out.emit(n);
                    out.emit(n + 1'000);
                  })
        .map("checked", [](const number& n) {
          if (n > 1'000 && is_poison(n - 1'000))
            throw std::runtime_error{"cannot stand " + std::to_string(n)};
          return n;
        });
    checked.sink("out", recorded<number>{});
    checked.dead_letters().sink("dead", recorded<dead_letter>{});
  }

  /// Runs to the end, from where it was last whenever it fails.
  void run() {
    for (int attempts = 0; attempts < 100; ++attempts) {
      start();
      try {
        while (!run_epoch()) {
        }
        return;
      } catch (const operator_error& error) {
        INFO(error.what());
        REQUIRE(error.tuple());
        REQUIRE(skipped.emplace(*error.tuple(), error.what()).second);
        pending_.clear();
      }
    }
    FAIL("it never ends");
  }

  skipped_tuples skipped;
  std::vector<number> passed;
  std::vector<dead_letter> letters;

private:
  void start() {
    instance_setup setup;
    setup.topology = "test";
    setup.operator_name = "numbers";
    setup.slices = hosted_slices{slice_table(splits, 0), 0};
    setup.skipped = skipped;
    for (auto& edge : graph_.outputs_of(0))
      setup.targets.push_back(
        {edge.id, edge.how, slice_table(splits, 0), 1, 200,
         [this](edge_id by, partition_index, epoch_number, batch_ptr content) {
           pending_.emplace_back(by, std::move(content));
         }});
    source_ = graph_.operators()[0].make_source(setup, {});
    for (auto& [slice, bytes] : saved_)
      source_->load_slice(slice, bytes.bytes());
  }

  /// Of any size. Returns whether it was the last.
  bool run_epoch() {
    epoch_info epoch;
    epoch.number = ++epoch_;
    source_->begin_epoch(epoch);
    read_budget budget;
    budget.bytes = ~std::uint64_t{0};
    budget.tuples = 1 + random_.below(200);
    auto progress = source_->read(budget);
    if (random_.below(2) == 0)
      progress = source_->read(budget);
    source_->finish_epoch();
    for (auto* edge : source_->edges())
      edge->finish_epoch();
    take_pending();
    for (slice_id slice = 0; slice < splits; ++slice) {
      saved_[slice].clear();
      source_->save_slice(slice, saved_[slice]);
    }
    return progress.ended;
  }

  void take_pending() {
    for (auto& [edge, content] : pending_)
      if (graph_.operators()[graph_.edges()[edge].to].name == "out") {
        auto values =
          static_cast<const typed_batch<number>&>(*content).values();
        passed.insert(passed.end(), values.begin(), values.end());
      } else {
        auto values =
          static_cast<const typed_batch<dead_letter>&>(*content).values();
        letters.insert(letters.end(), values.begin(), values.end());
      }
    pending_.clear();
  }

  random_generator random_;
  topology graph_{"test", {}};
  std::unique_ptr<source_instance> source_;
  std::map<slice_id, byte_buffer> saved_;
  std::vector<std::pair<edge_id, batch_ptr>> pending_;
  epoch_number epoch_ = 0;
};

} // namespace

TEST_CASE(
  "what a source reads and a fused function cannot take is passed over") {
  std::set<input_position> expected;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    source_on_trial trial{seed};
    trial.run();
    std::set<number> dead;
    std::set<input_position> places;
    for (auto& letter : trial.letters) {
      dead.insert(letter.as<number>());
      places.insert(letter.at);
      CHECK(letter.operator_name == "checked");
      CHECK(letter.at.nth == 1);
    }
    CHECK(trial.letters.size() == 10);
    CHECK(dead.size() == 10);
    for (auto n : dead)
      CHECK(is_poison(n - 1'000));
    CHECK(trial.passed.size() == 2 * count - 10);
    if (expected.empty())
      expected = places;
    CHECK(places == expected);
  }
}
