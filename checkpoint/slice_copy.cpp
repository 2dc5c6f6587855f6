#include "checkpoint/slice_copy.hpp"

#include "checkpoint/checksum.hpp"

#include <utility>

namespace braid {

std::uint64_t slice_copy::size() const {
  std::uint64_t result = full.bytes.size();
  for (auto& each : changes)
    result += each.bytes.size();
  return result;
}

slice_copy copy_of(byte_buffer full) {
  auto owner = std::make_shared<const byte_buffer>(std::move(full));
  return {{owner->bytes(), owner, checksum(*owner)}, {}};
}

slice_copy copy_of(const restored_slice& found) {
  slice_copy result{{found.full->bytes(), found.full, found.full_sum}, {}};
  for (std::size_t i = 0; i < found.changes.size(); ++i)
    result.changes.push_back(
      {found.changes[i]->bytes(), found.changes[i], found.change_sums[i]});
  return result;
}

byte_buffer whole_of(const slice_copy& copy, const fold_function& fold) {
  if (copy.changes.empty())
    return byte_buffer{copy.full.bytes};
  std::vector<std::span<const std::byte>> parts;
  parts.reserve(1 + copy.changes.size());
  parts.push_back(copy.full.bytes);
  for (auto& each : copy.changes)
    parts.push_back(each.bytes);
  return fold(parts);
}

} // namespace braid
