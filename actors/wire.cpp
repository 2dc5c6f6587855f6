#include "actors/wire.hpp"

#include "operators/archive.hpp"

#include <cstring>

namespace braid {

namespace {

/// Takes a whole column, so that the batch behind it stays aligned.
struct batch_head {
  batch_address address;
  std::byte reserved[column_alignment - sizeof(batch_address)];
};

static_assert(sizeof(batch_head) == column_alignment);

std::uint16_t kind_of(frame_kind kind) {
  return static_cast<std::uint16_t>(kind);
}

std::vector<std::byte> as_vector(const byte_buffer& bytes) {
  return {bytes.begin(), bytes.end()};
}

} // namespace

// Notices are encoded with flat archives, field by field: they are small.

template <class Archive>
void serialize(Archive& archive, close_notice& x, unsigned) {
  archive& x.edge& x.from& x.first& x.last& x.slices& x.watermark& x.now& x
    .idle& x.ended& x.checkpoint& x.handed_over& x.newest;
}

template <class Archive>
void serialize(Archive& archive, addressed_close& x, unsigned) {
  archive& x.run& x.notice& x.receivers;
}

template <class Archive>
void serialize(Archive& archive, addressed_credit& x, unsigned) {
  archive& x.run& x.notice;
}

outgoing_frame to_frame(const batch_address& address, const batch_ptr& tuples) {
  auto encoded = std::make_shared<encoded_batch>(tuples->encode());
  batch_head head{address, {}};
  std::vector<std::byte> bytes(sizeof(head) + encoded->head.size());
  std::memcpy(bytes.data(), &head, sizeof(head));
  std::memcpy(bytes.data() + sizeof(head), encoded->head.data(),
              encoded->head.size());
  outgoing_frame result{kind_of(frame_kind::batch), std::move(bytes)};
  // Columns lie in the batch or, if they had to be encoded, beside it.
  using memory = std::pair<batch_ptr, std::shared_ptr<encoded_batch>>;
  auto owner = std::make_shared<memory>(tuples, encoded);
  for (auto column : encoded->columns)
    result.append(column, owner);
  return result;
}

outgoing_frame to_frame(const addressed_close& close) {
  return outgoing_frame{kind_of(frame_kind::close), as_vector(encoded(close))};
}

outgoing_frame to_frame(const addressed_credit& credit) {
  return outgoing_frame{kind_of(frame_kind::credit),
                        as_vector(encoded(credit))};
}

batch_address read_batch_address(const incoming_frame& frame) {
  batch_head head;
  if (frame.bytes().size() < sizeof(head))
    throw decode_error{"a batch frame ends inside its address"};
  std::memcpy(&head, frame.bytes().data(), sizeof(head));
  return head.address;
}

addressed_close read_close(const incoming_frame& frame) {
  return decoded<addressed_close>(frame.bytes());
}

addressed_credit read_credit(const incoming_frame& frame) {
  return decoded<addressed_credit>(frame.bytes());
}

batch_ptr read_batch(const incoming_frame& frame, batch_decoder decode) {
  if (frame.bytes().size() < sizeof(batch_head))
    throw decode_error{"a batch frame ends inside its address"};
  return decode(frame.bytes().subspan(sizeof(batch_head)), frame.owner());
}

} // namespace braid
