#include "operators/byte_buffer.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace braid {

namespace {

constexpr std::size_t smallest_capacity = 64;

} // namespace

byte_buffer::~byte_buffer() {
  std::free(data_);
}

void byte_buffer::grow(std::size_t count) {
  auto needed = size_ + count;
  if (needed < size_)
    throw std::bad_alloc();
  auto capacity = std::max({smallest_capacity, capacity_ * 2, needed});
  auto* data = static_cast<std::byte*>(std::realloc(data_, capacity));
  if (data == nullptr)
    throw std::bad_alloc();
  data_ = data;
  capacity_ = capacity;
}

} // namespace braid
