// A source that is only there to be consumed.
#pragma once

#include "operators/source.hpp"

#include <cstdint>
#include <memory>

namespace braid {

struct silent_source {
  using value_type = std::uint64_t;

  std::uint32_t count = 2; ///< of splits

  std::uint32_t splits() const {
    return count;
  }

  std::unique_ptr<source_reader<std::uint64_t>>
  open(std::uint32_t, const source_context&) const {
    return nullptr;
  }
};

} // namespace braid
