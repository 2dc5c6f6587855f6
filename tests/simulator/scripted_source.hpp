// A source whose tuples, and when they can be read, are written down.
#pragma once

#include "tests/simulator/item.hpp"

#include "operators/source.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace braid::simulator {

struct scripted_tuple {
  item tuple;
  event_time available_at = 0; ///< by the wall clock; nothing overtakes it
};

struct source_script {
  std::vector<std::vector<scripted_tuple>> splits;
  /// By the wall clock, when the ends can be seen.
  event_time ends_at = 0;
  /// A reader that stops at its limit says that there is more even when there
  /// is not, like one that has not looked.
  bool sees_end_late = false;
  /// Readers stop now and then though there is more, until the clock moves.
  bool stutters = false;
};

/// Reads a script; positions are 1,000 bytes a tuple.
class scripted_source {
public:
  using value_type = item;

  static constexpr std::uint64_t tuple_bytes = 1'000;

  explicit scripted_source(source_script script)
    : script_(std::make_shared<const source_script>(std::move(script))) {}

  std::uint32_t splits() const {
    return static_cast<std::uint32_t>(script_->splits.size());
  }

  std::unique_ptr<source_reader<item>> open(std::uint32_t split,
                                            const source_context&) const {
    return std::make_unique<reader>(script_, split);
  }

private:
  class reader final : public source_reader<item> {
  public:
    reader(std::shared_ptr<const source_script> script, std::uint32_t split)
      : script_(std::move(script)), tuples_(&script_->splits[split]) {}

    source_status read(emitter<item>& out, const read_limits& limits) override {
      std::uint64_t emitted = 0;
      while (next_ < tuples_->size()) {
        if (emitted == limits.tuples || emitted * tuple_bytes >= limits.bytes
            || (limits.until && position() >= *limits.until))
          return source_status::more;
        if (tuple().available_at > limits.now)
          return wait_until(tuple().available_at);
        if (script_->stutters && next_ % 3 == 1 && stuttered_before_ != next_) {
          stuttered_before_ = next_;
          return wait_until(limits.now + 1);
        }
        out.emit(tuple().tuple);
        ++emitted;
        ++next_;
      }
      if (script_->ends_at > limits.now)
        return wait_until(script_->ends_at);
      if (script_->sees_end_late && emitted > 0 && emitted == limits.tuples)
        return source_status::more;
      return source_status::ended;
    }

    std::uint64_t position() const override {
      return next_ * tuple_bytes;
    }

    void seek(std::uint64_t position) override {
      next_ = position / tuple_bytes;
    }

    std::optional<event_time> next_at() const override {
      return next_at_;
    }

  private:
    const scripted_tuple& tuple() const {
      return (*tuples_)[next_];
    }

    source_status wait_until(event_time at) {
      next_at_ = at;
      return source_status::waiting;
    }

    std::shared_ptr<const source_script> script_;
    const std::vector<scripted_tuple>* tuples_;
    std::uint64_t next_ = 0;
    std::optional<event_time> next_at_;
    std::uint64_t stuttered_before_ = 0; ///< which tuple
  };

  std::shared_ptr<const source_script> script_;
};

} // namespace braid::simulator
