#include "operators/tcp_source.hpp"

#include "operators/line_inbox.hpp"
#include "operators/line_receiver.hpp"
#include "operators/topology_error.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <stdexcept>
#include <string_view>

namespace braid {

namespace {

/// Whether only this machine can be meant by `host`.
bool is_this_machine(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1)
    return ntohl(v4.s_addr) >> 24 == 127;
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1)
    return IN6_IS_ADDR_LOOPBACK(&v6);
  return host == "localhost";
}

/// A position is how many bytes of whole lines were read.
class tcp_line_reader final : public source_reader<std::string> {
public:
  tcp_line_reader(const tcp_line_source::settings& settings,
                  const source_context& context)
    : limits_(settings.limits), inbox_(limits_.buffer_bytes, context.wake),
      receiver_(settings, inbox_) {}

  source_status read(emitter<std::string>& out,
                     const read_limits& limits) override {
    auto stop = position_ + std::min(limits.bytes, ~position_);
    if (limits.until)
      stop = std::min(stop, *limits.until);
    for (auto left = limits.tuples; left > 0 && position_ < stop; --left) {
      if (at_ == lines_.size()) {
        auto status = take_more();
        if (status != source_status::more)
          return status;
      }
      emit_line(out);
    }
    return source_status::more;
  }

  std::uint64_t position() const override {
    return position_;
  }

  void seek(std::uint64_t position) override {
    if (position != position_)
      throw std::runtime_error{
        "lines from a TCP connection cannot be read again; put them into a "
        "file or a log first if they must survive failures"};
  }

private:
  source_status take_more() {
    auto taken = inbox_.take();
    if (taken.was_full)
      receiver_.resume();
    if (!taken.error.empty())
      throw std::runtime_error{taken.error};
    lines_ = std::move(taken.lines);
    at_ = 0;
    if (!lines_.empty())
      return source_status::more;
    return taken.ended ? source_status::ended : source_status::waiting;
  }

  void emit_line(emitter<std::string>& out) {
    auto end = lines_.find('\n', at_);
    auto size = end - at_;
    if (size > limits_.max_line_bytes)
      throw std::runtime_error{
        "a line of " + std::to_string(size)
        + " bytes came in; raise tcp_line_limits::max_line_bytes"};
    auto cut =
      size > 0 && lines_[end - 1] == '\r' && !limits_.keep_carriage_return;
    out.emit(lines_.substr(at_, size - (cut ? 1 : 0)));
    at_ = end + 1;
    position_ += size + 1;
  }

  tcp_line_limits limits_;
  std::string lines_;
  std::size_t at_ = 0;
  std::uint64_t position_ = 0;
  line_inbox inbox_;
  line_receiver receiver_; // last: its thread uses the inbox
};

} // namespace

tcp_line_source::tcp_line_source(settings values, bool insecure)
  : settings_(std::move(values)) {
  if (!insecure && !is_this_machine(settings_.host))
    throw topology_error{
      "'" + settings_.host
      + "' is not known to be this machine, and lines over TCP are neither "
        "encrypted nor authenticated; use 127.0.0.1, or set the option "
        "insecure"};
  if (settings_.limits.buffer_bytes == 0)
    throw topology_error{"tcp_line_limits::buffer_bytes is 0; give at least 1"};
}

std::unique_ptr<source_reader<std::string>>
tcp_line_source::open(std::uint32_t, const source_context& context) const {
  return std::make_unique<tcp_line_reader>(settings_, context);
}

tcp_line_source tcp_lines(std::string host, std::uint16_t port,
                          tcp_client_options options) {
  tcp_line_source::settings settings;
  settings.host = std::move(host);
  settings.port = port;
  settings.limits = options.limits;
  settings.reconnect_after = options.reconnect_after;
  return {std::move(settings), options.insecure};
}

tcp_line_source listen_lines(std::uint16_t port, tcp_listen_options options) {
  tcp_line_source::settings settings;
  settings.host = std::move(options.host);
  settings.port = port;
  settings.listen = true;
  settings.limits = options.limits;
  settings.connections = options.connections;
  settings.listening = std::move(options.listening);
  return {std::move(settings), options.insecure};
}

} // namespace braid
