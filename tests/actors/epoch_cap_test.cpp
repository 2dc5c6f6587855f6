// How much sources read into an epoch where others find it too much.
#include "tests/actors/source_on_trial.hpp"

using namespace braid;
using namespace braid::simulator;

namespace {

/// Whoever has so much to read, always.
class eager_source {
public:
  explicit eager_source(const cut_settings& cuts)
    : trial_(endless(100'000), cuts) {}

  std::uint64_t next_epoch() {
    CHECK(trial_.step(start).worked);
    return trial_.sent.closes.back().tuples.at(0);
  }

  void credit(epoch_number finished, epoch_size largest,
              epoch_work longest = {}) {
    trial_.credit(finished, 0, largest, longest);
  }

private:
  source_on_trial trial_;
};

} // namespace

TEST_CASE("a source reads less into an epoch where epochs grow on their way "
          "[counterexample 37]") {
  cut_settings cuts;
  cuts.max_tuples = 1'000;
  cuts.max_bytes = 1'000'000;
  eager_source source{cuts};
  CHECK(source.next_epoch() == 1'000);

  SECTION("in proportion, once for what was measured once") {
    source.credit(1, {1, 10'000'000});
    CHECK(source.next_epoch() == 100);
    CHECK(source.next_epoch() == 100);
    // Measured late, of an epoch that was large still.
    source.credit(2, {1, 10'000'000});
    CHECK(source.next_epoch() == 100);
    source.credit(3, {2, 1'000'000});
    CHECK(source.next_epoch() == 100);
  }
  SECTION("but never nothing") {
    source.credit(1, {1, ~std::uint64_t{0}});
    CHECK(source.next_epoch() == 1);
  }
  SECTION("and more again as they grow less, up to what fits") {
    source.credit(1, {1, 10'000'000});
    auto tuples = source.next_epoch();
    for (epoch_number epoch = 2; epoch < 40; ++epoch) {
      source.credit(epoch, {epoch, 2'000 * tuples});
      auto more = source.next_epoch();
      CHECK(more >= tuples);
      CHECK(more <= tuples + tuples / 8 + 1);
      CHECK(more <= 500);
      tuples = more;
    }
    CHECK(tuples == 500);
  }
  SECTION("unless nothing is known of the epoch that was large") {
    source.credit(1, {77, 10'000'000});
    CHECK(source.next_epoch() == 1'000);
  }
}

TEST_CASE("a source reads less into an epoch where epochs take long "
          "downstream") {
  cut_settings cuts;
  cuts.max_tuples = 1'000;
  cuts.longest_work = std::chrono::milliseconds{50};
  eager_source source{cuts};
  CHECK(source.next_epoch() == 1'000);

  SECTION("by halves, until it fits") {
    // A millisecond a tuple.
    source.credit(1, {}, {1, 1'000'000});
    CHECK(source.next_epoch() == 500);
    source.credit(2, {}, {2, 500'000});
    CHECK(source.next_epoch() == 250);
    source.credit(3, {}, {3, 250'000});
    CHECK(source.next_epoch() == 125);
    source.credit(4, {}, {4, 125'000});
    CHECK(source.next_epoch() == 62);
    source.credit(5, {}, {5, 62'000});
    CHECK(source.next_epoch() == 50);
    source.credit(6, {}, {6, 50'000});
    CHECK(source.next_epoch() == 50);
  }
  SECTION("and at once, however much might have been read") {
    cuts.max_tuples = 1'000'000;
    eager_source larger{cuts};
    auto first = larger.next_epoch();
    larger.credit(1, {}, {1, 10'000'000});
    CHECK(larger.next_epoch() == first / 2);
  }
  SECTION("once for what was measured once") {
    source.credit(1, {}, {1, 1'000'000});
    CHECK(source.next_epoch() == 500);
    source.credit(1, {}, {1, 1'000'000});
    CHECK(source.next_epoch() == 500);
  }
  SECTION("and more again once they are quick") {
    source.credit(1, {}, {1, 1'000'000});
    auto tuples = source.next_epoch();
    for (epoch_number epoch = 2; epoch < 12; ++epoch) {
      source.credit(epoch, {}, {epoch, tuples});
      auto more = source.next_epoch();
      CHECK(more == std::min<std::uint64_t>(1'000, tuples + tuples / 8 + 1));
      tuples = more;
    }
    CHECK(tuples == 1'000);
  }
  SECTION("and what is smaller of what size and work allow") {
    cuts.max_bytes = 1 << 20;
    source.credit(1, {1, 10 << 20}, {1, 60'000});
    CHECK(source.next_epoch() == 100);
    source.credit(2, {2, 1 << 20}, {2, 100'000});
    CHECK(source.next_epoch() == 50);
  }
}

TEST_CASE("where epochs are long, they may take long") {
  cut_settings cuts;
  cuts.max_tuples = 1'000;
  cuts.length = std::chrono::seconds{1};
  eager_source source{cuts};
  CHECK(source.next_epoch() == 1'000);
  source.credit(1, {}, {1, 2'000'000});
  CHECK(source.next_epoch() == 1'000);
}
