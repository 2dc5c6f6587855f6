// The growing run of bytes that everything encoded is written into.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

namespace braid {

/// Bytes in one piece of memory that grows at the end. Unlike a
/// `std::vector<std::byte>` it leaves new bytes uninitialised, so that filling
/// a buffer touches its memory once. Converts to `std::span<const std::byte>`.
class byte_buffer {
public:
  using value_type = std::byte;

  byte_buffer() = default;

  explicit byte_buffer(std::span<const std::byte> bytes) {
    append(bytes);
  }

  byte_buffer(const byte_buffer& other) : byte_buffer(other.bytes()) {}

  byte_buffer(byte_buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)),
      front_(std::exchange(other.front_, 0)) {}

  /// Empty, with room for `capacity` bytes, and for `front` more before them.
  static byte_buffer with_front(std::size_t front, std::size_t capacity);

  byte_buffer& operator=(byte_buffer other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    std::swap(front_, other.front_);
    return *this;
  }

  ~byte_buffer();

  /// Appends `count` uninitialised bytes and returns where they begin. The
  /// pointer is valid until the buffer grows again.
  std::byte* extend(std::size_t count) {
    if (capacity_ - size_ < count)
      grow(count);
    auto* first = data_ + size_;
    size_ += count;
    return first;
  }

  void append(const void* source, std::size_t count) {
    // An empty span may hold a null pointer, which memcpy forbids.
    if (count != 0)
      std::memcpy(extend(count), source, count);
  }

  void append(std::span<const std::byte> bytes) {
    append(bytes.data(), bytes.size());
  }

  /// How many bytes `prepend` has room for.
  std::size_t front_room() const {
    return front_;
  }

  /// Puts bytes before the others, which stay where they are. There must be
  /// room for them.
  void prepend(std::span<const std::byte> bytes);

  /// Makes room for `capacity` bytes in all.
  void reserve(std::size_t capacity) {
    if (capacity > capacity_)
      grow(capacity - size_);
  }

  /// Cuts the buffer to `size` bytes, or adds uninitialised ones.
  void resize(std::size_t size) {
    if (size > size_)
      extend(size - size_);
    else
      size_ = size;
  }

  /// Forgets the contents, keeps the memory.
  void clear() {
    size_ = 0;
  }

  std::byte* data() {
    return data_;
  }

  const std::byte* data() const {
    return data_;
  }

  std::size_t size() const {
    return size_;
  }

  std::size_t capacity() const {
    return capacity_;
  }

  bool empty() const {
    return size_ == 0;
  }

  std::byte* begin() {
    return data_;
  }

  std::byte* end() {
    return data_ + size_;
  }

  const std::byte* begin() const {
    return data_;
  }

  const std::byte* end() const {
    return data_ + size_;
  }

  std::span<const std::byte> bytes() const {
    return {data_, size_};
  }

private:
  void grow(std::size_t count);

  // Its memory is from malloc, so that growing can use realloc. It begins
  // `front_` bytes before `data_`.
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::size_t front_ = 0;
};

inline bool operator==(const byte_buffer& left, const byte_buffer& right) {
  return left.size() == right.size()
         && (left.empty()
             || std::memcmp(left.data(), right.data(), left.size()) == 0);
}

} // namespace braid
