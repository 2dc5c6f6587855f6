// A slice's records by their keys: what is frozen, or folded, is in no order.
#pragma once

#include "operators/state_records.hpp"

#include <map>
#include <set>
#include <string_view>

namespace braid::test {

namespace in_order {

inline std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline void append(byte_buffer& to, std::string_view text) {
  to.append(text.data(), text.size());
}

/// Copies the section that `in` is at.
inline void copy_section(record_reader& in, record_writer& out) {
  out.begin_section(in.group(), in.section_extent(), in.sizes());
  std::map<std::string_view, std::string_view> records;
  while (in.next_record())
    if (!records.emplace(text_of(in.key()), text_of(in.value())).second)
      throw std::logic_error{"two records of one key"};
  std::set<std::string_view> erased;
  while (in.next_erased())
    if (!erased.insert(text_of(in.key())).second
        || records.contains(text_of(in.key())))
      throw std::logic_error{"two records of one key, erased or not"};
  out.begin_records(records.size());
  for (auto& record : records) {
    out.key([&](byte_buffer& to) { append(to, record.first); });
    out.value([&](byte_buffer& to) { append(to, record.second); });
  }
  out.begin_erased(erased.size());
  for (auto key : erased)
    out.key([&](byte_buffer& to) { append(to, key); });
}

} // namespace in_order

/// Throws `std::logic_error` if a section has two records of one key.
inline byte_buffer records_in_order(const byte_buffer& slice) {
  byte_buffer result;
  record_reader in{slice.bytes()};
  record_writer out{result};
  while (in.next_state()) {
    out.begin_state(in.name(), in.state_extent(), in.classes());
    while (in.next_section())
      in_order::copy_section(in, out);
    out.end();
  }
  out.end();
  return result;
}

} // namespace braid::test
