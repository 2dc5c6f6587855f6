#include "actors/content_pieces.hpp"

#include "actors/protocol.hpp"

#include <algorithm>

namespace braid {

namespace {

/// What a content takes in an answer beside its bytes.
constexpr std::uint64_t piece_head_bytes = 64;

/// Named in one request at most.
constexpr std::size_t wanted_at_once = 1'024;

} // namespace

std::vector<content_piece> answer(
  const content_request& asked,
  const std::function<content_piece(const operator_slice&, std::uint64_t offset,
                                    std::uint64_t most)>& piece) {
  std::vector<content_piece> result;
  std::uint64_t filled = 0;
  auto offset = asked.offset;
  for (auto& wanted : asked.wanted) {
    if (filled >= piece_bytes)
      break;
    auto& next =
      result.emplace_back(piece(wanted, offset, piece_bytes - filled));
    filled += next.bytes.size() + piece_head_bytes;
    if (!next.is_last())
      break;
    offset = 0;
  }
  return result;
}

content_stream::content_stream(run_id run, epoch_number epoch,
                               std::vector<operator_slice> wanted)
  : run_(run), epoch_(epoch), wanted_(std::move(wanted)) {}

content_request content_stream::next() const {
  auto first = wanted_.begin() + static_cast<std::ptrdiff_t>(at_);
  auto count = std::min(wanted_.size() - at_, wanted_at_once);
  return {
    run_, epoch_, {first, first + static_cast<std::ptrdiff_t>(count)}, offset_};
}

void content_stream::on_pieces(
  const std::vector<content_piece>& pieces,
  const std::function<void(const content_piece&)>& take) {
  if (pieces.empty())
    throw protocol_error{"a node was asked for copies and sent none"};
  for (auto& piece : pieces) {
    if (is_complete() || piece.of != wanted_[at_] || piece.offset != offset_
        || piece.offset + piece.bytes.size() > piece.size
        || (piece.bytes.empty() && !piece.is_last()))
      throw protocol_error{"a node sent other copies than it was asked for"};
    take(piece);
    offset_ += piece.bytes.size();
    if (!piece.is_last())
      continue;
    ++at_;
    offset_ = 0;
  }
}

} // namespace braid
