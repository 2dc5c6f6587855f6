#include "operators/byte_buffer.hpp"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <new>

namespace braid {

namespace {

constexpr std::size_t smallest_capacity = 64;

} // namespace

byte_buffer::~byte_buffer() {
  if (data_ != nullptr)
    std::free(data_ - front_);
}

byte_buffer byte_buffer::with_front(std::size_t front, std::size_t capacity) {
  byte_buffer result;
  result.reserve(front + capacity);
  result.data_ += front;
  result.capacity_ -= front;
  result.front_ = front;
  return result;
}

void byte_buffer::prepend(std::span<const std::byte> bytes) {
  assert(bytes.size() <= front_);
  if (bytes.empty())
    return;
  data_ -= bytes.size();
  size_ += bytes.size();
  capacity_ += bytes.size();
  front_ -= bytes.size();
  std::memcpy(data_, bytes.data(), bytes.size());
}

void byte_buffer::grow(std::size_t count) {
  auto needed = size_ + count;
  if (needed < size_)
    throw std::bad_alloc();
  auto capacity = std::max({smallest_capacity, capacity_ * 2, needed});
  auto* memory = data_ == nullptr ? nullptr : data_ - front_;
  memory = static_cast<std::byte*>(std::realloc(memory, front_ + capacity));
  if (memory == nullptr)
    throw std::bad_alloc();
  data_ = memory + front_;
  capacity_ = capacity;
}

} // namespace braid
