// Topologies in which something is a hundred times slower than its source.
#include "operators/braid.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

namespace {

using number = std::uint64_t;

/// What a source here needs for a tuple is well below a microsecond.
constexpr std::chrono::microseconds slowly{50};

void take_time_for(std::size_t tuples) {
  std::this_thread::sleep_for(slowly * tuples);
}

template <class T>
class dawdling_writer final : public braid::sink_writer<T> {
public:
  void write(braid::slice_id,
             std::span<const braid::tuple_view<T>> tuples) override {
    take_time_for(tuples.size());
  }
};

/// Takes its time and keeps nothing.
struct dawdle {
  std::optional<std::uint32_t> slices() const {
    return std::nullopt;
  }

  template <class T>
  std::unique_ptr<braid::sink_writer<T>>
  open(const braid::sink_context&) const {
    return std::make_unique<dawdling_writer<T>>();
  }
};

number itself(const number& n) {
  return n;
}

/// Passes numbers on, slowly.
class dawdler : public braid::keyed_operator<number, number> {
public:
  void on(const number& n) {
    take_time_for(1);
    emit(n);
  }
};

struct pair_of {
  number quick;
  number slow;
};

auto numbers(const braid::settings& settings) {
  braid::generator_options options;
  if (settings.has("tuples"))
    options.count = static_cast<number>(settings.number("tuples"));
  if (settings.has("rate"))
    options.rate = static_cast<number>(settings.number("rate"));
  options.splits = 2;
  return braid::generate([](number n) { return n; }, options);
}

} // namespace

BRAID_TOPOLOGY(slow_sink) {
  topology.source("numbers", numbers(settings))
    .key_by([](const number& n) { return n % 1000; })
    .reduce(
      "kept", number{0}, [](number& last, const number& n) { last = n; },
      braid::emit::each_update)
    .sink("slow", dawdle{});
}

/// More numbers may come than one partition of `slow` can take.
BRAID_TOPOLOGY(slow_numbers) {
  topology.source("numbers", numbers(settings))
    .key_by(itself)
    .process<dawdler>("slow")
    .map("lines", [](number n) { return std::to_string(n); })
    .sink("result", braid::write_lines(settings.path("output")));
}

/// Both halves of a number come by ways of their own, and meet in the join.
BRAID_TOPOLOGY(slow_diamond) {
  auto source = topology.source("numbers", numbers(settings));
  auto quick = source.map("quick", itself);
  auto slow = source.key_by(itself).process<dawdler>("slow");
  join(quick.key_by(itself), slow.key_by(itself))
    .between(std::chrono::hours{-1}, std::chrono::hours{1})
    .apply("met",
           [](number a, number b) {
             return pair_of{a, b};
           })
    .map("lines",
         [](const pair_of& x) { return std::to_string(x.quick + x.slow); })
    .sink("result", braid::write_lines(settings.path("output")));
}
