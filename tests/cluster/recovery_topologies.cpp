// A topology whose output shows whatever was lost, came twice or in another
// order.
#include "operators/braid.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>

namespace {

using number = std::uint64_t;

struct link_of_chain {
  number key = 0;
  number hash = 0;
};

/// Of each key a hash over all its numbers in their order. Cannot stand two of
/// them, which it finds out late.
class chaining : public braid::keyed_operator<number, link_of_chain> {
public:
  void on(const number& n) {
    auto& last = hash.edit();
    last = (last ^ n) * 0x9e37'79b9'7f4a'7c15U;
    last ^= last >> 29U;
    emit({key(), last});
    if (n == poison_ || n == 3 * poison_)
      throw std::runtime_error{"cannot stand " + std::to_string(n)};
  }

  explicit chaining(number poison) : poison_(poison) {}

private:
  number poison_; ///< 0: none
  value<number> hash{*this, "hash"};
};

std::string line_of(const link_of_chain& x) {
  return std::to_string(x.key) + ' ' + std::to_string(x.hash);
}

std::string line_of(const braid::dead_letter& x) {
  return std::to_string(x.as<number>()) + ": " + x.error;
}

} // namespace

/// `count` numbers at the setting `rate`, in a hash chain for each of 1,000
/// keys, into the folder `output`; dead letters beside it.
BRAID_TOPOLOGY(hash_chains) {
  braid::generator_options options;
  options.count = static_cast<number>(settings.number("count"));
  options.rate = static_cast<number>(settings.number("rate", 0));
  options.splits = 4;
  auto chains =
    topology
      .source("numbers", braid::generate([](number n) { return n; }, options))
      .key_by([](const number& n) { return n * n % 1'000; })
      .process<chaining>("chains",
                         static_cast<number>(settings.number("poison", 0)));
  chains.map("lines", [](const link_of_chain& x) { return line_of(x); })
    .sink("files",
          braid::write_lines(settings.path("output"), {}, {.files = 8}));
  chains.dead_letters()
    .map("letters", [](const braid::dead_letter& x) { return line_of(x); })
    .sink("dead", braid::write_lines(settings.path("output") + "-dead", {},
                                     {.files = 1}));
}
