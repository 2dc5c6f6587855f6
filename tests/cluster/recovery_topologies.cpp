// Topologies whose output shows whatever was lost, came twice or in another
// order.
#include "operators/braid.hpp"

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace {

using namespace std::chrono_literals;

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
    if (poison_ != 0 && (n == poison_ || n == 3 * poison_))
      throw std::runtime_error{"cannot stand " + std::to_string(n)};
  }

  explicit chaining(number poison) : poison_(poison) {}

private:
  number poison_; ///< 0: none
  value<number> hash{*this, "hash"};
};

/// Gives each key's numbers out in bursts: their sum, once 50 ms have passed
/// since the first of them.
class bursts : public braid::keyed_operator<number, link_of_chain> {
public:
  void on(const number& n) {
    if (!sum.exists())
      set_timer(time() + 50'000);
    sum.edit() += n;
  }

  void on_timer(braid::event_time) {
    emit({key(), sum.get()});
    sum.clear();
  }

private:
  value<number> sum{*this, "sum"};
};

auto numbers_from(const braid::settings& settings, number share,
                  std::uint32_t splits = 4) {
  braid::generator_options options;
  options.count = static_cast<number>(settings.number("count")) / share;
  options.rate = static_cast<number>(settings.number("rate", 0)) / share;
  options.splits = splits;
  return braid::generate([share](number n) { return n * share; }, options);
}

/// A millisecond apart.
braid::event_time time_of(const number& n) {
  return static_cast<braid::event_time>(n) * 1'000;
}

number poison_in(const braid::settings& settings) {
  return static_cast<number>(settings.number("poison", 0));
}

number key_of(const number& n) {
  return n * n % 1'000;
}

std::string line_of(const link_of_chain& x) {
  return std::to_string(x.key) + ' ' + std::to_string(x.hash);
}

std::string line_of(const braid::dead_letter& x) {
  return std::to_string(x.as<number>()) + ": " + x.error;
}

} // namespace

/// `count` numbers at the setting `rate`, in a hash chain for each of 1,000
/// keys, into the folder `output`; dead letters beside it: of the chains, and
/// of a function that is fused into the source.
BRAID_TOPOLOGY(hash_chains) {
  auto poison = poison_in(settings);
  auto numbers = topology.source("numbers", numbers_from(settings, 1));
  auto chains =
    numbers
      .map("checked",
           [poison](const number& n) {
             if (poison != 0 && n == 2 * poison)
               throw std::runtime_error{"cannot pass on " + std::to_string(n)};
             return n;
           })
      .key_by(key_of)
      .process<chaining>("chains", poison_in(settings));
  chains.map("lines", [](const link_of_chain& x) { return line_of(x); })
    .sink("files",
          braid::write_lines(settings.path("output"), {}, {.files = 8}));
  chains.dead_letters()
    .union_with(numbers.dead_letters())
    .map("letters", [](const braid::dead_letter& x) { return line_of(x); })
    .sink("dead", braid::write_lines(settings.path("output") + "-dead", {},
                                     {.files = 1}));
}

/// The same numbers, and a tenth of them from a second and slower source: hash
/// chains, windows, timers and a join, into folders under `output`. With ten
/// times as many `splits` as the second source has, 4, they are even in count
/// mode, too.
BRAID_TOPOLOGY(everything) {
  auto into = [&](const char* name) {
    return braid::write_lines(settings.path("output") + "/" + name, {},
                              {.files = 3});
  };
  auto splits = static_cast<std::uint32_t>(settings.number("splits", 4));
  auto numbers = topology.source("numbers", numbers_from(settings, 1, splits))
                   .assign_times("times", time_of, 20ms);
  auto tenths = topology.source("tenths", numbers_from(settings, 10))
                  .assign_times("tenths_times", time_of, 200ms);
  numbers.key_by(key_of)
    .process<chaining>("chains", poison_in(settings))
    .map("chain_lines", [](const link_of_chain& x) { return line_of(x); })
    .sink("chain_files", into("chains"));
  numbers.key_by(key_of)
    .process<bursts>("bursts")
    .map("burst_lines", [](const link_of_chain& x) { return line_of(x); })
    .sink("burst_files", into("bursts"));
  tenths.key_by(key_of)
    .window(braid::sliding(2s, 500ms))
    .count("windows")
    .map("window_lines",
         [](const braid::windowed_value<number, number>& x) {
           return std::to_string(x.window.begin) + ' ' + std::to_string(x.key)
                  + ' ' + std::to_string(x.value);
         })
    .sink("window_files", into("windows"));
  join(numbers.key_by(braid::itself), tenths.key_by(braid::itself))
    .between(-1s, 1s)
    .apply("pairs",
           [](const number& a, const number& b) {
             return std::to_string(a) + ' ' + std::to_string(b);
           })
    .sink("pair_files", into("pairs"));
}

/// The same, later: its lines go elsewhere, and somebody counts the numbers.
BRAID_TOPOLOGY(hash_chains_changed) {
  braid::generator_options options;
  options.count = static_cast<number>(settings.number("count"));
  options.splits = 4;
  auto numbers = topology.source(
    "numbers", braid::generate([](number n) { return n; }, options));
  numbers.key_by([](const number& n) { return n * n % 1'000; })
    .process<chaining>("chains", poison_in(settings))
    .map("lines",
         [](const link_of_chain& x) {
           return std::to_string(x.key) + ' ' + std::to_string(x.hash);
         })
    .sink("results", braid::write_lines(settings.path("output"), {},
                                        {.overwrite = true, .files = 8}));
  numbers.key_by([](const number& n) { return n % 10; })
    .reduce("sums", number{0}, [](number& sum, const number& n) { sum += n; })
    .map("sum lines", [](const auto& x) { return std::to_string(x.value); })
    .sink("sum files",
          braid::write_lines(settings.path("sums"), {}, {.files = 1}));
}

/// A source that ends early beside one that takes long, in one hash chain.
BRAID_TOPOLOGY(two_speeds) {
  auto numbers = [](number count, number rate) {
    braid::generator_options options;
    options.count = count;
    options.rate = rate;
    options.splits = 2;
    return braid::generate([](number n) { return n; }, options);
  };
  auto quick = topology.source("quick", numbers(2'000, 0));
  auto slow = topology.source(
    "slow", numbers(20'000, static_cast<number>(settings.number("rate", 0))));
  quick.union_with(slow)
    .key_by([](const number& n) { return n % 100; })
    .process<chaining>("chains", poison_in(settings))
    .map("lines",
         [](const link_of_chain& x) {
           return std::to_string(x.key) + ' ' + std::to_string(x.hash);
         })
    .sink("files",
          braid::write_lines(settings.path("output"), {}, {.files = 4}));
}
