// Memory for many objects of one type.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace braid {

/// Memory for objects of one size, one behind the other, so that many are paid
/// for together. What was given back is handed out again.
template <class T>
class object_pool {
public:
  object_pool() = default;

  object_pool(object_pool&& other) noexcept
    : chunks_(std::exchange(other.chunks_, {})),
      unused_(std::exchange(other.unused_, nullptr)),
      fresh_(std::exchange(other.fresh_, 0)),
      in_chunk_(std::exchange(other.in_chunk_, 0)) {}

  object_pool& operator=(object_pool&& other) noexcept {
    std::swap(chunks_, other.chunks_);
    std::swap(unused_, other.unused_);
    std::swap(fresh_, other.fresh_);
    std::swap(in_chunk_, other.in_chunk_);
    return *this;
  }

  /// Uninitialised, for one object. Throws `std::bad_alloc`.
  void* take() {
    if (unused_ != nullptr)
      return std::exchange(unused_, unused_->next);
    if (fresh_ == in_chunk_)
      add_chunk();
    return &chunks_.back()[fresh_++];
  }

  /// Whose object is gone.
  void give_back(void* place) noexcept {
    unused_ = new (place) unused{unused_};
  }

  /// All objects are gone.
  void clear() noexcept {
    *this = object_pool{};
  }

private:
  struct unused {
    unused* next;
  };

  struct alignas(std::max(alignof(T), alignof(unused))) slot {
    std::byte bytes[std::max(sizeof(T), sizeof(unused))];
  };

  static constexpr std::size_t smallest_chunk = 4;
  static constexpr std::size_t largest_chunk =
    std::max<std::size_t>(smallest_chunk, 64 * 1024 / sizeof(slot));

  void add_chunk() {
    auto size = std::clamp(2 * in_chunk_, smallest_chunk, largest_chunk);
    chunks_.push_back(std::make_unique_for_overwrite<slot[]>(size));
    in_chunk_ = size;
    fresh_ = 0;
  }

  std::vector<std::unique_ptr<slot[]>> chunks_;
  unused* unused_ = nullptr;
  std::size_t fresh_ = 0;    ///< of the last chunk, how many were ever used
  std::size_t in_chunk_ = 0; ///< how many the last chunk has
};

} // namespace braid
