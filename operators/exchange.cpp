#include "operators/exchange.hpp"

namespace braid {

std::string to_string(routing x) {
  switch (x) {
    case routing::keyed:
      return "keyed";
    case routing::forward:
      return "forward";
    case routing::rebalance:
      return "rebalance";
    case routing::broadcast:
      return "broadcast";
  }
  return "unknown";
}

} // namespace braid
