#include "actors/tcp_handshake.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cassert>
#include <cstring>
#include <limits>
#include <utility>

namespace braid {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace {

template <class T>
void put(std::vector<std::byte>& to, std::size_t at, T value) {
  std::memcpy(&to.at(at), &value, sizeof value);
}

template <class T>
T get(const std::vector<std::byte>& from, std::size_t at) {
  T value;
  std::memcpy(&value, &from.at(at), sizeof value);
  return value;
}

std::uint8_t length_of(const std::string& text) {
  assert(text.size() <= std::numeric_limits<std::uint8_t>::max());
  return static_cast<std::uint8_t>(text.size());
}

// Whatever strangers send ends up in logs: no control characters.
std::string printable(std::span<const std::byte> bytes) {
  std::string text;
  for (std::byte byte : bytes) {
    char c = static_cast<char>(byte);
    text += c < ' ' || c > '~' ? '?' : c;
  }
  return text;
}

std::string within(milliseconds time) {
  return " within " + std::to_string(time.count()) + " ms";
}

} // namespace

std::vector<std::byte> hello::encode() const {
  std::vector<std::byte> bytes(head_size);
  put(bytes, 0, magic);
  put(bytes, 4, frame_header::version);
  put(bytes, 6, on);
  put(bytes, 7, length_of(name));
  put(bytes, 8, incarnation);
  put(bytes, 16, length_of(refusal));
  for (const std::string* text : {&name, &refusal})
    std::ranges::copy(std::as_bytes(std::span(*text)),
                      std::back_inserter(bytes));
  return bytes;
}

tcp_handshake::tcp_handshake(tcp_stream stream, hello ours, callbacks then)
  : stream_(std::move(stream)), deadline_(stream_.get_executor()),
    ours_(std::move(ours)), then_(std::move(then)) {}

void tcp_handshake::dial(std::vector<asio::ip::tcp::endpoint> endpoints,
                         milliseconds connect_limit,
                         milliseconds handshake_limit) {
  dialling_ = true;
  endpoints_ = std::move(endpoints);
  limit(connect_limit, "no connection" + within(connect_limit));
  auto connected = [self = shared_from_this(),
                    handshake_limit](error_code error, const auto&) {
    if (self->over_)
      return;
    if (error)
      return self->fail("cannot connect: " + error.message());
    self->limit(handshake_limit, "no hello" + within(handshake_limit));
    self->greet();
  };
  asio::async_connect(stream_, endpoints_, connected);
}

void tcp_handshake::answer(milliseconds handshake_limit) {
  limit(handshake_limit, "no hello" + within(handshake_limit));
  hear();
}

void tcp_handshake::cancel() {
  over_ = true;
  error_code ignored;
  stream_.close(ignored);
  deadline_.cancel();
}

void tcp_handshake::greet() {
  say("", &tcp_handshake::hear);
}

void tcp_handshake::hear() {
  read(hello::head_size, &tcp_handshake::hear_texts);
}

void tcp_handshake::hear_texts() {
  if (get<std::uint32_t>(incoming_, 0) != hello::magic)
    return fail("what came is no hello: wrong magic");
  version_ = get<std::uint16_t>(incoming_, 4);
  theirs_.on = get<lane>(incoming_, 6);
  theirs_.incarnation = get<std::uint64_t>(incoming_, 8);
  name_bytes_ = get<std::uint8_t>(incoming_, 7);
  read(name_bytes_ + get<std::uint8_t>(incoming_, 16), &tcp_handshake::decide);
}

void tcp_handshake::decide() {
  auto texts = std::span<const std::byte>(incoming_);
  theirs_.name = printable(texts.first(name_bytes_));
  theirs_.refusal = printable(texts.subspan(name_bytes_));
  if (!theirs_.refusal.empty())
    return fail("refuses us: " + theirs_.refusal);
  if (version_ != frame_header::version)
    return refuse("protocol version " + std::to_string(version_)
                  + " meets version " + std::to_string(frame_header::version)
                  + "; run one release on all nodes");
  if (theirs_.on > lane::state || (dialling_ && theirs_.on != ours_.on))
    return refuse("another lane than ours");
  ours_.on = theirs_.on;
  if (std::string reason = then_.judge(theirs_); !reason.empty())
    return refuse(reason);
  if (dialling_)
    return succeed();
  say("", &tcp_handshake::succeed);
}

void tcp_handshake::refuse(const std::string& reason) {
  reason_ = reason;
  if (dialling_)
    return give_up();
  say(reason, &tcp_handshake::give_up);
}

void tcp_handshake::give_up() {
  fail(reason_);
}

void tcp_handshake::succeed() {
  over_ = true;
  deadline_.cancel();
  error_code ignored;
  stream_.set_option(asio::ip::tcp::no_delay(true), ignored);
  then_.on_done(std::move(stream_), theirs_);
}

void tcp_handshake::fail(const std::string& reason) {
  cancel();
  then_.on_failed(reason);
}

void tcp_handshake::say(const std::string& refusal, step next) {
  hello words = ours_;
  words.refusal = refusal.substr(0, std::numeric_limits<std::uint8_t>::max());
  outgoing_ = words.encode();
  asio::async_write(stream_, asio::buffer(outgoing_), proceed(next));
}

void tcp_handshake::read(std::size_t bytes, step next) {
  incoming_.resize(bytes);
  asio::async_read(stream_, asio::buffer(incoming_), proceed(next));
}

std::function<void(error_code, std::size_t)> tcp_handshake::proceed(step next) {
  return [self = shared_from_this(), next](error_code error, std::size_t) {
    if (self->over_)
      return;
    if (error == asio::error::eof)
      return self->fail("hung up during the handshake");
    if (error)
      return self->fail("the handshake broke off: " + error.message());
    (self.get()->*next)();
  };
}

void tcp_handshake::limit(milliseconds time, const std::string& lateness) {
  deadline_.expires_after(time);
  deadline_.async_wait([self = shared_from_this(), lateness](error_code error) {
    bool rearmed = self->deadline_.expiry() > std::chrono::steady_clock::now();
    if (!error && !rearmed && !self->over_)
      self->fail(lateness);
  });
}

} // namespace braid
