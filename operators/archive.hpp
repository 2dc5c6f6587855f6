// How values become bytes and come back: for batches on their way to another
// node, for checkpoints and for keys.
#pragma once

#include "operators/byte_buffer.hpp"
#include "operators/input_archive.hpp"
#include "operators/output_archive.hpp"

// Boost's headers for containers expect an archive to have brought it.
#include <boost/serialization/version.hpp>
#include <cstddef>
#include <span>

namespace braid {

/// Appends the encoded form of `value` to `buffer`.
template <class T>
void encode(const T& value, byte_buffer& buffer) {
  output_archive(buffer) << value;
}

template <class T>
byte_buffer encoded(const T& value) {
  byte_buffer buffer;
  encode(value, buffer);
  return buffer;
}

/// Reads one value into `value`; more may follow it.
template <class T>
void decode(input_archive& archive, T& value) {
  archive >> value;
}

/// Returns the value of which `bytes` are the encoded form, all of them.
template <class T>
T decoded(std::span<const std::byte> bytes) {
  input_archive archive(bytes);
  auto value = archive.load_value<T>();
  archive.expect_end();
  return value;
}

} // namespace braid
