// Brings a copy of a slice's state up to date, without knowing its types.
#pragma once

#include "operators/byte_buffer.hpp"

#include <cstddef>
#include <span>

namespace braid {

/// What `base` becomes when `changes` are made to it: loading the result is
/// loading the one and then applying the other. Both are slices in the form of
/// `state_records.hpp`, so the base may be changes, too. The order of records
/// is not kept. Throws `decode_error`.
byte_buffer fold(std::span<const std::byte> base,
                 std::span<const std::byte> changes);

} // namespace braid
