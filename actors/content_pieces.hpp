// Copies of slices on their way over the control plane, piece by piece: who
// wants them asks for one piece after the other, so neither side needs memory
// for more than one slice, and commands wait for no more than a piece.
#pragma once

#include "actors/wire.hpp"

#include "checkpoint/incarnation.hpp"

#include "operators/byte_buffer.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace braid {

/// No answer has many more bytes than this.
inline constexpr std::uint64_t piece_bytes = 256 * 1024;

/// Asks for contents in this order, the first one from `offset` on.
struct content_request {
  run_id run = 0;
  epoch_number epoch = 0;
  std::vector<operator_slice> wanted;
  std::uint64_t offset = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& epoch& wanted& offset;
  }
};

template <class Archive>
void serialize(Archive& archive, operator_slice& x, unsigned) {
  archive& x.of& x.slice;
}

/// A part of a content.
struct content_piece {
  operator_slice of;
  epoch_number epoch = 0; ///< at whose end the copy was made
  bool ended = false;     ///< it is good for all later epochs as well
  std::uint64_t size = 0; ///< of the whole content
  std::uint64_t checksum = 0;
  std::uint64_t offset = 0;
  std::vector<char> bytes;

  bool is_last() const {
    return offset + bytes.size() == size;
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& of& epoch& ended& size& checksum& offset& bytes;
  }
};

/// Fills an answer. `piece` returns the head of a content, and as many of its
/// bytes from `offset` on as there are, but no more than `most`.
std::vector<content_piece> answer(
  const content_request& asked,
  const std::function<content_piece(const operator_slice&, std::uint64_t offset,
                                    std::uint64_t most)>& piece);

/// The receiving side. Pure.
class content_stream {
public:
  content_stream(run_id run, epoch_number epoch,
                 std::vector<operator_slice> wanted);

  bool is_complete() const {
    return at_ == wanted_.size();
  }

  /// What to ask for next.
  content_request next() const;

  /// Calls `take` for each piece, in order. Throws `protocol_error` if these
  /// are not what `next` asked for.
  void on_pieces(const std::vector<content_piece>& pieces,
                 const std::function<void(const content_piece&)>& take);

private:
  run_id run_;
  epoch_number epoch_;
  std::vector<operator_slice> wanted_;
  std::size_t at_ = 0;
  std::uint64_t offset_ = 0;
};

} // namespace braid
