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
#include <utility>
#include <vector>

namespace braid {

/// What an operator calls user code for.
enum class call_kind : std::uint8_t {
  tuple,  ///< one of its input
  timer,  ///< that is due
  window, ///< that fires for a key; or the result that an aggregate emits of it
  read,   ///< a tuple that a source has read
};

/// Which call of user code. Follows from the input alone, so it is the same
/// call whenever and wherever the epoch is executed.
struct input_position {
  epoch_number epoch = 0; ///< 0 for `read`: how epochs were cut does not matter
  slice_id slice = 0;
  std::uint32_t port = 0;
  /// Of the slice's tuples at the port in the epoch, in the canonical order;
  /// for `read`: of all its tuples.
  std::uint64_t index = 0;
  call_kind kind = call_kind::tuple;
  event_time begin = 0; ///< of the window; the timer's time
  event_time end = 0;
  std::vector<std::byte> key{}; ///< of the window or timer
  /// Behind the operator that does the call: which of the functions fused into
  /// it, or of the ends of its edges, from 1; 0: the operator itself.
  std::uint32_t stage = 0;
  std::uint64_t nth = 0; ///< of the tuples that came there of the call
  /// Not one call, but that there is one, at sources before `index`.
  bool somewhere = false;

  // Clang-tidy 14 sees a null pointer in it.
  auto operator<=>(const input_position&) const = default; // NOLINT

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& epoch& slice& port& index& kind& begin& end& key& stage& nth&
      somewhere;
  }
};

/// "epoch 7, slice 3, tuple 12 of port 0"
std::string to_string(const input_position& x);

/// Whether it is about what a source reads.
inline bool is_of_reader(const input_position& x) {
  return x.kind == call_kind::read;
}

/// The calls that an operator passes over, and why.
using skipped_tuples = std::map<input_position, std::string>;

/// A tuple that made an operator, or a function fused into one, throw as often
/// as it may; or a timer or window that did.
struct dead_letter {
  std::string operator_name; ///< whose code it was
  input_position at;
  event_time time = 0; ///< of the tuple, timer or window
  std::string error;   ///< what was thrown
  /// In encoded form. Of a timer or window its key. Empty if tuples that stay
  /// between fused operators have none.
  std::vector<std::byte> tuple;

  bool operator==(const dead_letter&) const = default;

  /// The tuple, or key, itself. Throws `decode_error` if it is no `T`.
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
    : std::runtime_error(message), tuple_(std::move(tuple)) {}

  /// The call that it came of; nothing if it came of no single one.
  const std::optional<input_position>& tuple() const {
    return tuple_;
  }

private:
  std::optional<input_position> tuple_;
};

} // namespace braid
