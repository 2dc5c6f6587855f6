// Brings a copy of a slice's state up to date, without knowing its types.
#pragma once

#include "operators/byte_buffer.hpp"

#include <cstddef>
#include <span>

namespace braid {

/// What the first part becomes when the changes in the others are made to it,
/// one after the other: loading the result is loading the first and then
/// applying the others. All are slices in the form of `state_records.hpp`, so
/// the first may be changes, too. Neither the order of records is kept nor that
/// of states. The result has no room unused, to speak of. Throws
/// `decode_error`.
byte_buffer fold_all(std::span<const std::span<const std::byte>> parts);

/// The same of two.
byte_buffer fold(std::span<const std::byte> base,
                 std::span<const std::byte> changes);

} // namespace braid
