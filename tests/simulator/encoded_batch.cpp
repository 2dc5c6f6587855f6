#include "tests/simulator/encoded_batch.hpp"

#include <cstring>
#include <memory>
#include <new>
#include <span>

namespace braid::simulator {

namespace {

struct free_aligned {
  void operator()(std::byte* bytes) const {
    ::operator delete (bytes, std::align_val_t{column_alignment});
  }
};

} // namespace

batch_ptr encoded_and_decoded(const batch& tuples, batch_decoder decode) {
  auto encoded = tuples.encode();
  auto size = encoded.head.size();
  for (auto column : encoded.columns)
    size += column.size();
  std::shared_ptr<std::byte> frame{static_cast<std::byte*>(::operator new (
                                     size, std::align_val_t{column_alignment})),
                                   free_aligned{}};
  auto* end = frame.get();
  auto append = [&end](std::span<const std::byte> part) {
    if (!part.empty())
      std::memcpy(end, part.data(), part.size());
    end += part.size();
  };
  append({encoded.head.data(), encoded.head.size()});
  for (auto column : encoded.columns)
    append(column);
  return decode({frame.get(), size}, frame);
}

} // namespace braid::simulator
