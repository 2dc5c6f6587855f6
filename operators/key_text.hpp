// Keys as people read them, for warnings.
#pragma once

#include "operators/slice_order.hpp"
#include "operators/text_form.hpp"

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace braid {

/// Empty if keys of this type have no text.
template <class Key>
std::string key_text_of(const Key& key) {
  std::string result;
  if constexpr (std::is_convertible_v<const Key&, std::string_view>)
    result = "'" + std::string{std::string_view{key}} + "'";
  else if constexpr (std::is_arithmetic_v<Key> || std::is_enum_v<Key>)
    append_field(result, key);
  return result;
}

/// Of the tuple at `index` of the run's batch.
template <class T, class KeyOf>
std::string key_text_of(const input_run& run, std::uint32_t index,
                        const KeyOf& key_of) {
  auto& source = static_cast<const typed_batch<T>&>(*run.source);
  return key_text_of(key_of(source.values()[index]));
}

} // namespace braid
