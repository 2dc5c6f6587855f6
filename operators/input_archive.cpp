#include "operators/input_archive.hpp"

#include "operators/varying_number.hpp"

#include <string>

namespace braid {

namespace {

[[noreturn]] void fail(std::size_t offset, std::size_t size,
                       const std::string& why) {
  throw decode_error("decoding failed at byte " + std::to_string(offset)
                     + " of " + std::to_string(size) + ": " + why);
}

} // namespace

std::uint64_t input_archive::take_long_varying() {
  auto start = offset_;
  if (auto number = decode_varying([this] { return *take(1); }))
    return *number;
  fail(start, bytes_.size(), "expected a count, found one of over 64 bits");
}

std::uint64_t input_archive::take_count_of_bits() {
  auto start = offset_;
  auto count = take_varying();
  if (count / 8 > remaining())
    fail_for_count(start, count, 0);
  return count;
}

void input_archive::fail_for_bytes(std::size_t count) const {
  fail(offset_, bytes_.size(),
       "expected " + std::to_string(count) + " bytes, "
         + std::to_string(remaining()) + " are left");
}

void input_archive::fail_for_count(std::size_t start, std::uint64_t count,
                                   std::size_t smallest) const {
  auto each = smallest == 0 ? std::string("one bit")
                            : "at least " + std::to_string(smallest)
                                + (smallest == 1 ? " byte" : " bytes");
  fail(start, bytes_.size(),
       "expected " + std::to_string(count) + " elements of " + each
         + " each, but " + std::to_string(remaining()) + " bytes are left");
}

void input_archive::fail_for_number(unsigned limit, const char* what,
                                    unsigned found) const {
  fail(offset_ - 1, bytes_.size(),
       "expected " + std::string(what) + ", a number below "
         + std::to_string(limit) + ", found " + std::to_string(found));
}

void input_archive::fail_at_end() const {
  fail(offset_, bytes_.size(),
       "expected the end, " + std::to_string(remaining()) + " bytes are left");
}

} // namespace braid
