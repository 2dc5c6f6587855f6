// Reads sources as a partition would, without an engine.
#pragma once

#include "operators/source.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace braid {

/// Stores what an emitter hands on.
template <class T>
class storing_collector final : public collector<T> {
public:
  explicit storing_collector(chunk<T>& into) : into_(&into) {}

  void begin_slice(const epoch_info&, slice_id) override {}

  void end_slice() override {}

  void take(const chunk<T>& tuples) override {
    into_->values.insert(into_->values.end(), tuples.values.begin(),
                         tuples.values.end());
    into_->times.insert(into_->times.end(), tuples.times.begin(),
                        tuples.times.end());
  }

private:
  chunk<T>* into_;
};

/// No limit at all.
inline read_limits everything() {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  return {most, most, std::nullopt, 0};
}

inline read_limits tuples(std::uint64_t count) {
  auto result = everything();
  result.tuples = count;
  return result;
}

inline read_limits bytes(std::uint64_t count) {
  auto result = everything();
  result.bytes = count;
  return result;
}

inline read_limits until(std::uint64_t position) {
  auto result = everything();
  result.until = position;
  return result;
}

/// Reads one split.
template <source_definition Source>
class split_fixture {
public:
  using value_type = typename Source::value_type;

  explicit split_fixture(const Source& source, std::uint32_t split = 0,
                         const source_context& context = {})
    : reader_(source.open(split, context)) {
    out_.add(std::make_unique<storing_collector<value_type>>(stored_));
  }

  /// Reads once, in an epoch that was opened at `limits.now`.
  source_status read(const read_limits& limits = everything()) {
    epoch_info epoch;
    epoch.now = limits.now;
    out_.begin_slice(epoch, 0);
    auto status = reader_->read(out_, limits);
    out_.end_slice();
    return status;
  }

  /// What was read since the last call.
  std::vector<value_type> values() {
    return take().values;
  }

  chunk<value_type> take() {
    return std::exchange(stored_, {});
  }

  /// Everything from here to the end of the split.
  std::vector<value_type> rest() {
    take();
    if (read() != source_status::ended)
      throw std::runtime_error{"the split does not end"};
    return values();
  }

  source_reader<value_type>& reader() {
    return *reader_;
  }

  std::uint64_t position() const {
    return reader_->position();
  }

private:
  chunk<value_type> stored_;
  emitter<value_type> out_;
  std::unique_ptr<source_reader<value_type>> reader_;
};

/// All tuples of all splits.
template <source_definition Source>
std::vector<typename Source::value_type> read_all(const Source& source) {
  std::vector<typename Source::value_type> result;
  for (std::uint32_t split = 0; split < source.splits(); ++split) {
    auto part = split_fixture{source, split}.rest();
    result.insert(result.end(), part.begin(), part.end());
  }
  return result;
}

} // namespace braid
