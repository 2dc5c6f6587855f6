#include "bench/bench_topologies.hpp"

#include "operators/braid.hpp"
#include "operators/generator.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>

namespace braid {

namespace {

/// Takes results and keeps none.
template <class T>
struct discard {
  struct writer final : sink_writer<T> {
    void write(slice_id, std::span<const tuple_view<T>>) override {}
  };

  std::optional<std::uint32_t> slices() const {
    return std::nullopt;
  }

  std::unique_ptr<sink_writer<T>> open(const sink_context&) const {
    return std::make_unique<writer>();
  }
};

std::mutex ages_mutex;
age_histogram ages;

/// Keeps the ages of results.
template <class T>
struct measure_latency {
  struct writer final : sink_writer<T> {
    void write(slice_id, std::span<const tuple_view<T>> tuples) override {
      add_ages(tuples);
    }
  };

  std::optional<std::uint32_t> slices() const {
    return std::nullopt;
  }

  std::unique_ptr<sink_writer<T>> open(const sink_context&) const {
    return std::make_unique<writer>();
  }
};

std::uint64_t key_of_small(const small_tuple& tuple) {
  return tuple.key;
}

/// Passes tuples on under another key, remembering the last value of each.
class relay : public keyed_operator<std::uint64_t, small_tuple> {
public:
  void on(const small_tuple& tuple) {
    last.set(tuple.value);
    emit({tuple.key * 31 + 7, tuple.value});
  }

private:
  value<std::uint64_t> last{*this, "last"};
};

} // namespace

void age_histogram::add(std::int64_t microseconds) {
  auto last = static_cast<std::int64_t>(counts_.size()) - 1;
  ++counts_[std::clamp<std::int64_t>(microseconds / width, 0, last)];
  ++total_;
}

std::int64_t age_histogram::percentile(double share) const {
  auto wanted = share * static_cast<double>(total_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen > 0 && static_cast<double>(seen) >= wanted)
      return static_cast<std::int64_t>(i) * width;
  }
  return 0;
}

generator_options options_from(const settings& settings) {
  generator_options result;
  if (settings.has("tuples"))
    result.count = settings.number("tuples");
  result.rate = static_cast<std::uint64_t>(settings.number("rate", 0));
  result.splits = static_cast<std::uint32_t>(settings.number("splits", 1));
  return result;
}

void add_ages(std::span<const event_time> due) {
  auto now = std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
               .count();
  std::lock_guard guard{ages_mutex};
  for (auto time : due)
    ages.add(now - time);
}

age_histogram take_ages() {
  std::lock_guard guard{ages_mutex};
  return std::exchange(ages, {});
}

} // namespace braid

// NOLINTBEGIN: the macro makes static objects
BRAID_TOPOLOGY(keyed_count) {
  auto keys = static_cast<std::uint64_t>(settings.number("keys"));
  auto make = [keys](std::uint64_t index) {
    return braid::small_tuple{braid::bench_key(index, keys), index};
  };
  topology
    .source("tuples", braid::generate<braid::small_tuple>(
                        make, braid::options_from(settings)))
    .key_by([](const braid::small_tuple& x) { return x.key; })
    .count("counts", braid::emit::at_end)
    .sink("result",
          braid::discard<braid::keyed_value<std::uint64_t, std::uint64_t>>{});
}

BRAID_TOPOLOGY(wide_exchange) {
  // A cheap key, as this measures how tuples travel: 4,096 in turn.
  auto make = [](std::uint64_t index) {
    return braid::wide_tuple{index % 4096, {index}};
  };
  topology
    .source("tuples", braid::generate<braid::wide_tuple>(
                        make, braid::options_from(settings)))
    .key_by([](const braid::wide_tuple& x) { return x.key; })
    .count("counts", braid::emit::at_end)
    .sink("result",
          braid::discard<braid::keyed_value<std::uint64_t, std::uint64_t>>{});
}

BRAID_TOPOLOGY(three_hops) {
  auto keys = static_cast<std::uint64_t>(settings.number("keys"));
  auto make = [keys](std::uint64_t index) {
    return braid::small_tuple{braid::bench_key(index, keys), index};
  };
  topology
    .source("tuples", braid::generate<braid::small_tuple>(
                        make, braid::options_from(settings)))
    .key_by(braid::key_of_small)
    .process<braid::relay>("first")
    .key_by(braid::key_of_small)
    .process<braid::relay>("second")
    .sink("result", braid::measure_latency<braid::small_tuple>{});
}
// NOLINTEND
