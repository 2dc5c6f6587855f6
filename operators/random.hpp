// Random numbers that are the same on every re-execution and machine.
#pragma once

#include "operators/epoch.hpp"
#include "operators/slice.hpp"

#include <cstdint>
#include <limits>
#include <string_view>

namespace braid {

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
/// Generators, OOPSLA 2014). A UniformRandomBitGenerator; its own
/// distributions are there because std's differ between libraries.
class random_generator {
public:
  using result_type = std::uint64_t;

  explicit random_generator(std::uint64_t seed = 0) : state_(seed) {}

  static constexpr result_type min() {
    return 0;
  }

  static constexpr result_type max() {
    return std::numeric_limits<result_type>::max();
  }

  result_type operator()() {
    auto z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  /// Evenly in [0, bound). `bound` must be positive; the bias of at most
  /// bound / 2^64 is accepted.
  std::uint64_t below(std::uint64_t bound) {
    __extension__ using wide = unsigned __int128;
    return static_cast<std::uint64_t>((wide{(*this)()} * bound) >> 64);
  }

  /// Evenly in [0, 1).
  double uniform() {
    return static_cast<double>((*this)() >> 11) * 0x1.0p-53;
  }

private:
  std::uint64_t state_;
};

/// The generator that an operator's slice uses in an epoch.
random_generator random_for(std::string_view topology,
                            std::string_view operator_name, slice_id slice,
                            epoch_number epoch);

} // namespace braid
