// Names for who made a checkpoint, and of what.
#pragma once

#include "operators/slice.hpp"
#include "operators/topology.hpp"

#include <cstdint>
#include <tuple>

namespace braid {

/// The number of an instance's life. Whoever hosts a slice later has a higher
/// one; once an instance is fenced, everything below its successor's number is
/// ignored.
using incarnation_number = std::uint64_t;

/// A slice of an operator of some run.
struct operator_slice {
  operator_id of = 0;
  slice_id slice = 0;

  bool operator==(const operator_slice&) const = default;

  bool operator<(const operator_slice& other) const {
    return std::tie(of, slice) < std::tie(other.of, other.slice);
  }
};

} // namespace braid
