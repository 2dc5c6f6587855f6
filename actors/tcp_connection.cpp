#include "actors/tcp_connection.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cassert>
#include <cstring>
#include <limits>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <new>
#include <sys/socket.h>
#include <utility>

namespace braid {

namespace asio = boost::asio;
using boost::system::error_code;

tcp_connection::tcp_connection(tcp_stream stream, lane on, frame_pool& bodies,
                               std::uint64_t longest_frame, callbacks then)
  : stream_(std::move(stream)), lane_(on), bodies_(bodies),
    longest_frame_(longest_frame), then_(std::move(then)) {}

void tcp_connection::start() {
  if (lane_ == lane::state) {
    // Where the system does not know this, more of it waits there.
    auto unsent = static_cast<int>(piece_bytes);
    ::setsockopt(stream_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT,
                 &unsent, sizeof(unsent));
  }
  read_more();
}

void tcp_connection::close() {
  closed_ = true;
  error_code ignored;
  stream_.close(ignored);
}

void tcp_connection::broken(const std::string& reason) {
  close();
  then_.on_broken(reason);
}

// -- out ----------------------------------------------------------------------

std::uint64_t tcp_connection::outgoing::size() const {
  return header.size() + frame.size();
}

void tcp_connection::enqueue(outgoing_frame frame, std::uint64_t written) {
  assert(written == 0 || queue_.empty());
  if (written > 0)
    written_of_first_ = written;
  queue_.push_back({frame_header::of(frame).encode(), std::move(frame)});
}

void tcp_connection::flush() {
  if (writing_ || closed_ || queue_.empty())
    return;
  writing_ = true;
  auto then = [self = shared_from_this()](error_code error, std::size_t bytes) {
    self->writing_ = false;
    if (self->closed_)
      return;
    if (error)
      return self->broken("cannot write: " + error.message());
    self->written(bytes);
    if (self->then_.on_piece)
      self->then_.on_piece();
    else
      self->flush();
  };
  stream_.async_write_some(gather(), std::move(then));
}

// Frames and parts stay where they are while they are being written: a deque
// does not move its elements when it grows.
tcp_connection::buffer_view tcp_connection::gather() {
  gathered_count_ = 0;
  gathered_bytes_ = 0;
  std::uint64_t skip = written_of_first_;
  std::size_t frames = std::min(queue_.size(), most_frames);
  for (std::size_t i = 0; i < frames; ++i) {
    add_buffer(queue_[i].header, skip);
    add_buffer(queue_[i].frame.head(), skip);
    for (const auto& part : queue_[i].frame.parts())
      add_buffer(part.bytes, skip);
  }
  return {gathered_.data(), gathered_count_};
}

void tcp_connection::add_buffer(std::span<const std::byte> bytes,
                                std::uint64_t& skip) {
  if (skip >= bytes.size()) {
    skip -= bytes.size();
    return;
  }
  if (gathered_count_ == most_buffers || gathered_bytes_ == longest_piece())
    return;
  auto rest = bytes.subspan(std::exchange(skip, 0));
  auto size =
    std::min<std::uint64_t>(rest.size(), longest_piece() - gathered_bytes_);
  gathered_[gathered_count_++] = asio::buffer(rest.data(), size);
  gathered_bytes_ += size;
}

std::uint64_t tcp_connection::longest_piece() const {
  return lane_ == lane::state ? piece_bytes
                              : std::numeric_limits<std::uint64_t>::max();
}

void tcp_connection::written(std::size_t bytes) {
  written_of_first_ += bytes;
  while (!queue_.empty() && written_of_first_ >= queue_.front().size()) {
    written_of_first_ -= queue_.front().size();
    queue_.pop_front();
  }
  then_.on_written(bytes);
}

// -- in -----------------------------------------------------------------------

void tcp_connection::read_when_there_is_room() {
  auto then = [weak = weak_from_this()] {
    if (auto self = weak.lock(); self && !self->closed_)
      self->read_when_there_is_room();
  };
  if (!then_.may_read || then_.may_read(then))
    read_more();
}

// One system call fills the rest of the body and, beyond it, the staging area.
void tcp_connection::read_more() {
  auto missing = frame_ ? frame_->length - body_filled_ : 0;
  auto of_body = std::min(missing, longest_piece());
  auto ahead = of_body < missing ? 0 : read_ahead_ - staged_end_;
  std::array<asio::mutable_buffer, 2> buffers{
    asio::buffer(body_.get() + body_filled_, of_body),
    asio::buffer(staging_.data() + staged_end_, ahead)};
  auto then = [self = shared_from_this()](error_code error, std::size_t bytes) {
    if (self->closed_)
      return;
    if (error == asio::error::eof)
      return self->broken("closed by the other side" + self->where_it_ended());
    if (error)
      return self->broken("cannot read: " + error.message()
                          + self->where_it_ended());
    self->received(bytes);
  };
  stream_.async_read_some(buffers, std::move(then));
}

void tcp_connection::received(std::size_t bytes) {
  auto missing = frame_ ? frame_->length - body_filled_ : 0;
  auto of_body = std::min<std::uint64_t>(bytes, missing);
  body_filled_ += of_body;
  staged_end_ += bytes - of_body;
  try {
    take_staged();
  } catch (const malformed_frame& wrong) {
    return broken(wrong.what());
  }
  read_when_there_is_room();
}

// Afterwards at most a part of a header is staged, or nothing while a body is
// being read.
void tcp_connection::take_staged() {
  while (frame_ || begin_frame()) {
    auto missing = frame_->length - body_filled_;
    auto staged = std::min<std::uint64_t>(missing, staged_end_ - staged_begin_);
    if (staged > 0)
      std::memcpy(body_.get() + body_filled_, staging_.data() + staged_begin_,
                  staged);
    staged_begin_ += staged;
    body_filled_ += staged;
    if (body_filled_ < frame_->length)
      break;
    finish_frame();
  }
  std::copy(staging_.begin() + staged_begin_, staging_.begin() + staged_end_,
            staging_.begin());
  staged_end_ -= std::exchange(staged_begin_, 0);
}

bool tcp_connection::begin_frame() {
  std::span staged(staging_.data() + staged_begin_,
                   staged_end_ - staged_begin_);
  if (staged.size() < frame_header::size)
    return false;
  frame_ = frame_header::decode(staged.first<frame_header::size>(), lane_,
                                longest_frame_);
  staged_begin_ += frame_header::size;
  read_ahead_ =
    frame_->length < large_frame ? staging_size : staged_beyond_large;
  body_filled_ = 0;
  try {
    body_ = bodies_.take(frame_->length);
  } catch (const std::bad_alloc&) {
    throw malformed_frame("no memory for a frame of "
                          + std::to_string(frame_->length) + " bytes");
  }
  return true;
}

void tcp_connection::finish_frame() {
  frame_->check({body_.get(), frame_->length});
  incoming_frame frame(frame_->kind, std::exchange(body_, nullptr),
                       frame_->length);
  frame_.reset();
  then_.on_frame(std::move(frame));
}

std::string tcp_connection::where_it_ended() const {
  if (frame_)
    return " in the middle of a frame, after " + std::to_string(body_filled_)
           + " of its " + std::to_string(frame_->length) + " bytes";
  if (staged_end_ > 0)
    return " in the middle of a header";
  return "";
}

} // namespace braid
