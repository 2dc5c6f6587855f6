// Batches as links bring them.
#pragma once

#include "operators/batch.hpp"
#include "operators/topology.hpp"

namespace braid::simulator {

/// The batch, made anew from its encoded form.
batch_ptr encoded_and_decoded(const batch& tuples, batch_decoder decode);

} // namespace braid::simulator
