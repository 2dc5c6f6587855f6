// What tools/endurance runs: much state that changes all the time.
#include "operators/braid.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace {

using number = std::uint64_t;

/// A change of one key's state.
struct change {
  number key = 0;
  std::array<number, 7> values{};
};

/// What is kept of a key.
struct record {
  std::array<number, 32> values{};
};

class recording : public braid::keyed_operator<number, change> {
public:
  void on(const change& what) {
    auto& kept = last.edit();
    for (std::size_t i = 0; i < what.values.size(); ++i)
      kept.values[(what.values[0] + i) % kept.values.size()] += what.values[i];
    // Downstream there is something to send again as well.
    if (what.values[0] % 4 == 0)
      emit(what);
  }

private:
  value<record> last{*this, "last"};
};

class forgetting_writer final : public braid::sink_writer<change> {
public:
  void write(braid::slice_id,
             std::span<const braid::tuple_view<change>>) override {}
};

/// Slices of its own, so what it gets comes from all nodes.
struct forget {
  std::optional<std::uint32_t> slices() const {
    return 8;
  }

  template <class T>
  std::unique_ptr<braid::sink_writer<T>>
  open(const braid::sink_context&) const {
    return std::make_unique<forgetting_writer>();
  }
};

/// All keys come up, in an order that jumps about.
change change_of(number n, number keys) {
  auto mixed = n * 0x9e37'79b9'7f4a'7c15U;
  change result;
  result.key = (mixed >> 16U) % keys;
  result.values.fill(mixed);
  result.values[0] = n;
  return result;
}

} // namespace

/// Changes 256 bytes of state for each of `keys` keys, without end, `rate`
/// times a second, or as often as it can.
BRAID_TOPOLOGY(large_state) {
  auto keys = static_cast<number>(settings.number("keys"));
  braid::generator_options options;
  options.rate = static_cast<number>(settings.number("rate", 0));
  options.splits = 4;
  topology
    .source(
      "changes",
      braid::generate([keys](number n) { return change_of(n, keys); }, options))
    .key_by([](const change& x) { return x.key; })
    .process<recording>("records")
    .sink("nowhere", forget{});
}
