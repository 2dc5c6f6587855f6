// A topology whose output shows whatever was lost, came twice or in another
// order.
#include "operators/braid.hpp"

#include <cstdint>
#include <string>

namespace {

using number = std::uint64_t;

struct link_of_chain {
  number key = 0;
  number hash = 0;
};

/// Of each key a hash over all its numbers in their order.
class chaining : public braid::keyed_operator<number, link_of_chain> {
public:
  void on(const number& n) {
    auto& last = hash.edit();
    last = (last ^ n) * 0x9e37'79b9'7f4a'7c15U;
    last ^= last >> 29U;
    emit({key(), last});
  }

private:
  value<number> hash{*this, "hash"};
};

} // namespace

/// `count` numbers at the setting `rate`, in a hash chain for each of 1,000
/// keys, into the folder `output`.
BRAID_TOPOLOGY(hash_chains) {
  braid::generator_options options;
  options.count = static_cast<number>(settings.number("count"));
  options.rate = static_cast<number>(settings.number("rate", 0));
  options.splits = 4;
  topology
    .source("numbers", braid::generate([](number n) { return n; }, options))
    .key_by([](const number& n) { return n * n % 1'000; })
    .process<chaining>("chains")
    .map("lines",
         [](const link_of_chain& x) {
           return std::to_string(x.key) + ' ' + std::to_string(x.hash);
         })
    .sink("files",
          braid::write_lines(settings.path("output"), {}, {.files = 8}));
}
