// Tuples that an operator cannot stand, which are set aside.
#pragma once

#include "operators/archive.hpp"
#include "operators/epoch.hpp"
#include "operators/slice.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid {

/// Where a tuple stands in the input of an operator. In the canonical order, so
/// it is the same tuple whenever and wherever the epoch is executed.
struct input_position {
  epoch_number epoch = 0;
  slice_id slice = 0;
  std::uint32_t port = 0;
  std::uint64_t index = 0; ///< of the slice's tuples at the port in the epoch

  // Clang-tidy 14 sees a null pointer in it.
  auto operator<=>(const input_position&) const = default; // NOLINT
};

/// "epoch 7, slice 3, tuple 12 of port 0"
std::string to_string(const input_position& x);

/// The tuples that an operator passes over, and why.
using skipped_tuples = std::map<input_position, std::string>;

/// A tuple that made an operator throw as often as it may.
struct dead_letter {
  std::string operator_name;
  input_position at;
  event_time time = 0;          ///< of the tuple
  std::string error;            ///< what was thrown
  std::vector<std::byte> tuple; ///< in encoded form

  bool operator==(const dead_letter&) const = default;

  /// The tuple itself. Throws `decode_error` if it is no `T`.
  template <class T>
  T as() const {
    return decoded<T>(tuple);
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& operator_name& at& time& error& tuple;
  }
};

/// User code threw. The message names the operator, slice and epoch.
class operator_error : public std::runtime_error {
public:
  explicit operator_error(const std::string& message,
                          std::optional<input_position> tuple = {})
    : std::runtime_error(message), tuple_(tuple) {}

  /// The tuple that it came of; nothing if it came of no single one.
  const std::optional<input_position>& tuple() const {
    return tuple_;
  }

private:
  std::optional<input_position> tuple_;
};

} // namespace braid
