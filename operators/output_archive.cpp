#include "operators/output_archive.hpp"

#include <stdexcept>
#include <string>

namespace braid::encoding {

void fail_on_elements_without_bytes(std::size_t count) {
  throw std::logic_error(
    "a container of " + std::to_string(count)
    + " elements cannot be encoded, because the `serialize` of its elements "
      "writes nothing: let it write at least one byte");
}

} // namespace braid::encoding
