#include "actors/frame.hpp"

#include "checkpoint/checksum.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <utility>

namespace braid {

static_assert(std::endian::native == std::endian::little,
              "headers and batches are written as they lie in memory, which is "
              "little-endian on the wire");

namespace {

constexpr std::align_val_t body_alignment{frame_alignment};

std::byte* allocate(std::uint64_t bytes) {
  return static_cast<std::byte*>(::operator new(bytes, body_alignment));
}

void release(std::byte* body) {
  ::operator delete(body, body_alignment);
}

// Small bodies are the allocator's: keeping a page for each would waste more
// than the page faults cost.
constexpr std::uint64_t smallest_kept = 4096;

// Sizes that differ little share a capacity, so that a body finds its next
// user: steps of a quarter of the power of two below, at most 25 % too much.
std::uint64_t capacity_for(std::uint64_t size) {
  if (size > std::uint64_t{1} << 62)
    throw std::bad_alloc();
  std::uint64_t step = std::bit_floor(size) / 4;
  return (size + step - 1) / step * step;
}

template <class T>
void put(std::span<std::byte> to, std::size_t at, T value) {
  std::memcpy(to.subspan(at, sizeof value).data(), &value, sizeof value);
}

template <class T>
T get(std::span<const std::byte> from, std::size_t at) {
  T value;
  std::memcpy(&value, from.subspan(at, sizeof value).data(), sizeof value);
  return value;
}

/// A body that arrives under another kind is damaged, too.
std::uint64_t with_header(std::uint64_t body, std::uint16_t kind,
                          std::uint64_t length) {
  return body ^ length ^ (std::uint64_t{kind} << 48);
}

} // namespace

// -- outgoing_frame -----------------------------------------------------------

outgoing_frame::outgoing_frame(std::uint16_t kind, std::vector<std::byte> head,
                               lane on)
  : head_(std::move(head)), size_(head_.size()), kind_(kind), lane_(on) {}

void outgoing_frame::append(std::span<const std::byte> bytes,
                            std::shared_ptr<const void> owner) {
  if (bytes.empty())
    return;
  parts_.push_back({bytes, std::move(owner)});
  size_ += bytes.size();
}

void outgoing_frame::pad_to(std::size_t alignment) {
  static constexpr std::array<std::byte, frame_alignment> zeros{};
  assert(std::has_single_bit(alignment) && alignment <= frame_alignment);
  std::size_t missing = -size_ & (alignment - 1);
  append(std::span(zeros).first(missing), nullptr);
}

void outgoing_frame::seal() {
  if (lane_ == lane::state)
    return;
  if (parts_.empty()) {
    checksum_ = with_header(braid::checksum(head_), kind_, size_);
    return;
  }
  running_checksum sum;
  sum.add(head_);
  for (auto& each : parts_)
    sum.add(each.bytes);
  checksum_ = with_header(sum.value(), kind_, size_);
}

// -- incoming_frame -----------------------------------------------------------

incoming_frame::incoming_frame(std::uint16_t kind,
                               std::shared_ptr<const std::byte> body,
                               std::uint64_t size)
  : body_(std::move(body)), size_(size), kind_(kind) {
  assert(body_ || size_ == 0);
  assert(std::bit_cast<std::uintptr_t>(body_.get()) % frame_alignment == 0);
}

incoming_frame::incoming_frame(const outgoing_frame& sent)
  : size_(sent.size()), kind_(sent.kind()) {
  if (size_ == 0)
    return;
  std::shared_ptr<std::byte> body(allocate(size_), release);
  std::byte* end = std::ranges::copy(sent.head(), body.get()).out;
  for (const auto& part : sent.parts())
    end = std::ranges::copy(part.bytes, end).out;
  assert(end == body.get() + size_);
  body_ = std::move(body);
}

// -- frame_pool ---------------------------------------------------------------

/// The unused bodies. Shared with the bodies in use, which come back here.
class frame_pool::shelf {
public:
  explicit shelf(std::uint64_t limit) : limit_(limit) {}
  shelf(const shelf&) = delete;
  shelf& operator=(const shelf&) = delete;

  ~shelf() {
    for (auto& [capacity, bodies] : unused_)
      std::ranges::for_each(bodies, release);
  }

  /// The last one put back, whose pages are the warmest; null if there is none.
  std::byte* take(std::uint64_t capacity) {
    std::lock_guard guard(mutex_);
    auto found = unused_.find(capacity);
    if (found == unused_.end() || found->second.empty())
      return nullptr;
    std::byte* body = found->second.back();
    found->second.pop_back();
    kept_ -= capacity;
    return body;
  }

  void put_back(std::byte* body, std::uint64_t capacity) noexcept {
    if (!keep(body, capacity))
      release(body);
  }

  std::uint64_t kept_bytes() const {
    std::lock_guard guard(mutex_);
    return kept_;
  }

private:
  bool keep(std::byte* body, std::uint64_t capacity) noexcept {
    std::lock_guard guard(mutex_);
    if (kept_ + capacity > limit_)
      return false;
    try {
      unused_[capacity].push_back(body);
    } catch (const std::bad_alloc&) {
      return false;
    }
    kept_ += capacity;
    return true;
  }

  mutable std::mutex mutex_;
  std::map<std::uint64_t, std::vector<std::byte*>> unused_;
  std::uint64_t kept_ = 0;
  const std::uint64_t limit_;
};

frame_pool::frame_pool(std::uint64_t keep_bytes)
  : shelf_(std::make_shared<shelf>(keep_bytes)) {}

std::shared_ptr<std::byte> frame_pool::take(std::uint64_t size) {
  if (size == 0)
    return nullptr;
  if (size < smallest_kept)
    return {allocate(size), release};
  std::uint64_t capacity = capacity_for(size);
  std::byte* body = shelf_->take(capacity);
  if (!body)
    body = allocate(capacity);
  return {body, [capacity, home = shelf_](std::byte* unused) {
            home->put_back(unused, capacity);
          }};
}

std::uint64_t frame_pool::kept_bytes() const {
  return shelf_->kept_bytes();
}

// -- frame_header -------------------------------------------------------------

frame_header frame_header::of(const outgoing_frame& frame) {
  return {frame.kind(), frame.on_lane(), frame.size(), frame.checksum()};
}

void frame_header::check(std::span<const std::byte> body) const {
  if (on != lane::state
      && with_header(braid::checksum(body), kind, length) != checksum)
    throw malformed_frame("a frame of " + std::to_string(length)
                          + " bytes was damaged on its way");
}

std::array<std::byte, frame_header::size> frame_header::encode() const {
  std::array<std::byte, size> bytes{};
  put(bytes, 0, magic);
  put(bytes, 4, version);
  put(bytes, 6, kind);
  put(bytes, 8, on);
  put(bytes, 16, length);
  put(bytes, 24, checksum);
  return bytes;
}

frame_header frame_header::decode(std::span<const std::byte, size> bytes,
                                  lane expected, std::uint64_t longest) {
  if (get<std::uint32_t>(bytes, 0) != magic)
    throw malformed_frame("no frame begins here: wrong magic");
  if (auto other = get<std::uint16_t>(bytes, 4); other != version)
    throw malformed_frame("a frame of protocol version " + std::to_string(other)
                          + ", we speak " + std::to_string(version));
  frame_header header{get<std::uint16_t>(bytes, 6), get<lane>(bytes, 8),
                      get<std::uint64_t>(bytes, 16),
                      get<std::uint64_t>(bytes, 24)};
  if (header.on != expected)
    throw malformed_frame("a frame of another lane");
  if (header.length > longest)
    throw malformed_frame("a frame announces " + std::to_string(header.length)
                          + " bytes, more than the limit of "
                          + std::to_string(longest));
  return header;
}

} // namespace braid
