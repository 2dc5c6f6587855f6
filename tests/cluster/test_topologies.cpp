// Topologies for tests of the cluster: one that never ends, and two that
// misbehave.
#include "operators/braid.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using number = std::uint64_t;

template <class T>
class dropping_writer final : public braid::sink_writer<T> {
public:
  void write(braid::slice_id, std::span<const braid::tuple_view<T>>) override {}
};

/// Takes everything and keeps nothing.
struct drop {
  std::optional<std::uint32_t> slices() const {
    return std::nullopt;
  }

  template <class T>
  std::unique_ptr<braid::sink_writer<T>>
  open(const braid::sink_context&) const {
    return std::make_unique<dropping_writer<T>>();
  }
};

/// 0, 1, 2 ... at the setting `rate`, by their last digit, through `fold`.
template <class Fold>
void fold_numbers(braid::topology& topology, const braid::settings& settings,
                  Fold fold) {
  braid::generator_options options;
  options.rate = static_cast<number>(settings.number("rate", 10'000));
  options.splits = 4;
  topology
    .source("numbers", braid::generate([](number n) { return n; }, options))
    .key_by([](const number& n) { return n % 10; })
    .reduce("digits", number{0}, fold)
    .sink("nowhere", drop{});
}

} // namespace

BRAID_TOPOLOGY(endless) {
  fold_numbers(topology, settings,
               [](number& sum, const number& n) { sum += n; });
}

/// Throws at the number `at`.
BRAID_TOPOLOGY(throwing) {
  auto at = static_cast<number>(settings.number("at", 1'000));
  fold_numbers(topology, settings, [at](number&, const number& n) {
    if (n == at)
      throw std::runtime_error{"cannot stand " + std::to_string(n)};
  });
}

/// Never comes back from the number `at`.
BRAID_TOPOLOGY(stuck) {
  auto at = static_cast<number>(settings.number("at", 1'000));
  fold_numbers(topology, settings, [at](number&, const number& n) {
    while (n == at)
      std::this_thread::sleep_for(std::chrono::seconds{1});
  });
}
