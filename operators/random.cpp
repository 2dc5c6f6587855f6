#include "operators/random.hpp"

#include "operators/key_hash.hpp"

namespace braid {

random_generator random_for(std::string_view topology,
                            std::string_view operator_name, slice_id slice,
                            epoch_number epoch) {
  auto names =
    (std::uint64_t{key_hash(topology)} << 32) | key_hash(operator_name);
  // One step of the generator between the parts keeps neighbours apart.
  auto seed = random_generator{names}() ^ slice;
  return random_generator{random_generator{seed}() ^ epoch};
}

} // namespace braid
