#include "operators/dead_letter.hpp"

namespace braid {

namespace {

/// "0x0700"; no more than is good for a message.
std::string in_hexadecimal(const std::vector<std::byte>& bytes) {
  constexpr std::size_t most = 16;
  constexpr auto digits = "0123456789abcdef";
  std::string result = "0x";
  for (std::size_t i = 0; i < bytes.size() && i < most; ++i) {
    auto value = std::to_integer<unsigned>(bytes[i]);
    result += digits[value / 16];
    result += digits[value % 16];
  }
  return bytes.size() > most ? result + "..." : result;
}

std::string call_of(const input_position& x) {
  switch (x.kind) {
    case call_kind::tuple:
      return "tuple " + std::to_string(x.index) + " of port "
             + std::to_string(x.port);
    case call_kind::timer:
      return "timer at " + std::to_string(x.begin) + " of key "
             + in_hexadecimal(x.key);
    case call_kind::window:
      return "window " + std::to_string(x.begin) + " to "
             + std::to_string(x.end) + " of key " + in_hexadecimal(x.key);
    case call_kind::read:
      return "tuple " + std::to_string(x.index) + " that was read";
  }
  return "unknown";
}

} // namespace

std::string to_string(const input_position& x) {
  auto result = "slice " + std::to_string(x.slice);
  if (!is_of_reader(x))
    result = "epoch " + std::to_string(x.epoch) + ", " + result;
  if (x.somewhere)
    return result + ", not known yet which";
  result += ", " + call_of(x);
  if (x.stage != 0)
    result += ", tuple " + std::to_string(x.nth) + " of what came of it";
  return result;
}

} // namespace braid
