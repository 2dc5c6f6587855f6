#include "operators/state.hpp"

#include <set>
#include <stdexcept>

namespace braid {

void fail_without_key() {
  throw std::logic_error{"state and timers are those of the tuple's key, so "
                         "neither a constructor nor on_broadcast can use "
                         "them; keep what a broadcast sets in a "
                         "broadcast_state"};
}

void state_registry::host(std::uint32_t slices) const {
  for (auto* handle : handles_)
    handle->host(slices);
}

void state_registry::save(std::uint32_t local, byte_buffer& out) const {
  for (auto* handle : handles_)
    handle->save(local, out);
}

void state_registry::load(std::uint32_t local,
                          std::span<const std::byte> bytes) const {
  input_archive in{bytes};
  for (auto* handle : handles_)
    handle->load(local, in);
  in.expect_end();
}

std::string state_registry::duplicate_name() const {
  std::set<std::string> seen;
  for (auto* handle : handles_)
    if (!seen.insert(handle->name()).second)
      return handle->name();
  return {};
}

} // namespace braid
