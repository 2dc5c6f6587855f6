#include "bench/bench_topologies.hpp"

#include "operators/braid.hpp"
#include "operators/generator.hpp"

#include <chrono>
#include <mutex>

namespace braid {

namespace {

generator_options options_from(const settings& settings) {
  generator_options result;
  if (settings.has("tuples"))
    result.count = settings.number("tuples");
  result.rate = static_cast<std::uint64_t>(settings.number("rate", 0));
  result.splits = static_cast<std::uint32_t>(settings.number("splits", 1));
  return result;
}

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

std::mutex latencies_mutex;
std::vector<std::int64_t> latencies;

/// Keeps the ages of results.
template <class T>
struct measure_latency {
  struct writer final : sink_writer<T> {
    void write(slice_id, std::span<const tuple_view<T>> tuples) override {
      auto now = std::chrono::duration_cast<std::chrono::microseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
                   .count();
      std::lock_guard guard{latencies_mutex};
      for (auto& tuple : tuples)
        latencies.push_back(now - tuple.time);
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

std::vector<std::int64_t> take_latencies() {
  std::lock_guard guard{latencies_mutex};
  return std::exchange(latencies, {});
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
  auto keys = static_cast<std::uint64_t>(settings.number("keys"));
  auto make = [keys](std::uint64_t index) {
    return braid::wide_tuple{braid::bench_key(index, keys), {index}};
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
