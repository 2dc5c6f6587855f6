// What decoding throws.
#pragma once

#include <stdexcept>

namespace braid {

/// The bytes are not the encoded form of what was to be decoded. `what` says
/// what was expected, and at which offset.
class decode_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

} // namespace braid
