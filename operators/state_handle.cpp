#include "operators/state_handle.hpp"

#include <algorithm>

namespace braid {

namespace {

std::string text_of(const std::optional<std::size_t>& size) {
  return size ? std::to_string(*size) + " bytes" : "differing sizes";
}

/// An error says in which state it is.
void apply(state_handle& handle, std::uint32_t local, record_reader& in) {
  try {
    handle.apply(local, in);
  } catch (const decode_error& error) {
    throw decode_error{"state '" + handle.name() + "': " + error.what()};
  }
}

} // namespace

void expect_sizes(const record_sizes& saved, const record_sizes& now) {
  if (saved.key != now.key)
    throw decode_error{"its keys were saved in " + text_of(saved.key)
                       + ", and take " + text_of(now.key) + " now"};
  if (saved.value != now.value)
    throw decode_error{"its values were saved in " + text_of(saved.value)
                       + ", and take " + text_of(now.value) + " now"};
}

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
                          std::span<const std::byte> bytes) {
  save_frozen_states(local);
  for (auto* handle : handles_) {
    handle->clear(local);
    outdated_.erase({local, handle});
  }
  apply_changes(local, bytes);
}

bool state_registry::changed(std::uint32_t local) const {
  return std::any_of(handles_.begin(), handles_.end(), [&](auto* handle) {
    return handle->changed(local) || outdated(local, handle);
  });
}

void state_registry::save_changes(std::uint32_t local, byte_buffer& out) {
  save_frozen_states(local);
  record_writer writer{out};
  for (auto* handle : handles_)
    if (outdated(local, handle)) {
      handle->save(local, writer);
      handle->forget_changes(local);
      outdated_.erase({local, handle});
    } else if (handle->changed(local)) {
      handle->save_changes(local, writer);
    }
  writer.end();
}

void state_registry::forget_changes(std::uint32_t local) {
  for (auto* handle : handles_) {
    handle->forget_changes(local);
    outdated_.erase({local, handle});
  }
}

void state_registry::freeze(std::uint32_t local, record_extent extent) {
  auto& frozen = frozen_[local];
  for (auto* handle : handles_) {
    auto everything =
      extent == record_extent::everything || outdated(local, handle);
    if (!everything && !handle->changed(local))
      continue;
    auto& state = frozen.emplace_back(frozen_state{handle, {}});
    if (!handle->freeze(local, everything ? record_extent::everything
                                          : record_extent::changes)) {
      record_writer writer{state.saved};
      if (everything) {
        handle->save(local, writer);
        handle->forget_changes(local);
      } else {
        handle->save_changes(local, writer);
      }
    }
    outdated_.erase({local, handle});
  }
}

void state_registry::save_frozen(std::uint32_t local, byte_buffer& out) {
  record_writer writer{out};
  auto frozen = frozen_.extract(local);
  if (!frozen.empty()) {
    for (auto& state : frozen.mapped())
      if (state.saved.empty())
        state.handle->save_frozen(local, writer);
      else
        out.append(state.saved.bytes());
  }
  writer.end();
}

/// What handles have is taken over, so that they can be changed in any way.
void state_registry::save_frozen_states(std::uint32_t local) {
  auto found = frozen_.find(local);
  if (found == frozen_.end())
    return;
  for (auto& state : found->second)
    if (state.saved.empty()) {
      record_writer writer{state.saved};
      state.handle->save_frozen(local, writer);
    }
}

void state_registry::apply_changes(std::uint32_t local,
                                   std::span<const std::byte> bytes) {
  record_reader in{bytes};
  while (in.next_state()) {
    auto found = std::find_if(handles_.begin(), handles_.end(),
                              [&](auto* x) { return x->name() == in.name(); });
    if (found == handles_.end())
      throw decode_error{"there is saved state named '" + std::string(in.name())
                         + "', and no handle of that name to load it"};
    if (in.state_extent() == record_extent::everything)
      (*found)->clear(local);
    apply(**found, local, in);
    if (in.classes().outdated())
      outdated_.insert({local, *found});
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
