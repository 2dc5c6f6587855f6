#include "operators/dead_letter.hpp"

namespace braid {

std::string to_string(const input_position& x) {
  return "epoch " + std::to_string(x.epoch) + ", slice "
         + std::to_string(x.slice) + ", tuple " + std::to_string(x.index)
         + " of port " + std::to_string(x.port);
}

} // namespace braid
