#include "operators/state_handle.hpp"

#include <algorithm>

namespace braid {

void state_registry::host(std::uint32_t slices) const {
  for (auto* handle : handles_)
    handle->host(slices);
}

void state_registry::save(std::uint32_t local, byte_buffer& out) const {
  record_writer writer{out};
  for (auto* handle : handles_)
    handle->save(local, writer);
  writer.end();
}

void state_registry::load(std::uint32_t local,
                          std::span<const std::byte> bytes) const {
  for (auto* handle : handles_)
    handle->clear(local);
  apply_changes(local, bytes);
}

bool state_registry::changed(std::uint32_t local) const {
  return std::any_of(handles_.begin(), handles_.end(),
                     [&](auto* handle) { return handle->changed(local); });
}

void state_registry::save_changes(std::uint32_t local, byte_buffer& out) const {
  record_writer writer{out};
  for (auto* handle : handles_)
    if (handle->changed(local))
      handle->save_changes(local, writer);
  writer.end();
}

void state_registry::forget_changes(std::uint32_t local) const {
  for (auto* handle : handles_)
    handle->forget_changes(local);
}

void state_registry::apply_changes(std::uint32_t local,
                                   std::span<const std::byte> bytes) const {
  record_reader in{bytes};
  while (in.next_state()) {
    auto found = std::find_if(handles_.begin(), handles_.end(),
                              [&](auto* x) { return x->name() == in.name(); });
    if (found == handles_.end())
      throw decode_error{"there is saved state named '" + std::string(in.name())
                         + "', and no handle of that name to load it"};
    if (in.state_extent() == record_extent::everything)
      (*found)->clear(local);
    (*found)->apply(local, in);
  }
}

std::string state_registry::duplicate_name() const {
  std::set<std::string> seen;
  for (auto* handle : handles_)
    if (!seen.insert(handle->name()).second)
      return handle->name();
  return {};
}

} // namespace braid
