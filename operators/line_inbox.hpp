// Where lines from the network wait until a source reads them.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

namespace braid {

/// A bounded buffer of whole lines between the thread that receives them and
/// the reader that emits them.
class line_inbox {
public:
  /// `wake` is called, by the receiving thread, when a reader that found
  /// nothing would find something now.
  line_inbox(std::size_t capacity, std::function<void()> wake)
    : capacity_(capacity), wake_(std::move(wake)) {}

  // -- for the receiving thread -----------------------------------------------

  /// Adds whole lines, each with its newline. Returns whether there is room for
  /// more; if not, `take` will say so when there is again.
  bool add(const std::string& lines) {
    return change([&] { lines_ += lines; });
  }

  /// Whether there is room for more lines.
  bool has_room() const {
    std::lock_guard guard{mutex_};
    return lines_.size() < capacity_;
  }

  /// Nothing more will come.
  void end() {
    change([&] { ended_ = true; });
  }

  /// Nothing more will come, and that is an error.
  void fail(const std::string& message) {
    change([&] {
      ended_ = true;
      error_ = message;
    });
  }

  // -- for the reader ---------------------------------------------------------

  struct taken {
    std::string lines{}; ///< while there are any, the rest says nothing
    bool ended = false;
    std::string error{};
    bool was_full = false; ///< the receiver must be told that there is room
  };

  taken take() {
    std::lock_guard guard{mutex_};
    taken result;
    result.was_full = lines_.size() >= capacity_;
    if (lines_.empty()) {
      result.ended = ended_;
      result.error = error_;
    }
    result.lines.swap(lines_);
    return result;
  }

private:
  template <class Change>
  bool change(Change&& make_change) {
    std::unique_lock guard{mutex_};
    auto was_empty = lines_.empty();
    make_change();
    auto room = lines_.size() < capacity_;
    guard.unlock();
    if (was_empty && wake_)
      wake_();
    return room;
  }

  const std::size_t capacity_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::string lines_;
  bool ended_ = false;
  std::string error_;
};

} // namespace braid
