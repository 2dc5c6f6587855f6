#include "checkpoint/checksum.hpp"

// Its functions inlined here, so that no symbol of another version gets in.
#define XXH_INLINE_ALL
#include <new>
#include <xxhash.h>

namespace braid {

namespace {

template <class State, class Bytes>
State* state_in(Bytes* bytes) {
  return std::launder(reinterpret_cast<State*>(bytes));
}

} // namespace

std::uint64_t checksum(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): begun here
running_checksum::running_checksum() {
  static_assert(sizeof(XXH3_state_t) <= state_size
                && alignof(XXH3_state_t) <= 64);
  XXH3_64bits_reset(new (state_.data()) XXH3_state_t);
}

void running_checksum::add(std::span<const std::byte> piece) {
  XXH3_64bits_update(state_in<XXH3_state_t>(state_.data()), piece.data(),
                     piece.size());
}

std::uint64_t running_checksum::value() const {
  return XXH3_64bits_digest(state_in<const XXH3_state_t>(state_.data()));
}

} // namespace braid
