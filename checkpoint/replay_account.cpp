#include "checkpoint/replay_account.hpp"

#include <stdexcept>
#include <string>

namespace braid {

replay_account::replay_account(std::uint64_t limit, std::uint64_t reserve)
  : limit_(limit), reserve_(reserve) {
  if (reserve >= limit)
    throw std::invalid_argument{
      "the reserve of the replay buffers (" + std::to_string(reserve)
      + " bytes) leaves nothing of their limit (" + std::to_string(limit)
      + " bytes): make it smaller, or the limit larger"};
}

} // namespace braid
