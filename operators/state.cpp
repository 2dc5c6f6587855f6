#include "operators/state.hpp"

#include <set>

namespace braid {

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
}

std::string state_registry::duplicate_name() const {
  std::set<std::string> seen;
  for (auto* handle : handles_)
    if (!seen.insert(handle->name()).second)
      return handle->name();
  return {};
}

} // namespace braid
