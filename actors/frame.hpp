// What travels on a link: frames on their way out, which borrow the bytes they
// carry, and frames that have arrived, which own theirs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

namespace braid {

/// Bodies of incoming frames begin at a multiple of this many bytes, so that
/// columns whose offset in the body is a multiple too can be used in place.
inline constexpr std::size_t frame_alignment = 64;

/// Which of the connections between two nodes a frame takes. `state` is for
/// checkpoints and what is restored of them, so that these never stand in the
/// way of batches. Frames of different lanes overtake each other.
enum class lane : std::uint8_t { batches, state };

/// A frame to be sent: a small head that it owns, then parts that it borrows.
/// The body that arrives is head and parts, one after the other. Sending copies
/// none of them. Copies of a frame share the parts, so one frame may go to many
/// nodes.
class outgoing_frame {
public:
  /// Borrowed bytes and whoever keeps them alive and unchanged.
  struct part {
    std::span<const std::byte> bytes;
    std::shared_ptr<const void> owner;
  };

  /// `kind` says what the body is; the link only carries it.
  explicit outgoing_frame(std::uint16_t kind, std::vector<std::byte> head = {},
                          lane on = lane::batches);

  /// Appends bytes without copying them. `owner` keeps them alive until the
  /// link has written or dropped the frame; it may be let go on any thread. A
  /// null owner promises that the bytes outlive the link. Empty parts are
  /// left out.
  void append(std::span<const std::byte> bytes,
              std::shared_ptr<const void> owner);

  /// Appends zeros until the body's size is a multiple of `alignment`, a power
  /// of two up to `frame_alignment`: what is appended next arrives aligned.
  void pad_to(std::size_t alignment);

  std::uint16_t kind() const {
    return kind_;
  }
  lane on_lane() const {
    return lane_;
  }
  std::span<const std::byte> head() const {
    return head_;
  }
  std::span<const part> parts() const {
    return parts_;
  }
  /// Bytes of the body.
  std::uint64_t size() const {
    return size_;
  }

  /// Looks through the body for `checksum`; links do so when a frame is sent,
  /// while its bytes are in the cache of who made them. On the lane of state
  /// bodies carry checksums of their own, and have none here.
  void seal();

  std::uint64_t checksum() const {
    return checksum_;
  }

private:
  std::vector<std::byte> head_;
  std::vector<part> parts_;
  std::uint64_t size_;
  std::uint64_t checksum_ = 0;
  std::uint16_t kind_;
  lane lane_;
};

/// A frame that has arrived. Copies are cheap and share one body, which is
/// never written again and lives as long as any copy or `owner()` of it.
class incoming_frame {
public:
  /// Takes over `size` bytes at `body`, which must be a multiple of
  /// `frame_alignment` (null only if `size` is 0).
  incoming_frame(std::uint16_t kind, std::shared_ptr<const std::byte> body,
                 std::uint64_t size);

  /// What the other side would receive if `sent` were sent: head and parts
  /// copied into one body. For links that do not leave the process.
  explicit incoming_frame(const outgoing_frame& sent);

  std::uint16_t kind() const {
    return kind_;
  }
  /// The body; its first byte is aligned to `frame_alignment`.
  std::span<const std::byte> bytes() const {
    return {body_.get(), size_};
  }
  /// Keeps the body alive, for whoever uses its bytes in place.
  std::shared_ptr<const void> owner() const {
    return body_;
  }

private:
  std::shared_ptr<const std::byte> body_;
  std::uint64_t size_;
  std::uint16_t kind_;
};

/// Hands out bodies for incoming frames and takes them back for the next ones.
/// Without it the allocator returns large bodies to the system and every frame
/// pays for fresh pages. Thread-safe; bodies may outlive the pool.
class frame_pool {
public:
  /// Keeps at most `keep_bytes` of unused bodies.
  explicit frame_pool(std::uint64_t keep_bytes = std::uint64_t{64} << 20);

  /// An aligned, uninitialised body of `size` bytes; null for 0. Throws
  /// std::bad_alloc.
  std::shared_ptr<std::byte> take(std::uint64_t size);

  /// Bytes of unused bodies held now.
  std::uint64_t kept_bytes() const;

private:
  class shelf;
  std::shared_ptr<shelf> shelf_;
};

/// What stands before every body on the wire: 32 bytes, little-endian.
///
///     0  u32  magic "BRDF"        8  u8   lane     16  u64  bytes of the body
///     4  u16  protocol version    9  u8   flags    24  u64  checksum
///     6  u16  kind               10  6 reserved bytes
///
/// Flags and reserved bytes are zero in version 2. The checksum is that of the
/// body and of kind and length; on the lane of state it is zero.
struct frame_header {
  static constexpr std::size_t size = 32;
  static constexpr std::uint32_t magic = 0x46445242; // "BRDF" in memory order
  static constexpr std::uint16_t version = 2;

  std::uint16_t kind = 0;
  lane on = lane::batches;
  std::uint64_t length = 0;
  std::uint64_t checksum = 0;

  static frame_header of(const outgoing_frame& frame);

  std::array<std::byte, size> encode() const;

  /// Throws malformed_frame if that is not the body which was sent.
  void check(std::span<const std::byte> body) const;

  /// Throws malformed_frame if this is no header of our version for lane
  /// `expected`, or announces more than `longest` bytes.
  static frame_header decode(std::span<const std::byte, size> bytes,
                             lane expected, std::uint64_t longest);
};

/// Bytes on a link are not what the protocol allows. The text says which.
struct malformed_frame : std::runtime_error {
  using std::runtime_error::runtime_error;
};

} // namespace braid
