// A tuple where it lies: what operators are handed of their input.
#pragma once

#include "operators/batch.hpp"
#include "operators/epoch.hpp"

namespace braid {

/// A tuple of an epoch's input, in place.
template <class T>
struct tuple_view {
  const T* value;
  event_time time;
  route by; ///< the hash of its key, on keyed edges
};

} // namespace braid
